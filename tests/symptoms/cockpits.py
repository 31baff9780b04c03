"""Rows 27 to 29, 40, 41, 50 and 56: orders that Cloud Foundry, the broker, the token server or the tenant denies."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from cpi_conformance.certificates import PfxFile, one_line, open_pfx, pem
from cpi_conformance.control.cockpit import Cockpit, Denied
from cpi_conformance.control.credentials import read_credentials
from cpi_conformance.control.errors import NotVisible
from cpi_conformance.control.lifecycle import Lifecycle
from cpi_conformance.control.orders import InstanceOrder, KeyOrder, KeyType, Order, TokenOrder
from cpi_conformance.control.run_mark import RunMark
from cpi_conformance.control.tenant import Tenant
from cpi_conformance.control.tenant.orders import KeyPairOrder
from cpi_conformance.control.wire import ServiceInstance
from cpi_conformance.control.xsuaa import Token, request_token
from cpi_conformance.diagnosis import Symptoms, symptoms_of_denial, symptoms_of_error, symptoms_of_stored
from cpi_conformance.sender import Accepted, Sender
from cpi_conformance.simulator import hosts
from cpi_conformance.simulator.edge_tls import BadCertificatePolicy, EdgeTls, Presented
from cpi_conformance.simulator.landscape import ORGANIZATION, SPACE
from cpi_conformance.simulator.service_key import Plan, ServiceKey
from tests.conftest import Inhabited
from tests.symptoms.far_sides import ROOT
from tests.symptoms.scene import Scene, platform, produces, stored_in_keys
from tests.symptoms.tools import WRONG, private_key

CERTIFICATE_INSTANCE = "clientcertificate"

DEVELOPER = "developer"


@contextmanager
def cockpit_of(it: Inhabited, user: str = DEVELOPER, api_key: ServiceKey | None = None) -> Iterator[Cockpit]:
    """The cockpit of a platform user; what it has created is removed again. Without an API key one that reads only."""
    trusted = (it.landscape.trusted_root,)

    def token(order: TokenOrder) -> Token:
        return request_token(order.credentials, trusted=trusted, secret=order.secret, presented=order.presented)

    api_key = api_key or it.population.service_keys["api_plan"]
    api = read_credentials(it.landscape.broker.credentials(api_key))
    with platform(it.landscape, user) as cloud, Tenant(api, trusted=trusted) as tenant:
        space = cloud.space(cloud.organization(ORGANIZATION), SPACE)
        lifecycle = Lifecycle(cloud, space, RunMark.new(cloud.far_now(), dt.timedelta(hours=1)))
        try:
            yield Cockpit(lifecycle, token, tenants=lambda permission: tenant)
        finally:
            lifecycle.remove_all()


def denied(
    it: Inhabited,
    order: Order | Callable[[ServiceInstance], Order],
    user: str = DEVELOPER,
    api_key: ServiceKey | None = None,
) -> Symptoms:
    """Place an order, if need be for the instance with the certificates; it must be denied."""
    with cockpit_of(it, user, api_key) as cockpit:
        if not isinstance(order, Order):
            with platform(it.landscape) as cloud:
                (instance,) = cloud.instances(names=[CERTIFICATE_INSTANCE])
            order = order(instance)
        reply = cockpit.place(order)
    assert isinstance(reply, Denied)
    return symptoms_of_denial(order, reply)


def key_with(content: str, key_type: KeyType) -> Callable[[ServiceInstance], Order]:
    """A service key with this in its field X.509."""
    return lambda instance: KeyOrder(instance, key_type, content)


@produces(27)
def certificate_taken(scene: Scene) -> Symptoms:
    it = scene.whitepaper
    taken = open_pfx(it.pfx("sender")).certificate
    return denied(it, key_with(one_line(taken), KeyType.CLIENT_X509))


@produces(27)
def certificate_taken_in_other_words(scene: Scene) -> Symptoms:
    """As a broker would deny it whose words are not understood."""
    it = scene.whitepaper
    taken = open_pfx(it.pfx("sender")).certificate
    symptoms = denied(it, key_with(one_line(taken), KeyType.CLIENT_X509))
    return replace(symptoms, said=frozenset()) | symptoms_of_stored(taken, stored_in_keys(it.landscape))


@produces(28)
def key_of_an_instance_from_before(scene: Scene) -> Symptoms:
    it = scene.fresh
    spare = open_pfx(it.pfx("spare")).certificate
    it.landscape.keys.create_instance("from-before", grant_types=("client_x509",))
    it.landscape.adopt()
    with platform(it.landscape) as cloud:
        (instance,) = cloud.instances(names=["from-before"])
    return denied(it, KeyOrder(instance, KeyType.CLIENT_X509, one_line(spare)))


def certificate_of(it: Inhabited) -> x509.Certificate:
    """The spare certificate, which no key holds."""
    return open_pfx(it.pfx("spare")).certificate


def signing_request(it: Inhabited) -> str:
    """A request for the spare certificate."""
    credential = open_pfx(it.pfx("spare"))
    builder = x509.CertificateSigningRequestBuilder().subject_name(credential.certificate.subject)
    return builder.sign(credential.key, SHA256()).public_bytes(Encoding.PEM).decode().replace("\n", "")


@produces(29)
def field_with_line_feeds(scene: Scene) -> Symptoms:
    it = scene.whitepaper
    return denied(it, key_with(pem([certificate_of(it)]), KeyType.CLIENT_X509))


@produces(29)
def field_with_a_chain(scene: Scene) -> Symptoms:
    it = scene.current
    spare = open_pfx(it.pfx("spare"))
    chain = "".join(one_line(each) for each in (spare.certificate, *spare.issuers))
    return denied(it, key_with(chain, KeyType.EXTERNAL_CERTIFICATE))


@produces(29)
def field_with_escaped_line_feeds(scene: Scene) -> Symptoms:
    it = scene.current
    escaped = pem([certificate_of(it)]).replace("\n", "\\n")
    return denied(it, key_with(escaped, KeyType.EXTERNAL_CERTIFICATE))


@produces(29)
def field_with_a_request(scene: Scene) -> Symptoms:
    return denied(scene.current, key_with(signing_request(scene.current), KeyType.EXTERNAL_CERTIFICATE))


@produces(29)
def field_with_a_private_key(scene: Scene) -> Symptoms:
    key = private_key(open_pfx(scene.current.pfx("spare"))).decode().replace("\n", "")
    return denied(scene.current, key_with(key, KeyType.EXTERNAL_CERTIFICATE))


@produces(29)
def field_without_its_last_dashes(scene: Scene) -> Symptoms:
    content = one_line(certificate_of(scene.current)).rstrip("-")
    return denied(scene.current, key_with(content, KeyType.EXTERNAL_CERTIFICATE))


@produces(40)
def key_pair_without_permission(scene: Scene) -> Symptoms:
    return denied(scene.current, KeyPairOrder("diagnosed", scene.current.pfx("sender")))


@produces(50)
def key_pair_with_a_wrong_passphrase(scene: Scene) -> Symptoms:
    it = scene.fresh
    expert = it.landscape.keys.create_instance("expert", Plan.API, roles=("SecurityMaterialEdit", "MonitoringDataRead"))
    order = KeyPairOrder("diagnosed", PfxFile(it.pfx("sender").content, WRONG))
    return denied(it, order, api_key=it.landscape.keys.create_key(expert, "expert"))


@produces(41)
def user_who_may_only_look(scene: Scene) -> Symptoms:
    return denied(scene.current, InstanceOrder(), "auditor")


@produces(41)
def user_who_is_no_member(scene: Scene) -> Symptoms:
    with platform(scene.current.landscape, "stranger") as cloud, pytest.raises(NotVisible) as refused:
        cloud.organization(ORGANIZATION)
    return symptoms_of_error(refused.value)


@produces(56)
def token_server_with_other_cas(scene: Scene) -> Symptoms:
    it = scene.fresh
    landscape = it.landscape
    credential = open_pfx(it.pfx("sender"))
    served = landscape.load_balancer.authorities["current"].leaf(hosts.HOST)
    landscape.edge(hosts.AUTHENTICATION_CERT).tls = EdgeTls(
        hosts=(Presented(hosts.HOST, served),),
        default=Presented(hosts.HOST, served),
        client_roots=(ROOT.certificate,),
        policy=BadCertificatePolicy.ALERT,
    )
    accepted = isinstance(Sender().send(it.certificate), Accepted)
    made = landscape.keys.keys()
    (key,) = (each for each in made if each.certificate == credential.certificate)
    order = TokenOrder(read_credentials(landscape.broker.credentials(key)), presented=credential)
    return denied(it, order) | Symptoms(accepted_elsewhere=accepted)
