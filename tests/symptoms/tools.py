"""Running tools, and the rows 30, 45, 48 to 50 and 52: files and what tools make of them."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from cpi_conformance.backend import PseStore, StrustRefused, TrustManager
from cpi_conformance.certificates import Credential, Encryption, PfxFile, open_pfx, pem, write_pfx
from cpi_conformance.diagnosis import Symptoms, Tool, symptoms_of_strust, symptoms_of_text
from cpi_conformance.diagnosis.certificate_files import symptoms_of_file
from cpi_conformance.secret import Secret
from cpi_conformance.simulator.service_key import ServiceKey
from tests.conftest import Inhabited
from tests.symptoms.scene import Scene, called, produces, with_pfx

SECRET = Secret("sesame-0815")
WRONG = Secret("Sesame-0815")

OPEN_PFX = """
const [file, passphrase] = process.argv.slice(1)
require('tls').createSecureContext({ pfx: require('fs').readFileSync(file), passphrase })
"""
OPEN_PAIR = """
const [key, cert] = process.argv.slice(1).map(each => require('fs').readFileSync(each))
require('tls').createSecureContext({ key, cert })
"""
"""What Postman and newman do with what is given to them."""


@dataclass(frozen=True)
class Done:
    """A tool that has ended."""

    exit: int
    text: str


def ran(scene: Scene, tool: str, *arguments: str) -> Done:
    """Run a tool with nothing of this environment but the path; it must fail."""
    environment = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(scene.folder), "LC_ALL": "C"}
    command = [scene.tool(tool), *arguments]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode != 0
    return Done(ended.returncode, ended.stdout + ended.stderr)


def legacy(scene: Scene) -> PfxFile:
    """The S-user's PFX as Windows and OpenSSL 1 have written it for twenty years."""
    return write_pfx(open_pfx(scene.current.pfx("sender")), SECRET, Encryption.RC2_40)


def private_key(credential: Credential) -> bytes:
    """PEM."""
    return credential.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def credentials_shown(it: Inhabited) -> str:
    """The JSON of *View Credentials* of a service key of type *Certificate*."""
    instance = it.landscape.keys.create_instance("generated")
    generated = it.landscape.passports.issue("S0012345690")
    key: ServiceKey = it.landscape.keys.create_key(instance, "generated", generated=generated)
    return json.dumps(it.landscape.broker.credentials(key))


@produces(30, needs="openssl")
def certificate_copied_out_of_json(scene: Scene) -> Symptoms:
    shown = credentials_shown(scene.fresh)
    copied = shown.partition('"certificate": "')[2].partition('"')[0]
    assert "\\n" in copied
    path = scene.write("copied.pem", copied)
    done = ran(scene, "openssl", "x509", "-in", str(path), "-noout")
    return symptoms_of_text(done.text, Tool.OPENSSL) | symptoms_of_file(copied.encode())


@produces(30)
def key_copied_out_of_json(scene: Scene) -> Symptoms:
    copied = credentials_shown(scene.fresh).partition('"key": "')[2].partition('"')[0]
    return symptoms_of_file(copied.encode())


@produces(45)
def release_takes_pse_only(scene: Scene) -> Symptoms:
    screen = TrustManager(PseStore(), takes_pfx=False)
    screen.edit()
    with pytest.raises(StrustRefused) as refused:
        screen.import_pfx(scene.current.pfx("sender"))
    return symptoms_of_strust(refused.value)


@produces(48, needs="node")
def rc2_in_node(scene: Scene) -> Symptoms:
    pfx = legacy(scene)
    path = scene.write("sender.pfx", pfx.content)
    done = ran(scene, "node", "-e", OPEN_PFX, str(path), SECRET.reveal())
    return symptoms_of_text(done.text, Tool.NODE) | symptoms_of_file(pfx.content, SECRET)


@produces(49, needs="curl")
def rc2_in_curl(scene: Scene) -> Symptoms:
    pfx = legacy(scene)
    path = scene.write("sender.pfx", pfx.content)
    done = ran(scene, "curl", "-sSk", "--cert-type", "P12", "--cert", f"{path}:{SECRET.reveal()}", scene.current.url)
    assert done.exit == 58
    return symptoms_of_text(done.text, Tool.CURL)


@produces(49, needs="openssl")
def rc2_in_openssl(scene: Scene) -> Symptoms:
    path = scene.write("sender.pfx", legacy(scene).content)
    done = ran(scene, "openssl", "pkcs12", "-in", str(path), "-passin", f"pass:{SECRET.reveal()}", "-nokeys")
    return symptoms_of_text(done.text, Tool.OPENSSL)


@produces(50)
def wrong_passphrase_of_the_sender(scene: Scene) -> Symptoms:
    return called(with_pfx(scene.current.anonymous, PfxFile(scene.current.pfx("sender").content, WRONG)))


@produces(50, needs="openssl")
def wrong_passphrase_for_openssl(scene: Scene) -> Symptoms:
    path = scene.write("sender.pfx", scene.current.pfx("sender").content)
    done = ran(scene, "openssl", "pkcs12", "-in", str(path), "-passin", f"pass:{WRONG.reveal()}", "-nokeys")
    return symptoms_of_text(done.text, Tool.OPENSSL)


@produces(50, needs="curl")
def wrong_passphrase_for_curl(scene: Scene) -> Symptoms:
    path = scene.write("sender.pfx", scene.current.pfx("sender").content)
    done = ran(scene, "curl", "-sSk", "--cert-type", "P12", "--cert", f"{path}:{WRONG.reveal()}", scene.current.url)
    assert done.exit == 58
    return symptoms_of_text(done.text, Tool.CURL)


@produces(50, needs="node")
def wrong_passphrase_for_node(scene: Scene) -> Symptoms:
    path = scene.write("sender.pfx", scene.current.pfx("sender").content)
    return symptoms_of_text(ran(scene, "node", "-e", OPEN_PFX, str(path), WRONG.reveal()).text, Tool.NODE)


@produces(50, needs="keytool")
def wrong_passphrase_for_java(scene: Scene) -> Symptoms:
    path = scene.write("sender.pfx", scene.current.pfx("sender").content)
    options = ("-list", "-keystore", str(path), "-storetype", "PKCS12", "-storepass", WRONG.reveal())
    return symptoms_of_text(ran(scene, "keytool", *options).text, Tool.JAVA)


@produces(52)
def key_of_another_pair(scene: Scene) -> Symptoms:
    one, other = (open_pfx(scene.current.pfx(part)) for part in ("sender", "other_key_pair"))
    return symptoms_of_file(private_key(one) + pem([other.certificate]).encode())


@produces(52, needs="node")
def key_of_another_pair_in_node(scene: Scene) -> Symptoms:
    one, other = (open_pfx(scene.current.pfx(part)) for part in ("sender", "other_key_pair"))
    key = scene.write("key.pem", private_key(one))
    certificate = scene.write("certificate.pem", pem([other.certificate]))
    return symptoms_of_text(ran(scene, "node", "-e", OPEN_PAIR, str(key), str(certificate)).text, Tool.NODE)
