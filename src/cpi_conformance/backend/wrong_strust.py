"""Ways in which STRUST of a simulated backend is wrong on purpose."""

from __future__ import annotations

from cpi_conformance.backend.pse import Pse
from cpi_conformance.backend.strust import SslClientIdentities, TrustManager
from cpi_conformance.certificates import PfxFile


class SavesAtOnce(TrustManager):
    """What the screen shows is effective before *Save*."""

    def save_as(self, identity: str) -> None:
        """As the right one, and stored."""
        super().save_as(identity)
        self.save()

    def add_to_certificate_list(self) -> None:
        """As the right one, and stored."""
        super().add_to_certificate_list()
        self.save()


class EditsInDisplayMode(TrustManager):
    """Nothing is greyed out in display mode."""

    def _require_edit_mode(self) -> None:
        return


class ImportsIntoTheIdentity(TrustManager):
    """*PSE > Import* replaces the PSE of every identity of the customer's own, instead of filling the node *File*."""

    def import_pfx(self, pfx: PfxFile) -> Pse:
        """As the right one, and effective."""
        imported = super().import_pfx(pfx)
        own = {name: imported for name in self._store.identities if name not in ("DFAULT", "ANONYM")}
        self._store.pses.update(own)
        return imported


class CreatesEmptyPses(SslClientIdentities):
    """A new identity has a PSE at once, although nobody has created one."""

    def save(self, request: str | None = None) -> None:
        """As the right one, with an empty PSE for each identity that was entered."""
        entered = tuple(self._entered)
        super().save(request)
        self._store.pses |= {name: Pse() for name in entered if name in self._store.identities}
