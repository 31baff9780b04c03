"""requests-pkcs12 by itself, as a QA engineer would use it: that it is accepted, and why the sender does more."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
import requests
from requests_pkcs12 import Pkcs12Adapter, get

from cpi_conformance.certificates import Authority, Encryption, PfxFile, open_pfx, pem, presenting, write_pfx
from cpi_conformance.secret import Secret
from cpi_conformance.sender import Accepted, Sender
from cpi_conformance.simulator.clock import Clock
from tests.conftest import Inhabited

PASSPHRASE = Secret("as a QA engineer")


def written(folder: Path, pfx: PfxFile) -> Path:
    """The PFX as a file."""
    path = folder / "sender.pfx"
    path.write_bytes(pfx.content)
    return path


@pytest.fixture
def root(current: Inhabited, tmp_path: Path) -> Path:
    """The landscape's root as a file."""
    path = tmp_path / "root.pem"
    path.write_text(pem([current.landscape.trusted_root]), encoding="ascii")
    return path


@pytest.mark.parametrize("encryption", Encryption, ids=lambda it: it.value)
def test_accepted_with_each_kind_of_pfx(encryption: Encryption, current: Inhabited, root: Path, tmp_path: Path) -> None:
    """Each file that the suite writes is one that requests-pkcs12 reads."""
    pfx = write_pfx(open_pfx(current.pfx("sender")), PASSPHRASE, encryption)
    passphrase = pfx.passphrase.reveal() if pfx.passphrase else None
    before = len(current.landscape.record.entries())
    answer = get(current.url, pkcs12_filename=str(written(tmp_path, pfx)), pkcs12_password=passphrase, verify=str(root))
    assert answer.text == "Connected Successfully to CPI!"
    entry = current.landscape.record.after(before)
    assert entry.certificate
    assert entry.certificate.startswith("CN=S0012345678")


def test_refuses_an_expired_certificate_by_itself(current: Inhabited, root: Path) -> None:
    """A check by it alone would pass with nobody there: no packet leaves."""
    pfx = current.pfx("expired")
    assert pfx.passphrase
    before = len(current.landscape.record.entries())
    with pytest.raises(ValueError, match="expired"):
        get(current.url, pkcs12_data=pfx.content, pkcs12_password=pfx.passphrase.reveal(), verify=str(root))
    assert len(current.landscape.record.entries()) == before


def test_keeps_every_root_that_it_ever_trusted(current: Inhabited, root: Path, tmp_path: Path) -> None:
    """With a reused adapter the missing CA would go unnoticed; the sender never reuses one for another trust."""
    pfx = current.pfx("sender")
    assert pfx.passphrase
    other = tmp_path / "other.pem"
    other.write_text(pem([Authority.root("CN=Another Root", now=Clock().now()).certificate]), encoding="ascii")
    with requests.Session() as session:
        session.trust_env = False
        session.mount("https://", Pkcs12Adapter(pkcs12_data=pfx.content, pkcs12_password=pfx.passphrase.reveal()))
        with pytest.raises(requests.exceptions.SSLError):
            session.get(current.url, verify=str(other))
        assert session.get(current.url, verify=str(root), headers={"Connection": "close"}).status_code == 200
        assert session.get(current.url, verify=str(other)).status_code == 200, "the trap is gone; say so in the docs"


def test_sender_presents_a_key_without_linux_too(current: Inhabited, monkeypatch: pytest.MonkeyPatch) -> None:
    """Elsewhere the key goes through a private file, encrypted, which is gone afterwards."""
    monkeypatch.setattr(presenting, "sys", SimpleNamespace(platform="elsewhere"))
    assert isinstance(Sender().send(current.certificate), Accepted)
