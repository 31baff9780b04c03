"""Rows 20 to 26, 31, 34, 36 to 39, 42 to 44, 51, 53 to 55 and 58: the far side does not know the caller."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from cpi_conformance.certificates import Credential, PfxFile, open_pfx, pem, write_pfx
from cpi_conformance.control.credentials import read_credentials
from cpi_conformance.control.tenant import Tenant
from cpi_conformance.diagnosis import (
    Credentials,
    Side,
    Symptoms,
    Tool,
    symptoms_of_stored,
    symptoms_of_text,
)
from cpi_conformance.sender import (
    TLS_1_2,
    TLS_1_3,
    Accepted,
    Basic,
    Call,
    Expected,
    Sender,
    Trust,
)
from cpi_conformance.simulator.hosts import HOST
from cpi_conformance.simulator.keystore import SAP_KEY_PAIR
from cpi_conformance.simulator.runtime import Flow
from tests.conftest import Inhabited
from tests.symptoms.far_sides import ROOT, answering, asking_afterwards, far_side, losing_the_alert, server_context
from tests.symptoms.scene import (
    Scene,
    backend_test,
    called,
    parametrized,
    produces,
    pse_of,
    stored_in_keys,
    tested,
    with_pfx,
)
from tests.symptoms.tools import SECRET, ran

NOT_BLIND = "1158:PFS:HIGH::EC_X25519:EC_P256:EC_HIGH"
"""1174 without the bit that sends a certificate although no CA of it is named."""

PROJECT = Path(__file__).resolve().parent.parent.parent


def presenting(it: Inhabited, part: str) -> Call:
    """The flow's call with the PFX that plays a part."""
    return with_pfx(it.anonymous, it.pfx(part))


def held_against(it: Inhabited, credential: Credential, *accepted_since: Credential) -> Symptoms:
    """Where a certificate is among those of the service keys."""
    since = [each.certificate for each in accepted_since]
    return symptoms_of_stored(credential.certificate, stored_in_keys(it.landscape), since)


@produces(20)
def backend_holds_its_certificate_back(scene: Scene) -> Symptoms:
    it = scene.current
    test = backend_test(it, own=open_pfx(it.pfx("untrusted_ca")))
    return tested(parametrized(test, client_ciphersuites=NOT_BLIND))


@produces(21)
def nothing_presented(scene: Scene) -> Symptoms:
    return called(scene.current.anonymous)


@produces(21)
def certificate_in_no_key(scene: Scene) -> Symptoms:
    it = scene.current
    return called(presenting(it, "unassigned")) | held_against(it, open_pfx(it.pfx("unassigned")))


@produces(21)
def certificate_of_a_deleted_key(scene: Scene) -> Symptoms:
    return tested(backend_test(scene.current, own=open_pfx(scene.current.pfx("deleted"))))


@produces(22)
def chain_not_sent_401(scene: Scene) -> Symptoms:
    it = scene.whitepaper
    return called(with_pfx(it.anonymous, leaf_only(it)))


@produces(22)
def chain_not_sent_alert(scene: Scene) -> Symptoms:
    it = scene.current
    return called(with_pfx(it.anonymous, leaf_only(it)))


@produces(22)
def chain_not_in_the_pse(scene: Scene) -> Symptoms:
    it = scene.whitepaper
    return tested(backend_test(it).but(pse=pse_of(it).with_issuers(())).call)


@produces(22)
def chain_not_in_the_pse_and_certificate_held_back(scene: Scene) -> Symptoms:
    it = scene.current
    test = backend_test(it).but(pse=pse_of(it).with_issuers(())).call
    return tested(parametrized(test, client_ciphersuites=NOT_BLIND))


def leaf_only(it: Inhabited) -> PfxFile:
    """The S-user's PFX without its chain."""
    return write_pfx(open_pfx(it.pfx("sender")), SECRET, with_chain=False)


@produces(23)
def ca_not_accepted_alert(scene: Scene) -> Symptoms:
    return called(presenting(scene.current, "untrusted_ca"))


@produces(23)
def self_signed(scene: Scene) -> Symptoms:
    return called(presenting(scene.current, "self_signed"))


@produces(23)
def ca_not_accepted_401(scene: Scene) -> Symptoms:
    return called(presenting(scene.whitepaper, "untrusted_ca"))


@produces(23)
def ca_not_accepted_although_sent_blindly(scene: Scene) -> Symptoms:
    return tested(backend_test(scene.current, own=open_pfx(scene.current.pfx("untrusted_ca"))))


@produces(23, needs="curl")
def ca_not_accepted_for_curl(scene: Scene) -> Symptoms:
    it = scene.current
    pfx = it.pfx("untrusted_ca")
    root = scene.write("root.pem", pem([it.landscape.trusted_root]))
    assert pfx.passphrase
    own = f"{scene.write('sender.pfx', pfx.content)}:{pfx.passphrase.reveal()}"
    done = ran(scene, "curl", "-sS", "--cacert", str(root), "--cert-type", "P12", "--cert", own, it.url)
    return symptoms_of_text(done.text, Tool.CURL)


@produces(24)
def renewed_where_it_is_pinned(scene: Scene) -> Symptoms:
    it = scene.current
    renewed = open_pfx(it.pfx("other_key_pair"))
    return called(presenting(it, "other_key_pair")) | held_against(it, renewed)


@produces(25)
def certificate_in_two_keys(scene: Scene) -> Symptoms:
    it = scene.current
    return called(presenting(it, "claimed_twice")) | held_against(it, open_pfx(it.pfx("claimed_twice")))


@produces(25)
def clones_in_the_audit_log(scene: Scene) -> Symptoms:
    it = scene.current
    symptoms = called(presenting(it, "claimed_twice"))
    refused = it.landscape.record.entries()[-1].refused
    assert refused
    return symptoms | symptoms_of_text(refused.why)


@produces(26)
def older_after_newer(scene: Scene) -> Symptoms:
    it = scene.fresh
    older, newer = (open_pfx(it.pfx(part)) for part in ("superseded", "renewed"))
    assert isinstance(Sender().send(presenting(it, "superseded")), Accepted)
    assert isinstance(Sender().send(presenting(it, "renewed")), Accepted)
    return called(presenting(it, "superseded")) | held_against(it, older, newer)


@produces(31)
def role_not_in_the_instance(scene: Scene) -> Symptoms:
    return called(presenting(scene.current, "without_role"))


@produces(31)
def role_not_in_the_instance_of_a_backend(scene: Scene) -> Symptoms:
    return tested(backend_test(scene.current, logon=scene.current.service_key("without_role")))


@produces(34)
def token_not_fetched(scene: Scene) -> Symptoms:
    it = scene.fresh
    it.landscape.runtime.deploy(Flow("/protected", "done", csrf_protected=True))
    call = replace(it.basic, path="/http/protected", expects=Expected(200, "done"))
    assert isinstance(Sender().send(call), Accepted)
    return called(replace(call, method="POST"))


@produces(36)
def ping_by_head(scene: Scene) -> Symptoms:
    return called(replace(scene.current.basic, method="HEAD"))


@produces(37)
def path_without_a_flow(scene: Scene) -> Symptoms:
    return called(replace(scene.current.basic, path="/http/test/clientcerts"))


@produces(37)
def prefix_forgotten(scene: Scene) -> Symptoms:
    return tested(
        backend_test(scene.current, path_prefix="/test/clientcert", logon=scene.current.service_key("sender"))
    )


@produces(38)
def host_of_nobody(scene: Scene) -> Symptoms:
    told = b"404 Not Found: Requested route ('tenant.example.test') does not exist."
    head = b"HTTP/1.1 404 Not Found\r\nX-Cf-RouterError: unknown_route\r\nContent-Length: %d\r\n\r\n" % len(told)
    with far_side(answering(server_context(scene.folder), head + told)) as port:
        return called(replace(scene.current.basic, port=port, trust=Trust((ROOT.certificate,))))


@produces(39)
def certificate_on_trial(scene: Scene) -> Symptoms:
    with scene.trial() as it:
        return called(it.certificate) | Symptoms(edition=it.landscape.profile.edition)


@produces(39)
def keystore_on_trial(scene: Scene) -> Symptoms:
    with scene.trial() as it:
        key = it.population.service_keys["api_plan"]
        credentials = read_credentials(it.landscape.broker.credentials(key))
        with Tenant(credentials, trusted=(it.landscape.trusted_root,)) as tenant:
            there = tenant.keystore_entry(SAP_KEY_PAIR) is not None
        return tested(backend_test(it)) | Symptoms(sap_key_pair=there)


@produces(42)
def server_purpose_alert(scene: Scene) -> Symptoms:
    return called(presenting(scene.current, "server_purpose"))


@produces(42)
def server_purpose_401(scene: Scene) -> Symptoms:
    return called(presenting(scene.whitepaper, "server_purpose"))


@produces(43)
def passport_ca_issued_again_and_pinned(scene: Scene) -> Symptoms:
    it = scene.fresh
    before, now = of_both_generations(it)
    instance = it.landscape.keys.create_instance("passport")
    it.landscape.keys.create_key(instance, "before", certificate=before.certificate)
    it.landscape.adopt()
    return called(with_pfx(it.anonymous, write_pfx(now, SECRET))) | held_against(it, now)


@produces(43)
def passport_with_the_ca_from_before(scene: Scene) -> Symptoms:
    it = scene.current
    before, now = of_both_generations(it)
    return tested(backend_test(it, own=replace(now, issuers=before.issuers)))


def of_both_generations(it: Inhabited) -> tuple[Credential, Credential]:
    """Passports of one S-user, by both generations of SAP Passport CA G2."""
    passports, now = it.landscape.passports, it.landscape.clock.now()
    subject = "CN=S0012345691,OU=SAP Service Marketplace,O=SAP Trust Community II,C=DE"
    begins, ends = now - dt.timedelta(days=1), now + dt.timedelta(days=300)
    one, other = (
        authority.leaf(subject, not_before=begins, not_after=ends)
        for authority in (passports.first_generation, passports.second_generation)
    )
    return one, other


@produces(44)
def expired_alert(scene: Scene) -> Symptoms:
    return called(presenting(scene.current, "expired"))


@produces(44)
def expired_401(scene: Scene) -> Symptoms:
    return tested(backend_test(scene.whitepaper, own=open_pfx(scene.whitepaper.pfx("expired"))))


@produces(51, needs="newman")
def host_of_another_request(scene: Scene) -> Symptoms:
    it = scene.current
    newman, pfx = newman_here(), it.pfx("sender")
    assert pfx.passphrase
    root = scene.write("root.pem", pem([it.landscape.trusted_root]))
    entry = {
        "name": "sender",
        "matches": [f"https://{HOST}:1/*"],
        "pfx": {"src": str(scene.write("sender.pfx", pfx.content))},
        "passphrase": pfx.passphrase.reveal(),
    }
    collection = {
        "info": {"name": "one", "schema": "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"},
        "item": [{"name": "call", "request": {"method": "GET", "url": it.url}, "event": [EXPECTS_200]}],
    }
    before = len(it.landscape.record.entries())
    ran(
        scene,
        newman,
        "run",
        str(scene.write("collection.json", json.dumps(collection))),
        *("--ssl-extra-ca-certs", str(root)),
        *("--ssl-client-cert-list", str(scene.write("certificates.json", json.dumps([entry])))),
    )
    answered = [each for each in it.landscape.record.entries()[before:] if each.status is not None]
    assert [(each.status, each.certificate) for each in answered] == [(401, None)]
    return Symptoms(
        side=Side.TOOL,
        tool=Tool.NODE,
        cause="unauthenticated",
        credentials=Credentials.NOTHING,
        certificate_configured=True,
        certificate_requested=True,
        certificate_sent=False,
    )


EXPECTS_200 = {
    "listen": "test",
    "script": {"exec": ["pm.test('accepted', () => pm.response.to.have.status(200))"]},
}
"""Without a test newman ends with 0 whatever was answered."""


def newman_here() -> str:
    """On the path, or where CI puts it; skips where it is not."""
    ours = PROJECT / ".ci" / "clients" / "node_modules" / ".bin"
    found = shutil.which("newman", path=os.pathsep.join((os.environ.get("PATH", os.defpath), str(ours))))
    if found is None or shutil.which("node") is None:
        pytest.skip("npm install --no-save --prefix .ci/clients newman@6.2.2")
    return found


@produces(53)
def certificate_asked_for_afterwards(scene: Scene) -> Symptoms:
    it = scene.current
    script = asking_afterwards(server_context(scene.folder), pem([it.landscape.passports.root.certificate]))
    with far_side(script, callers=2) as port:
        call = replace(it.certificate, port=port, trust=Trust((ROOT.certificate,)), expects=Expected())
        modern = called(replace(call, tls=TLS_1_3))
        older = Sender().send(replace(call, tls=TLS_1_2))
    return modern | Symptoms(accepted_with_tls_1_2=isinstance(older, Accepted))


@produces(54)
def alert_lost(scene: Scene) -> Symptoms:
    with far_side(losing_the_alert(server_context(scene.folder))) as port:
        return called(replace(scene.current.certificate, port=port, trust=Trust((ROOT.certificate,)), tls=TLS_1_3))


@produces(55)
def blank_after_the_clientid(scene: Scene) -> Symptoms:
    return called(changed(scene.current, lambda basic: basic.with_clientid(lambda clientid: f"{clientid} ")))


@produces(55)
def quotation_mark_copied(scene: Scene) -> Symptoms:
    logon = scene.current.service_key("sender").with_clientid(lambda clientid: f'{clientid}"')
    return tested(backend_test(scene.current, logon=logon))


@produces(58)
def password_cut_off(scene: Scene) -> Symptoms:
    logon = scene.current.service_key("sender").with_clientsecret(lambda secret: secret[:64])
    return tested(backend_test(scene.current, logon=logon))


def changed(it: Inhabited, change: Callable[[Basic], Basic]) -> Call:
    """The flow's call with the service key's credentials changed."""
    return replace(it.anonymous, authorization=change(it.service_key("sender")))
