"""What the tenant API may refuse.

* ControlError
  x TenantError                 the tenant says no
    + TenantNotAuthenticated    401, also with a new token
    + TenantForbidden           403: a role is missing
      - ReservedAlias           403: the alias is SAP's
    + TenantNotFound            404
    + AlreadyThere              409 for a package, 500 for a flow, 400 for a keystore entry
    + NotTrusted                409 of the keystore
    + TenantBusy                429
    + TenantFailure             5xx
  x DeploymentFailed            accepted, but the flow does not start
  x JobTimeout
    + DeploymentTimeout         accepted, but the deadline has passed

No answer, and an answer that is none, are those of :mod:`cpi_conformance.control.errors`.
"""

from __future__ import annotations

from cpi_conformance.control.errors import ControlError, JobTimeout


class TenantError(ControlError):
    """The tenant refuses a request.

    Attributes:
        status: HTTP status.
        code: the tenant's, mostly the phrase of the status (``Bad Request``); empty where it gives none.
        text: its words; empty where it has none.
        request_id: by which SAP finds the request in its logs.
    """

    def __init__(self, status: int, code: str = "", text: str = "", request_id: str | None = None) -> None:
        said = ": ".join(part for part in (code, text) if part) or "without a reason"
        super().__init__(f"the tenant answers {status} {said} [request {request_id or 'unknown'}]{self._remedy()}")
        self.status = status
        self.code = code
        self.text = text
        self.request_id = request_id

    def _remedy(self) -> str:
        return ""


class TenantNotAuthenticated(TenantError):
    """The tenant does not accept the token, although it is new (401)."""


class TenantForbidden(TenantError):
    """The service key lacks a role (403).

    Attributes:
        role: the role template that the request needs, as it is written in the parameters of a service instance;
            ``None`` where no source names one.
    """

    def __init__(
        self, status: int, code: str = "", text: str = "", request_id: str | None = None, *, role: str | None = None
    ) -> None:
        self.role = role
        super().__init__(status, code, text, request_id)

    def _remedy(self) -> str:
        return f"; the service instance of plan api needs the role {self.role}" if self.role else ""


class ReservedAlias(TenantForbidden):
    """The alias belongs to SAP, so no role helps (403)."""

    def _remedy(self) -> str:
        return "; the alias is reserved for SAP"


class TenantNotFound(TenantError):
    """There is no such thing on the tenant."""


class AlreadyThere(TenantError):
    """Something else has this id or alias."""


class NotTrusted(TenantError):
    """The keystore knows no issuer of the certificate (409); ``fingerprint_verified`` adds it all the same."""


class TenantBusy(TenantError):
    """Too many requests (429)."""


class TenantFailure(TenantError):
    """The tenant has failed (5xx); a request that changes something may have done so."""


class DeploymentFailed(ControlError):
    """The artifact is in the state *Error*, or was never built.

    Attributes:
        artifact: its id.
        text: the tenant's explanation; empty where it gives none within the time for one.
        task_status: of the build; ``None`` where its answer was lost.
    """

    def __init__(self, artifact: str, text: str, task_status: str | None = None) -> None:
        super().__init__(f"{artifact} does not start (build: {task_status or 'unknown'}): {text or 'without a reason'}")
        self.artifact = artifact
        self.text = text
        self.task_status = task_status


class DeploymentTimeout(JobTimeout):
    """The artifact was neither started nor in error at the deadline; it may become so."""
