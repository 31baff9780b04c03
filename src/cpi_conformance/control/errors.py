"""What the control plane may refuse, and how a request to it may go wrong.

* ControlError
  x Unreachable                 no answer
    + TlsRefusal                because of a certificate
  x BrokenAnswer                an answer that is none: HTML of a proxy, JSON of another shape
  x LoginRefused                UAA
  x TokenRefused                XSUAA
  x ApiError                    Cloud Foundry says no
    + NotAuthenticated          401, without a token
    + InvalidToken              401, with a token that is bad or expired
    + NotAuthorized             403
    + NotFound                  404, also what may not be read
    + RateLimited               429
    + Unprocessable             422
      - NameTaken
      - NameBeingDeleted
      - OperationInProgress
    + ServerFailure             5xx
  x JobFailed                   accepted, but the broker has failed
  x JobTimeout                  accepted, but the deadline has passed
  x NotVisible                  not in a list that should have it

No text of these holds a credential.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ErrorEntry:
    """One of the errors in an answer or in a job; ``code`` is Cloud Foundry's number, ``None`` where it gives none."""

    code: int | None
    title: str
    detail: str


class ControlError(Exception):
    """The control plane did not do what was asked."""


class Unreachable(ControlError):
    """There is no HTTP answer.

    Attributes:
        request: method and URL.
        reason: what httpx says.
        may_have_arrived: whether the far side may have read the request, and so may have obeyed it.
    """

    def __init__(self, request: str, reason: str, *, may_have_arrived: bool) -> None:
        fate = "it may have arrived" if may_have_arrived else "it has not arrived"
        super().__init__(f"{request}: no answer, {fate} ({reason})")
        self.request = request
        self.reason = reason
        self.may_have_arrived = may_have_arrived


class TlsRefusal(Unreachable):
    """One side of the handshake does not trust the other; trying again makes no difference."""


class BrokenAnswer(ControlError):
    """An answer that is not of the expected shape; ``what`` names the place, never a value."""

    def __init__(self, source: str, what: str) -> None:
        super().__init__(f"{source}: {what}")
        self.source = source
        self.what = what


class _OauthRefusal(ControlError):
    """An OAuth error answer (RFC 6749, section 5.2)."""

    _who = ""

    def __init__(self, status: int, error: str, description: str) -> None:
        said = ": ".join(part for part in (error, description) if part)
        super().__init__(f"{self._who} ({status}{', ' + said if said else ''})")
        self.status = status
        self.error = error
        self.description = description


class LoginRefused(_OauthRefusal):
    """UAA refuses a user, a passcode or a refresh token."""

    _who = "UAA refuses the login"


class TokenRefused(_OauthRefusal):
    """XSUAA refuses a client, by its secret or by its certificate."""

    _who = "XSUAA refuses a token"


class ApiError(ControlError):
    """Cloud Foundry refuses a request.

    Attributes:
        status: HTTP status.
        code, title, detail: of the first error; ``None`` and empty where the answer names none.
        request_id: of the header ``X-Vcap-Request-Id``, by which an operator finds the request in the logs.
        errors: all of them.
    """

    def __init__(self, status: int, errors: tuple[ErrorEntry, ...] = (), request_id: str | None = None) -> None:
        first = errors[0] if errors else ErrorEntry(None, "", "")
        said = "; ".join(f"{each.title} ({each.code}): {each.detail}" for each in errors) or "without a reason"
        super().__init__(f"{status} {said} [request {request_id or 'unknown'}]")
        self.status = status
        self.code = first.code
        self.title = first.title
        self.detail = first.detail
        self.errors = errors
        self.request_id = request_id


class NotAuthenticated(ApiError):
    """No token was sent (401, 10002)."""


class InvalidToken(ApiError):
    """The token is bad, expired, or of another issuer (401, 1000)."""


class NotAuthorized(ApiError):
    """What may be read may not be changed (403)."""


class NotFound(ApiError):
    """There is no such resource, or it may not be read (404, 10010)."""


class Unprocessable(ApiError):
    """The request is understood and not granted (422)."""


class NameTaken(Unprocessable):
    """Something else has this name."""


class NameBeingDeleted(Unprocessable):
    """A service key of this name is being deleted, or its deletion has failed."""


class OperationInProgress(Unprocessable):
    """Something else is being done to the resource, or to the instance that it belongs to."""


class RateLimited(ApiError):
    """Too many requests (429); ``retry_after`` is in seconds, ``None`` where the answer names no time."""

    retry_after: float | None = None

    def after(self, seconds: float | None) -> RateLimited:
        """The same, with the time that the answer names."""
        self.retry_after = seconds
        return self


class ServerFailure(ApiError):
    """The far side has failed (5xx); a request that creates something may have done so."""


class JobFailed(ControlError):
    """Cloud Foundry accepted the request, and its job has failed.

    Attributes:
        operation: ``service_keys.create`` and the like.
        errors: of the job; none in rare cases.
        job: the job's GUID; ``None`` when the failure was read from the resource's last operation.
        broker_text: the broker's own words; ``None`` where Cloud Foundry quotes none.
    """

    def __init__(
        self, operation: str, errors: tuple[ErrorEntry, ...], job: str | None = None, request_id: str | None = None
    ) -> None:
        said = "; ".join(each.detail for each in errors) or "without a reason"
        super().__init__(f"{operation} has failed: {said} [job {job or 'unknown'}, request {request_id or 'unknown'}]")
        self.operation = operation
        self.errors = errors
        self.job = job
        self.request_id = request_id

    @property
    def broker_text(self) -> str | None:
        """What follows ``Service broker error:`` in the first error that quotes the broker."""
        quoted = (each.detail.partition("Service broker error: ") for each in self.errors)
        return next((text for _, mark, text in quoted if mark), None)


class JobTimeout(ControlError):
    """The deadline has passed in the ``state`` seen last; what was ``awaited`` so long may still happen."""

    def __init__(self, awaited: str, seconds: float, state: str) -> None:
        super().__init__(f"{awaited} is still {state!r} after {seconds:.0f} seconds")
        self.awaited = awaited
        self.seconds = seconds
        self.state = state


class NotVisible(ControlError):
    """An organization, space, offering or plan is not among those that this user may see."""

    def __init__(self, kind: str, name: str, remedy: str) -> None:
        super().__init__(f"no {kind} {name!r} is visible to this user: {remedy}")
        self.kind = kind
        self.name = name
        self.remedy = remedy
