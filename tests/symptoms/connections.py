"""Rows 1 to 19: the call does not get through to the load balancer."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cpi_conformance.backend import ANONYMOUS, Proxy, Pse, PseStore, SslClientIdentity, StrustRefused, TrustManager
from cpi_conformance.certificates.cer import write_cer
from cpi_conformance.diagnosis import Symptoms, Tool, symptoms_of_strust, symptoms_of_text
from cpi_conformance.sender import TLS_1_1, Trust
from tests.symptoms.far_sides import (
    COMPANY,
    closed_port,
    far_side,
    firewall,
    plain_http,
    refusing_proxy,
    server_context,
    shaking_hands,
    without_common_cipher,
)
from tests.symptoms.scene import IDENTITY, Scene, backend_test, called, parametrized, produces, pse_of, tested
from tests.symptoms.tools import ran


@produces(1)
def root_not_in_the_certificate_list(scene: Scene) -> Symptoms:
    return tested(backend_test(scene.current, trusts=False))


@produces(1)
def root_not_trusted_by_another_sender(scene: Scene) -> Symptoms:
    return called(replace(scene.current.basic, trust=Trust(())))


@produces(1, needs="curl")
def root_not_trusted_by_curl(scene: Scene) -> Symptoms:
    other = scene.write("other.pem", write_cer(COMPANY.certificate))
    done = ran(scene, "curl", "-sS", "--cacert", str(other), scene.current.url)
    return symptoms_of_text(done.text, Tool.CURL)


@produces(2)
def root_rotated(scene: Scene) -> Symptoms:
    it = scene.current
    old = pse_of(it).trusting(it.landscape.previous_roots)
    return tested(backend_test(it).but(pse=old).call)


@produces(2)
def root_rotated_while_it_runs(scene: Scene) -> Symptoms:
    it = scene.fresh
    trusted = it.landscape.trusted_root
    it.landscape.rotate("g2")
    return called(replace(it.basic, trust=Trust((trusted,))))


@produces(3)
def root_in_another_pse(scene: Scene) -> Symptoms:
    it = scene.current
    test = backend_test(it, trusts=False)
    other = Pse(None, (it.landscape.trusted_root,))
    return tested(replace(test, backend=test.backend.with_pse(ANONYMOUS, other)))


@produces(4)
def list_not_saved(scene: Scene) -> Symptoms:
    it = scene.current
    test = backend_test(it, trusts=False)
    store = PseStore(pses=dict(test.backend.pses))
    store.identities[IDENTITY] = SslClientIdentity(IDENTITY, "SSL CPI Client")
    screen = TrustManager(store)
    screen.edit()
    screen.open(IDENTITY)
    screen.import_certificate(write_cer(it.landscape.trusted_root))
    screen.add_to_certificate_list()
    assert store.effective(IDENTITY) == test.pse
    return tested(test, unsaved=screen.unsaved)


@produces(5)
def button_is_grey(scene: Scene) -> Symptoms:
    screen = TrustManager(PseStore())
    screen.open(ANONYMOUS)
    screen.import_certificate(write_cer(scene.current.landscape.trusted_root))
    with pytest.raises(StrustRefused) as refused:
        screen.add_to_certificate_list()
    return symptoms_of_strust(refused.value)


@produces(6)
def proxy_opens_tls(scene: Scene) -> Symptoms:
    with far_side(shaking_hands(server_context(scene.folder, COMPANY))) as port:
        return tested(backend_test(scene.current, service_number=str(port)))


@produces(7)
def name_not_sent(scene: Scene) -> Symptoms:
    return tested(parametrized(backend_test(scene.current), client_sni=False))


@produces(8)
def address_in_place_of_the_host(scene: Scene) -> Symptoms:
    return tested(backend_test(scene.current, target_host="127.0.0.1"))


@produces(8)
def name_that_leads_elsewhere(scene: Scene) -> Symptoms:
    it = scene.current
    return called(replace(it.basic, trust=Trust((it.landscape.trusted_root,), expected_name="tenant.example.test")))


@produces(9)
def port_without_tls(scene: Scene) -> Symptoms:
    with far_side(plain_http) as port:
        return tested(backend_test(scene.current, service_number=str(port)))


@produces(10)
def firewall_closes(scene: Scene) -> Symptoms:
    with far_side(firewall) as port:
        return tested(backend_test(scene.current, service_number=str(port)))


@produces(11)
def old_tls_of_a_kernel(scene: Scene) -> Symptoms:
    return tested(parametrized(backend_test(scene.current), client_ciphersuites="384:HIGH"))


@produces(11)
def old_tls_of_another_sender(scene: Scene) -> Symptoms:
    return called(replace(scene.current.basic, tls=TLS_1_1))


@produces(12)
def no_common_cipher(scene: Scene) -> Symptoms:
    with far_side(shaking_hands(without_common_cipher(scene.folder))) as port:
        return tested(backend_test(scene.current, service_number=str(port)))


@produces(14)
def nobody_listens(scene: Scene) -> Symptoms:
    return tested(backend_test(scene.current, service_number=str(closed_port())))


@produces(15)
def host_without_an_address(scene: Scene) -> Symptoms:
    return tested(backend_test(scene.current, target_host="tenant.invalid"))


@produces(15)
def scheme_typed_with_the_host(scene: Scene) -> Symptoms:
    return tested(backend_test(scene.current, target_host="https://localhost"))


@produces(16)
def proxy_wants_a_password(scene: Scene) -> Symptoms:
    with far_side(refusing_proxy) as port:
        return tested(backend_test(scene.current, proxy=Proxy("127.0.0.1", str(port))))


@produces(16)
def proxy_does_not_listen(scene: Scene) -> Symptoms:
    return tested(backend_test(scene.current, proxy=Proxy("127.0.0.1", str(closed_port()))))


@produces(16)
def proxy_without_an_address(scene: Scene) -> Symptoms:
    return tested(backend_test(scene.current, proxy=Proxy("proxy.invalid", "3128")))


@produces(16, needs="curl")
def proxy_wants_a_password_of_curl(scene: Scene) -> Symptoms:
    with far_side(refusing_proxy) as port:
        done = ran(scene, "curl", "-sS", "--proxy", f"http://127.0.0.1:{port}", scene.current.url)
    return symptoms_of_text(done.text, Tool.CURL)


@produces(17)
def service_not_active(scene: Scene) -> Symptoms:
    return tested(parametrized(backend_test(scene.current), https_active=False))


@produces(18)
def port_that_is_none(scene: Scene) -> Symptoms:
    return tested(backend_test(scene.current, service_number="443 "))


@produces(19)
def identity_without_a_pse(scene: Scene) -> Symptoms:
    return tested(backend_test(scene.current, ssl_certificate=ANONYMOUS))
