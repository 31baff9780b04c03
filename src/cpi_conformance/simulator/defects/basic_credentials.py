"""Runtimes that take other credentials than clientid and clientsecret to the last character."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import unquote

from cpi_conformance.secret import Secret
from cpi_conformance.simulator.defects.defect import Defect, System
from cpi_conformance.simulator.defects.interposing import around
from cpi_conformance.simulator.service_key import Plan, ServiceKey
from cpi_conformance.simulator.service_keys import Authenticated, Authentication, Unauthenticated

if TYPE_CHECKING:
    from cpi_conformance.simulator.landscape import SimulatedLandscape

Install = Callable[["SimulatedLandscape"], None]
BySecret = Callable[[str, Secret], Authentication]

Opens = Callable[[ServiceKey, str, str], bool]
"""Whether a key with a secret is opened by a clientid and a clientsecret."""

HASHED = 72
"""Characters of a secret that bcrypt looks at."""


def _opened_by(opens: Opens) -> Install:
    """Whoever is refused is let in all the same as the first key of a sender that ``opens``."""

    def install(landscape: SimulatedLandscape) -> None:
        def authenticate(right: BySecret, clientid: str, secret: Secret) -> Authentication:
            found = right(clientid, secret)
            if isinstance(found, Authenticated):
                return found
            present = landscape.keys.keys()
            senders = (key for key in present if key.secret and key.instance.plan is Plan.INTEGRATION_FLOW)
            opened = (key for key in senders if opens(key, clientid, secret.reveal()))
            return next((Authenticated(key) for key in opened), found)

        around(landscape.keys.authenticate_secret, authenticate)

    return install


def _by_secret(same: Callable[[str, str], bool]) -> Install:
    """The right clientid, and a secret that is the ``same`` as the stored one, which comes first."""
    return _opened_by(lambda key, clientid, secret: key.clientid == clientid and same(_stored(key), secret))


def _by_clientid(same: Callable[[str, str], bool]) -> Install:
    """The right secret, and a clientid that is the ``same`` as the stored one, which comes first."""
    return _opened_by(lambda key, clientid, secret: _stored(key) == secret and same(key.clientid, clientid))


def _after(change: Callable[[str], str]) -> Install:
    """Clientid and secret are changed before they are looked at."""
    return _opened_by(lambda key, clientid, secret: (key.clientid, _stored(key)) == (change(clientid), change(secret)))


def _stored(key: ServiceKey) -> str:
    return key.secret.reveal() if key.secret else ""


def _secret_of_any_key(landscape: SimulatedLandscape) -> None:
    def stored(secret: str) -> bool:
        present = landscape.keys.keys()
        return any(_stored(key) == secret for key in present if key.secret)

    _opened_by(lambda key, clientid, secret: key.clientid == clientid and stored(secret))(landscape)


def _plan_ignored(landscape: SimulatedLandscape) -> None:
    def authenticate(right: BySecret, clientid: str, secret: Secret) -> Authentication:
        found = right(clientid, secret)
        return landscape.keys.holder_of_secret(clientid, secret) if isinstance(found, Unauthenticated) else found

    around(landscape.keys.authenticate_secret, authenticate)


def _special_characters_cut(landscape: SimulatedLandscape) -> None:
    def authenticate(right: BySecret, clientid: str, secret: Secret) -> Authentication:
        return right(clientid, secret.changed(lambda text: text.partition("$")[0]))

    around(landscape.keys.authenticate_secret, authenticate)


def _defect(name: str, wrong: str, install: Install) -> Defect:
    return Defect(f"authentication-{name}", System.AUTHENTICATION, wrong, install)


DEFECTS = (
    _defect(
        "takes-any-secret", "Whoever knows a clientid is let in with any clientsecret.", _by_secret(lambda *_: True)
    ),
    _defect(
        "takes-a-prefix-of-the-secret",
        "The clientsecret is compared for as long as the one that was sent.",
        _by_secret(str.startswith),
    ),
    _defect(
        "compares-72-characters",
        "Only the first 72 characters of the clientsecret are compared, as by a hash that looks at no more.",
        _by_secret(lambda stored, sent: stored[:HASHED] == sent[:HASHED]),
    ),
    _defect(
        "ignores-case-of-the-secret",
        "The clientsecret is compared without regard to letter case.",
        _by_secret(lambda stored, sent: stored.lower() == sent.lower()),
    ),
    _defect(
        "trims-the-secret",
        "Blanks and line feeds around the clientsecret are cut off before it is compared.",
        _by_secret(lambda stored, sent: stored == sent.strip()),
    ),
    _defect(
        "takes-the-secret-of-any-key",
        "A clientid is let in with the clientsecret of whatever key.",
        _secret_of_any_key,
    ),
    _defect(
        "takes-any-clientid",
        "Whoever knows a clientsecret is let in under any clientid.",
        _by_clientid(lambda *_: True),
    ),
    _defect(
        "ignores-case-of-the-clientid",
        "The clientid is compared without regard to letter case.",
        _by_clientid(lambda stored, sent: stored.lower() == sent.lower()),
    ),
    _defect(
        "trims-the-clientid",
        "Blanks around the clientid are cut off before it is compared.",
        _by_clientid(lambda stored, sent: stored == sent.strip()),
    ),
    _defect(
        "takes-the-clientid-without-its-application",
        "The clientid is taken without the part behind the bar.",
        _by_clientid(lambda stored, sent: stored.partition("|")[0] == sent),
    ),
    _defect(
        "takes-the-clientid-without-its-prefix",
        "The clientid is taken without sb- in front.",
        _by_clientid(lambda stored, sent: stored.removeprefix("sb-") == sent),
    ),
    _defect(
        "strips-quotation-marks",
        "Quotation marks around clientid and clientsecret are taken off before they are compared.",
        _after(lambda text: text.strip('"')),
    ),
    _defect(
        "decodes-percent-signs",
        "Clientid and clientsecret are URL-decoded before they are compared, as token servers do on request.",
        _after(unquote),
    ),
    _defect(
        "takes-credentials-swapped",
        "Clientid and clientsecret are taken in either order.",
        _opened_by(lambda key, clientid, secret: (key.clientid, _stored(key)) == (secret, clientid)),
    ),
    _defect("takes-keys-of-the-plan-api", "Keys of the plan api are let in at the runtime.", _plan_ignored),
    _defect(
        "cuts-the-secret",
        "The clientsecret is cut at its dollar sign on the way, as a shell does, so that nobody is let in with Basic.",
        _special_characters_cut,
    ),
)
"""How clientid and clientsecret are compared."""
