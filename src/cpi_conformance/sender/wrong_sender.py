"""Ways in which a sender is wrong on purpose, by name, so that the suite can show that it notices its own sender."""

from __future__ import annotations

from dataclasses import replace

from cpi_conformance.certificates import PfxRefused
from cpi_conformance.sender.call import Call, NoCertificate
from cpi_conformance.sender.contexts import SenderAdapter
from cpi_conformance.sender.sender import Sender


class DropsAnUnusablePfx(Sender):
    """A PFX that does not open is left out without a word, as newman does with one in ``--ssl-client-cert``."""

    def _adapter(self, call: Call) -> SenderAdapter:
        try:
            return super()._adapter(call)
        except PfxRefused:
            return super()._adapter(replace(call, certificate=NoCertificate()))


WRONG: dict[str, type[Sender]] = {"sender-drops-an-unusable-pfx": DropsAnUnusablePfx}
