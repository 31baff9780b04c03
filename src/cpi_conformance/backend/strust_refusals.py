"""What STRUST does not do, and what to do instead."""

from __future__ import annotations

from enum import Enum


class StrustProblem(Enum):
    """Why an action in STRUST is not possible."""

    DISPLAY_MODE = "display-mode"
    FOREIGN_LOCK = "foreign-lock"
    CERTIFICATE_EXISTS = "certificate-exists"
    NOTHING_CHOSEN = "nothing-chosen"
    NOTHING_IMPORTED = "nothing-imported"
    NO_SUCH_IDENTITY = "no-such-identity"
    IDENTITY_EXISTS = "identity-exists"
    IDENTITY_NAME = "identity-name"
    REQUEST_MISSING = "request-missing"
    NO_SUCH_CERTIFICATE = "no-such-certificate"
    PSE_FILES_ONLY = "pse-files-only"
    NOT_OPENED = "not-opened"


EXPLAINED = {
    StrustProblem.DISPLAY_MODE: "greyed out in display mode; choose Edit (Display <-> Change)",
    StrustProblem.FOREIGN_LOCK: "the PSEs are being edited in another session; wait until it is left",
    StrustProblem.CERTIFICATE_EXISTS: "the certificate is in the list already; nothing is to be done",
    StrustProblem.NOTHING_CHOSEN: "no certificate is shown; double-click an issuer, or import a certificate first",
    StrustProblem.NOTHING_IMPORTED: "the node File is empty; choose PSE > Import first",
    StrustProblem.NO_SUCH_IDENTITY: "there is no such SSL client identity; create it under Environment",
    StrustProblem.IDENTITY_EXISTS: "there is such an SSL client identity already; choose another name",
    StrustProblem.IDENTITY_NAME: "an identity has one to six letters or digits in capitals",
    StrustProblem.REQUEST_MISSING: "a workbench request is asked for; give one and save again",
    StrustProblem.NO_SUCH_CERTIFICATE: "there is no such certificate here",
    StrustProblem.PSE_FILES_ONLY: "this release imports .pse files only; convert it with sapgenpse (KBA 2148457)",
    StrustProblem.NOT_OPENED: "no PSE is shown; double-click its node first",
}


class StrustRefused(Exception):
    """An action that STRUST does not carry out; nothing has changed."""

    def __init__(self, problem: StrustProblem) -> None:
        self.problem = problem
        super().__init__(EXPLAINED[problem])
