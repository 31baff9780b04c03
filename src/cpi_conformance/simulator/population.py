"""Who lives in a simulated landscape: instances, keys and Passports for each part that a check needs played."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from cpi_conformance.certificates import Authority, Credential, PfxFile, Usage, self_signed, write_pfx
from cpi_conformance.secret import Secret
from cpi_conformance.simulator.instance_order import CLIENT_X509
from cpi_conformance.simulator.landscape import OTHER_ROLE, SimulatedLandscape
from cpi_conformance.simulator.passport import SUBJECT, VALIDITY
from cpi_conformance.simulator.service_key import CLIENT_CREDENTIALS, Plan, ServiceKey

S_USER = "S0012345678"

ITERATIONS = 1
"""Of a passphrase in a PFX: the key of a simulated S-user is worth nothing, and thousands cost 5 ms a file."""


@dataclass(frozen=True)
class Population:
    """The parts by their names in a landscape file, and the one passphrase of all PFX files."""

    service_keys: Mapping[str, ServiceKey]
    certificates: Mapping[str, PfxFile]
    passphrase: Secret


def populate(landscape: SimulatedLandscape, *, rsa_bits: int | None = None) -> Population:
    """Create every instance, key and Passport; ``rsa_bits`` makes the S-user's own key RSA, as real ones are."""
    keys, passports = landscape.keys, landscape.passports
    sender = passports.issue(S_USER, rsa_bits=rsa_bits)
    superseded = passports.issue("S0012345679", starts=-dt.timedelta(days=300))
    parts = {
        "sender": sender,
        "unassigned": passports.issue("S0012345680"),
        "expired": passports.issue("S0012345681", starts=-dt.timedelta(days=400)),
        "not_yet_valid": passports.issue("S0012345682", starts=dt.timedelta(days=30)),
        "server_purpose": passports.issue("S0012345683", usage=Usage.SERVER),
        "deleted": passports.issue("S0012345684"),
        "other_key_pair": passports.issue(S_USER),
        "renewed": passports.issue("S0012345679"),
        "superseded": superseded,
        "claimed_twice": passports.issue("S0012345685"),
        "without_role": passports.issue("S0012345686"),
        "spare": passports.issue("S0012345689"),
        "untrusted_ca": _of_unknown_ca("S0012345687", landscape.clock.now()),
        "self_signed": self_signed(
            SUBJECT.format(user="S0012345688"),
            not_before=landscape.clock.now() - dt.timedelta(days=1),
            not_after=landscape.clock.now() + VALIDITY,
        ),
    }
    granted = CLIENT_X509 if landscape.profile.key_rules.client_x509 else CLIENT_CREDENTIALS
    basic = keys.create_instance("oauth")
    certificate = keys.create_instance("clientcertificate", grant_types=(granted,))
    another = keys.create_instance("clientcertificate-2", grant_types=(granted,))
    without_role = keys.create_instance("without-role", roles=(OTHER_ROLE,), grant_types={CLIENT_CREDENTIALS, granted})
    api = keys.create_instance("api", Plan.API, roles=("MonitoringDataRead",))

    service_keys = {
        "sender": keys.create_key(basic, "oauthcpikey"),
        "deleted": keys.create_key(basic, "deleted"),
        "api_plan": keys.create_key(api, "api"),
        "without_role": keys.create_key(without_role, "without-role"),
    }
    keys.delete_key(service_keys["deleted"].guid)
    keys.create_key(certificate, "x509auth", certificate=sender.certificate)
    for part in ("expired", "not_yet_valid", "server_purpose", "claimed_twice", "untrusted_ca", "self_signed"):
        keys.create_key(certificate, part, certificate=parts[part].certificate)
    keys.create_key(another, "claimed-again", certificate=parts["claimed_twice"].certificate)
    keys.create_key(certificate, "unpinned", certificate=superseded.certificate, pinned=False)
    keys.create_key(without_role, "without-role-x509", certificate=parts["without_role"].certificate)
    deleted = keys.create_key(certificate, "deleted-x509", certificate=parts["deleted"].certificate)
    keys.delete_key(deleted.guid)
    landscape.adopt()

    passphrase = Secret(secrets.token_urlsafe(12))
    certificates = {
        part: write_pfx(credential, passphrase, iterations=ITERATIONS) for part, credential in parts.items()
    }
    return Population(service_keys, certificates, passphrase)


def _of_unknown_ca(user: str, now: dt.datetime) -> Credential:
    """A certificate with a Passport's subject below a root that no load balancer knows."""
    root = Authority.root("CN=Unknown Root CA,O=Elsewhere,C=DE", now=now)
    issuer = root.intermediate("CN=Unknown Issuing CA,O=Elsewhere,C=DE", now=now)
    return issuer.leaf(SUBJECT.format(user=user), not_before=now - dt.timedelta(days=1), not_after=now + VALIDITY)
