"""The PFX itself: files that are no identity."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cpi_conformance.certificates import PfxFile, open_pfx
from cpi_conformance.certificates.pfx_writer import write_certificates_only
from cpi_conformance.sender import Call, Cause, CertificateInHandshake
from cpi_conformance.verdict import Judge
from fixtures.certificates import PASSPHRASE
from fixtures.checks import row

pytestmark = pytest.mark.usefixtures("standard_edition")

PASSPHRASE_STEP = ("2.passport.2b", "2.postman.6")
FILE_STEP = ("2.passport.3", "2.postman.5")

AES_256 = bytes.fromhex("060960864801650304012a")
AES_256_OFB = bytes.fromhex("060960864801650304012b")
"""DER of an algorithm that PFX writers use, and of a neighbour that no PFX reader supports."""


def with_passphrase(change: Callable[[str], str]) -> Callable[[PfxFile], PfxFile]:
    """The same file with the passphrase mistyped."""
    return lambda pfx: PfxFile(pfx.content, PASSPHRASE.changed(change))


def with_content(change: Callable[[bytes], bytes]) -> Callable[[PfxFile], PfxFile]:
    """The same passphrase with another content."""
    return lambda pfx: PfxFile(change(pfx.content), PASSPHRASE)


@pytest.mark.parametrize(
    ("spoil", "cause"),
    [
        row(
            "PFX-01",
            "a wrong passphrase",
            with_passphrase(lambda _: "wrong"),
            Cause.WRONG_PASSPHRASE,
            steps=PASSPHRASE_STEP,
        ),
        row(
            "PFX-02",
            "the passphrase in the other letter case",
            with_passphrase(str.swapcase),
            Cause.WRONG_PASSPHRASE,
            steps=PASSPHRASE_STEP,
        ),
        row(
            "PFX-03",
            "the passphrase with a blank behind",
            with_passphrase(lambda it: it + " "),
            Cause.WRONG_PASSPHRASE,
            steps=PASSPHRASE_STEP,
        ),
        row(
            "PFX-04",
            "no passphrase",
            lambda pfx: PfxFile(pfx.content, None),
            Cause.WRONG_PASSPHRASE,
            steps=PASSPHRASE_STEP,
        ),
        row(
            "PFX-05",
            "a PFX without a private key",
            lambda pfx: write_certificates_only(open_pfx(pfx), PASSPHRASE),
            Cause.NO_PRIVATE_KEY,
            steps=FILE_STEP,
        ),
        row(
            "PFX-06",
            "a PFX that was cut off",
            with_content(lambda it: it[: len(it) // 2]),
            Cause.DAMAGED_PFX,
            steps=FILE_STEP,
        ),
        row(
            "PFX-07",
            "a file that is no PFX",
            with_content(lambda _: b"-----BEGIN CERTIFICATE-----\n"),
            Cause.NOT_A_PFX,
            steps=FILE_STEP,
        ),
        row("PFX-08", "an empty file", with_content(lambda _: b""), Cause.NOT_A_PFX, steps=FILE_STEP),
        row(
            "PFX-09",
            "an encryption that nobody supports",
            with_content(lambda it: it.replace(AES_256, AES_256_OFB)),
            Cause.UNSUPPORTED_ENCRYPTION,
            steps=FILE_STEP,
        ),
    ],
)
def test_no_identity(
    certificate_call: Call, aes_pfx: PfxFile, spoil: Callable[[PfxFile], PfxFile], cause: Cause, judge: Judge
) -> None:
    """Refused at identity, each with its own cause: the call never leaves the machine.

    Source: measured; RFC 7292.
    """
    twin = certificate_call.but(certificate=CertificateInHandshake(aes_pfx)).call
    judge.refused(twin.but(certificate=CertificateInHandshake(spoil(aes_pfx))), cause)
