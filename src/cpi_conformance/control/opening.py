"""From a login to a space in which a run may create: once for all processes of the run.

A refused login is not repeated by another process either, because five failures lock a user for an hour, and
a one-time passcode is good for one process only: the others go on with the refresh token of the first.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

from cryptography import x509

from cpi_conformance.control.cloud_foundry import CloudFoundry
from cpi_conformance.control.errors import LoginRefused
from cpi_conformance.control.lifecycle import Lifecycle
from cpi_conformance.control.login import Login, RefreshTokenLogin, SessionLogin
from cpi_conformance.control.once import Notes, Once
from cpi_conformance.control.patience import Patience
from cpi_conformance.control.place import Held
from cpi_conformance.control.receipt import inventory_of, noted
from cpi_conformance.control.run_mark import RunMark
from cpi_conformance.secret import Secret


@dataclass(frozen=True)
class Opened:
    """A space that is open to a run, and what it held before the run."""

    lifecycle: Lifecycle
    before: frozenset[Held]


def open_lifecycle(
    api: str,
    login: Login,
    *,
    organization: str,
    space: str,
    once: Once,
    lifetime: int,
    trusted: tuple[x509.Certificate, ...],
    patience: Patience,
    progress: Callable[[str, float], None],
) -> Opened:
    """Log in, find the space, and write down what it holds; ``lifetime`` is in minutes.

    Raises:
        ControlError: the login is refused, the space is not visible, or nobody answers.
    """
    with ExitStack() as ending:  # nothing stays open when this fails, or is broken off

        def connect(login: Login) -> CloudFoundry:
            return ending.enter_context(CloudFoundry(api, login, trusted=trusted, patience=patience, progress=progress))

        cloud = connect(login) if isinstance(login, SessionLogin) else _logged_in_once(connect, login, once)
        found = cloud.space(cloud.organization(organization), space)
        lifecycle = Lifecycle(cloud, found, marked_once(once, cloud.far_now, lifetime))
        # written down first: whoever finds this later knows that there may be something to remove
        before = inventory_of(once.get("before", lambda: noted(lifecycle.inventory())))
        ending.pop_all()
        return Opened(lifecycle, before)


def _logged_in_once(connect: Callable[[Login], CloudFoundry], login: Login, once: Once) -> CloudFoundry:
    first: list[CloudFoundry] = []

    def log_in() -> Notes:
        first.append(connect(login))
        try:
            return {"refresh_token": first[0].log_in().reveal()}
        except LoginRefused as refused:
            return {"status": str(refused.status), "error": refused.error, "description": refused.description}

    notes = once.get("login", log_in)
    if "error" in notes:
        raise LoginRefused(int(notes["status"]), notes["error"], notes["description"])
    return first[0] if first else connect(RefreshTokenLogin(Secret(notes["refresh_token"])))


def marked_once(once: Once, far_now: Callable[[], dt.datetime], lifetime: int) -> RunMark:
    """The one mark of a run on a landscape; ``lifetime`` is in minutes."""

    def mark() -> Notes:
        new = RunMark.new(far_now(), dt.timedelta(minutes=lifetime))
        return {"run": new.run, "expires": str(new.expires)}

    notes = once.get("mark", mark)
    return RunMark(notes["run"], int(notes["expires"]))
