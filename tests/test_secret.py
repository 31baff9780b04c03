"""A secret is not shown by accident: each way in which Python turns a value into text is tried."""

from __future__ import annotations

import copy
import json
import logging
import pickle
import pprint
import traceback
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import pytest

from cpi_conformance.secret import Secret

TEXT = "kx7-geheim-Ω-42"
"""Found nowhere else, so that whatever holds it has leaked it."""


@dataclass(frozen=True)
class Holder:
    """Something that carries a secret, as a credential does."""

    name: str
    secret: Secret


class Oops(Exception):
    """An exception that was given a secret."""


def logged(secret: Secret) -> str:
    record = logging.LogRecord("name", logging.INFO, "path", 1, "it is %s and %r", (secret, secret), None)
    return logging.Formatter().format(record)


def traced(secret: Secret) -> str:
    """A traceback with the local variables, as ``pytest --showlocals`` prints it."""
    try:
        raise Oops(secret)
    except Oops as error:
        return "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())


SHOWINGS: dict[str, Callable[[Secret], str]] = {
    "repr": lambda secret: repr(secret),
    "str": lambda secret: str(secret),
    "ascii": lambda secret: ascii(secret),
    "format": lambda secret: format(secret),
    "format-with-a-width": lambda secret: format(secret, ">40"),
    "format-method": lambda secret: "{0} {0!r} {0:>20}".format(secret),  # noqa: UP032
    "percent": lambda secret: "%s %r" % (secret, secret),  # noqa: UP031
    "f-string": lambda secret: f"{secret}",
    "f-string-repr": lambda secret: f"{secret!r}",
    "f-string-with-its-name": lambda secret: f"{secret=}",
    "f-string-with-a-width": lambda secret: f"{secret:^30}",
    "in-a-list": lambda secret: str([secret]),
    "in-a-dictionary": lambda secret: str({secret: secret}),
    "in-a-dataclass": lambda secret: f"{Holder('name', secret)}",
    "pretty-printed": lambda secret: pprint.pformat(Holder("name", secret), width=1),
    "in-an-exception": lambda secret: f"{Oops(secret)} {Oops(secret)!r}",
    "in-a-traceback": traced,
    "in-a-log": logged,
    "changed": lambda secret: f"{secret.changed(str.strip)}",
}


@pytest.mark.parametrize("show", SHOWINGS.values(), ids=SHOWINGS)
def test_no_way_of_showing_shows_it(show: Callable[[Secret], str]) -> None:
    shown = show(Secret(TEXT))
    assert TEXT not in shown
    assert ascii(TEXT).strip("'") not in shown


WAYS_OUT: dict[str, Callable[[Any], object]] = {
    "pickle": pickle.dumps,
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "asdict": lambda secret: asdict(Holder("name", secret)),
    "json": json.dumps,
    "vars": vars,
    "bytes": bytes,
    "iteration": list,
    "length": len,
    "concatenation": lambda secret: "Basic " + secret,
    "join": lambda secret: "".join([secret]),
    "order": lambda secret: secret < secret,
}


@pytest.mark.parametrize("take", WAYS_OUT.values(), ids=WAYS_OUT)
def test_what_would_take_it_out_is_refused(take: Callable[[Any], object]) -> None:
    with pytest.raises(TypeError) as refusal:
        take(Secret(TEXT))
    assert TEXT not in str(refusal.value)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_no_pickle_protocol_takes_it(protocol: int) -> None:
    """A worker process gets a reference to a secret, never the secret."""
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(Holder("name", Secret(TEXT)), protocol)


def test_a_failed_comparison_shows_neither_side() -> None:
    """Both values stand in what pytest explains of ``==``; this module is one whose asserts it explains."""
    secret, other = Secret(TEXT), Secret(TEXT.upper())
    with pytest.raises(AssertionError) as failure:
        assert secret == other
    assert "Secret(…) == Secret(…)" in str(failure.value)
    assert TEXT.casefold() not in str(failure.value).casefold()


def test_a_failed_comparison_of_holders_shows_neither_secret() -> None:
    """For a dataclass pytest goes through the fields one by one."""
    holder, other = Holder("name", Secret(TEXT)), Holder("name", Secret(TEXT.upper()))
    with pytest.raises(AssertionError) as failure:
        assert holder == other
    assert "Secret(…)" in str(failure.value)
    assert TEXT.casefold() not in str(failure.value).casefold()


def test_a_failed_comparison_with_a_text_does_not_show_the_secret() -> None:
    secret = Secret(TEXT)
    with pytest.raises(AssertionError) as failure:
        assert secret == "something else"
    assert TEXT not in str(failure.value)


def test_only_reveal_gives_it() -> None:
    assert Secret(TEXT).reveal() == TEXT


@pytest.mark.parametrize(
    ("change", "equal"),
    [
        pytest.param(str, True, id="the-same"),
        pytest.param(str.upper, False, id="other-letter-case"),
        pytest.param(lambda text: f"{text} ", False, id="a-blank-behind"),
        pytest.param(lambda text: text[:-1], False, id="one-character-less"),
        pytest.param(lambda text: "", False, id="empty"),
        pytest.param(lambda text: text.replace("Ω", "\u2126"), False, id="another-code-point-that-looks-alike"),
    ],
)
def test_equality_is_that_of_the_texts(change: Callable[[str], str], equal: bool) -> None:
    secret, other = Secret(TEXT), Secret(change(TEXT))
    assert (secret == other) is equal
    assert (secret != other) is not equal
    assert len({secret, other}) == (1 if equal else 2)


@pytest.mark.parametrize("text", ["\udcff", "a\udc80b"], ids=["alone", "within"])
def test_a_text_that_is_not_unicode_is_compared_too(text: str) -> None:
    """``os.environ`` holds such texts when a variable is not UTF-8."""
    assert Secret(text) == Secret(text)
    assert Secret(text) != Secret("other")


def test_no_text_equals_a_secret() -> None:
    """Else a comparison with a guess would be one more way to ask for the value."""
    assert Secret(TEXT).__eq__(TEXT) is NotImplemented
    assert Secret(TEXT) not in (TEXT, TEXT.encode(), None)


def test_changed_makes_another_secret_and_leaves_the_first() -> None:
    secret = Secret(TEXT)
    assert secret.changed(str.upper).reveal() == TEXT.upper()
    assert secret.reveal() == TEXT
    assert isinstance(secret.changed(str), Secret)


def test_a_secret_takes_no_attributes() -> None:
    """What has slots only cannot get a second place for the value."""
    with pytest.raises(AttributeError):
        Secret(TEXT).note = "x"  # type: ignore[attr-defined]
