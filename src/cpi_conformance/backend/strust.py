"""Transaction STRUST: the PSEs of a backend, and changing them as its users do.

The model is that of the function groups behind it: an edit lock, a PSE loaded from the database into a working
copy, and storing it again, after which the ICM is told. Nothing is effective before *Save*, and leaving
without it loses every change (tls-and-abap: SSFPSE_ENQUEUE, SSFPSE_LOAD, SSFC_PUT_CERTIFICATE, SSFPSE_STORE,
ICM_SSL_PSE_CHANGED). That *Save as* replaces the whole PSE of an identity is inferred from message TRUST022.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from cryptography import x509

from cpi_conformance.backend.pse import LONGEST_IDENTITY, PREINSTALLED, Pse, SslClientIdentity
from cpi_conformance.backend.strust_refusals import StrustProblem, StrustRefused
from cpi_conformance.certificates import PfxFile, open_pfx
from cpi_conformance.certificates.cer import read_certificate

NAME = re.compile(rf"[A-Z0-9]{{1,{LONGEST_IDENTITY}}}")


@dataclass
class PseStore:
    """What the database of a backend holds: what is in here is effective.

    Attributes:
        identities: by their names, the preinstalled ones included.
        pses: by the name of their identity; an identity may have none.
        locked_by: the session that is editing, if any; another one of the same user is kept out as well.
    """

    identities: dict[str, SslClientIdentity] = field(
        default_factory=lambda: {identity.name: identity for identity in PREINSTALLED}
    )
    pses: dict[str, Pse] = field(default_factory=dict)
    locked_by: TrustManager | None = None

    def effective(self, identity: str) -> Pse | None:
        """The PSE that the ICM uses for an identity; ``None`` when it has none."""
        return self.pses.get(identity)


class SslClientIdentities:
    """*Environment > SSL Client Identities*: a table that is changed with a workbench request."""

    def __init__(self, store: PseStore) -> None:
        self._store = store
        self._editing = False
        self._entered: dict[str, SslClientIdentity] = {}

    def edit(self) -> None:
        """Switch to change mode."""
        self._editing = True

    def enter(self, name: str, description: str) -> None:
        """*New Entries*: an identity and its description; not there before it is saved.

        Raises:
            StrustRefused: in display mode, for a name that is none, or for one that exists.
        """
        if not self._editing:
            raise StrustRefused(StrustProblem.DISPLAY_MODE)
        if not NAME.fullmatch(name):
            raise StrustRefused(StrustProblem.IDENTITY_NAME)
        if name in self._store.identities:
            raise StrustRefused(StrustProblem.IDENTITY_EXISTS)
        self._entered[name] = SslClientIdentity(name, description)

    def save(self, request: str | None = None) -> None:
        """Save what was entered; the customizing of identities is transported, so it asks for a workbench request.

        Raises:
            StrustRefused: no request was given; what was entered is still there.
        """
        if self._entered and not request:
            raise StrustRefused(StrustProblem.REQUEST_MISSING)
        self._store.identities |= self._entered
        self._entered = {}


class TrustManager:
    """STRUST as one session has it on the screen.

    Attributes:
        file: what *PSE > Import* has loaded; it belongs to no identity yet.
        chosen: the certificate in the lower pane, which works as a clipboard.
    """

    def __init__(self, store: PseStore, *, takes_pfx: bool = True) -> None:
        """``takes_pfx``: whether the release imports ``.pfx`` and ``.p12``, or ``.pse`` only (KBA 2148457)."""
        self._store = store
        self._takes_pfx = takes_pfx
        self._working: dict[str, Pse] = {}
        self._shown: str | None = None
        self.file: Pse | None = None
        self.chosen: x509.Certificate | None = None

    @property
    def editing(self) -> bool:
        """Whether this session is in edit mode."""
        return self._store.locked_by is self

    @property
    def unsaved(self) -> dict[str, Pse]:
        """What *Save* would make effective, by identity."""
        return dict(self._working)

    def edit(self) -> None:
        """Switch from display to change; ``StrustRefused`` while somebody else does."""
        if self._store.locked_by not in (None, self):
            raise StrustRefused(StrustProblem.FOREIGN_LOCK)
        self._store.locked_by = self

    def open(self, identity: str) -> Pse:
        """Double-click the node of an identity: its PSE as it would be saved now, an empty one when it has none."""
        if identity not in self._store.identities:
            raise StrustRefused(StrustProblem.NO_SUCH_IDENTITY)
        self._shown = identity
        return self.shown

    @property
    def shown(self) -> Pse:
        """The PSE of the node that was opened last, changes included."""
        if self._shown is None:
            raise StrustRefused(StrustProblem.NOT_OPENED)
        stored = self._store.pses.get(self._shown, Pse())
        return self._working.get(self._shown, stored)

    def import_pfx(self, pfx: PfxFile) -> Pse:
        """*PSE > Import* of a PFX with its passphrase; it lands in the node *File*, not in an identity.

        Raises:
            StrustRefused: in display mode, or on a release that takes ``.pse`` files only.
            PfxRefused: the passphrase is wrong, or the file is no PFX with a key.
        """
        self._require_edit_mode()
        if not self._takes_pfx:
            raise StrustRefused(StrustProblem.PSE_FILES_ONLY)
        self.file = Pse(open_pfx(pfx))
        return self.file

    def import_pse(self, pse: Pse) -> Pse:
        """*PSE > Import* of a ``.pse`` file that has been read already; it lands in the node *File*."""
        self._require_edit_mode()
        self.file = pse
        return self.file

    def save_as(self, identity: str) -> None:
        """*PSE > Save as… > SSL Client*: what is in *File* becomes the PSE of an identity, with the next *Save*."""
        self._require_edit_mode()
        if self.file is None:
            raise StrustRefused(StrustProblem.NOTHING_IMPORTED)
        if identity not in self._store.identities:
            raise StrustRefused(StrustProblem.NO_SUCH_IDENTITY)
        self._working[identity] = self.file

    def choose_issuer(self, issuer: x509.Certificate) -> None:
        """Double-click an issuer of the own certificate of the PSE that is open; it is shown in the lower pane."""
        own = self.shown.own
        if own is None or issuer not in own.issuers:
            raise StrustRefused(StrustProblem.NO_SUCH_CERTIFICATE)
        self.chosen = issuer

    def import_certificate(self, content: bytes) -> x509.Certificate:
        """*Import* in the section *Certificate*: a ``.cer`` file is shown in the lower pane; that is no change yet.

        Raises:
            CertificateRefused: it is no certificate.
        """
        self.chosen = read_certificate(content)
        return self.chosen

    def add_to_certificate_list(self) -> None:
        """Put the shown certificate into the list of the PSE that is open; effective with the next *Save*.

        Raises:
            StrustRefused: in display mode the button is greyed out (whitepaper, error 3); or nothing is shown;
                or the list holds the certificate already.
        """
        self._require_edit_mode()
        if self.chosen is None:
            raise StrustRefused(StrustProblem.NOTHING_CHOSEN)
        listed = self.shown.certificate_list
        if self.chosen in listed:
            raise StrustRefused(StrustProblem.CERTIFICATE_EXISTS)
        self._change(replace(self.shown, certificate_list=(*listed, self.chosen)))

    def remove_from_certificate_list(self, certificate: x509.Certificate) -> None:
        """Take a certificate out of the list of the PSE that is open; effective with the next *Save*."""
        self._require_edit_mode()
        listed = self.shown.certificate_list
        if certificate not in listed:
            raise StrustRefused(StrustProblem.NO_SUCH_CERTIFICATE)
        self._change(replace(self.shown, certificate_list=tuple(each for each in listed if each != certificate)))

    def save(self) -> None:
        """Store every changed PSE and tell the ICM; ``StrustRefused`` in display mode."""
        self._require_edit_mode()
        self._store.pses.update(self._working)
        self._working = {}

    def leave(self) -> None:
        """Leave the transaction: what was not saved is lost, and the lock is released."""
        self._working, self._shown, self.file, self.chosen = {}, None, None, None
        if self.editing:
            self._store.locked_by = None

    def _change(self, pse: Pse) -> None:
        assert self._shown is not None
        self._working[self._shown] = pse

    def _require_edit_mode(self) -> None:
        if not self.editing:
            raise StrustRefused(StrustProblem.DISPLAY_MODE)
