"""What the simulated subset of Groovy may call: methods of the message, of texts and of maps.

Message: SAP's ``script.api``. A call that a real object would not have fails with Groovy's exception.
"""

from __future__ import annotations

from collections.abc import Callable

from cpi_conformance.simulator.integration.errors import ScriptFailed
from cpi_conformance.simulator.integration.message import Message
from cpi_conformance.simulator.integration.script_values import Budget, ClassName, kind_of, text_of

Call = Callable[[object, tuple[object, ...], Budget], object]

STRING_CLASSES = {"String", "java.lang.String"}
CLASSES = STRING_CLASSES | {"Object", "java.lang.Object"}


def call(receiver: object, name: str, arguments: tuple[object, ...], budget: Budget) -> object:
    """The result of ``receiver.name(arguments)``.

    Raises:
        ScriptFailed: the receiver is null, or has no such method.
    """
    budget.spend()
    method = next((methods.get(name) for kind, methods in METHODS.items() if isinstance(receiver, kind)), None)
    if receiver is None:
        raise ScriptFailed(f"java.lang.NullPointerException: Cannot invoke method {name}() on null object")
    if name == "toString" and not arguments:
        return text_of(receiver, budget)
    if method is None or len(arguments) not in method[0]:
        kinds = ", ".join(kind_of(argument) for argument in arguments)
        raise ScriptFailed(
            f"groovy.lang.MissingMethodException: No signature of method: {kind_of(receiver)}.{name}()"
            f" is applicable for argument types: ({kinds})"
        )
    return method[1](receiver, arguments, budget)


def read_property(receiver: object, name: str) -> object:
    """The value of ``receiver.name``; ``ScriptFailed`` when there is none."""
    if isinstance(receiver, dict):
        return receiver.get(name)
    if isinstance(receiver, Message) and name in MESSAGE_PROPERTIES:
        value = getattr(receiver, name)
        return dict(value) if isinstance(value, dict) and name != "body" else value
    if receiver is None:
        raise ScriptFailed(f"java.lang.NullPointerException: Cannot get property '{name}' on null object")
    raise ScriptFailed(f"groovy.lang.MissingPropertyException: No such property: {name} for class: {kind_of(receiver)}")


def write_property(receiver: object, name: str, value: object) -> None:
    """``message.body = value``; nothing else can be written."""
    if not isinstance(receiver, Message) or name != "body":
        raise ScriptFailed(f"groovy.lang.ReadOnlyPropertyException: Cannot set property: {name}")
    receiver.body = value


def cast(value: object, class_name: str, budget: Budget) -> object:
    """``value as String``; null stays null."""
    return text_of(value, budget) if class_name in STRING_CLASSES and value is not None else value


def _text(receiver: object) -> str:
    assert isinstance(receiver, str)
    return receiver


def _message(receiver: object) -> Message:
    assert isinstance(receiver, Message)
    return receiver


def _argument(arguments: tuple[object, ...]) -> str:
    if not isinstance(arguments[0], str):
        raise ScriptFailed(f"java.lang.IllegalArgumentException: a String is expected, not {kind_of(arguments[0])}")
    return arguments[0]


def _as(value: object, wanted: object, budget: Budget) -> object:
    if not isinstance(wanted, ClassName):
        raise ScriptFailed(f"java.lang.IllegalArgumentException: a class is expected, not {kind_of(wanted)}")
    return cast(value, wanted.name, budget)


def _get_body(receiver: object, arguments: tuple[object, ...], budget: Budget) -> object:
    body = _message(receiver).body
    return _as(body, arguments[0], budget) if arguments else body


def _set_body(receiver: object, arguments: tuple[object, ...], budget: Budget) -> object:
    _message(receiver).body = arguments[0]
    return None


def _get_header(receiver: object, arguments: tuple[object, ...], budget: Budget) -> object:
    return _as(_message(receiver).headers.get(_argument(arguments)), arguments[1], budget)


def _set_header(receiver: object, arguments: tuple[object, ...], budget: Budget) -> object:
    _message(receiver).headers[_argument(arguments)] = arguments[1]
    return None


def _get_property(receiver: object, arguments: tuple[object, ...], budget: Budget) -> object:
    return _message(receiver).properties.get(_argument(arguments))


def _set_property(receiver: object, arguments: tuple[object, ...], budget: Budget) -> object:
    _message(receiver).properties[_argument(arguments)] = arguments[1]
    return None


def _of_text(work: Callable[[str], object]) -> Call:
    def method(receiver: object, arguments: tuple[object, ...], budget: Budget) -> object:
        budget.spend(len(_text(receiver)))
        return work(_text(receiver))

    return method


def _of_texts(work: Callable[[str, str], object]) -> Call:
    def method(receiver: object, arguments: tuple[object, ...], budget: Budget) -> object:
        budget.spend(len(_text(receiver)))
        return work(_text(receiver), _argument(arguments))

    return method


def _replace(receiver: object, arguments: tuple[object, ...], budget: Budget) -> object:
    text, old, new = _text(receiver), _argument(arguments), _argument(arguments[1:])
    budget.spend(len(text) + text.count(old) * len(new))
    return text.replace(old, new)


def _get(receiver: object, arguments: tuple[object, ...], budget: Budget) -> object:
    assert isinstance(receiver, dict)
    return receiver.get(_argument(arguments))


METHODS: dict[type, dict[str, tuple[tuple[int, ...], Call]]] = {
    str: {
        "length": ((0,), _of_text(len)),
        "isEmpty": ((0,), _of_text(lambda text: not text)),
        "toUpperCase": ((0,), _of_text(str.upper)),
        "toLowerCase": ((0,), _of_text(str.lower)),
        "trim": ((0,), _of_text(lambda text: text.strip("".join(map(chr, range(33)))))),
        "contains": ((1,), _of_texts(lambda text, part: part in text)),
        "startsWith": ((1,), _of_texts(str.startswith)),
        "endsWith": ((1,), _of_texts(str.endswith)),
        "replace": ((2,), _replace),
    },
    dict: {"get": ((1,), _get)},
    Message: {
        "getBody": ((0, 1), _get_body),
        "setBody": ((1,), _set_body),
        "getHeader": ((2,), _get_header),
        "setHeader": ((2,), _set_header),
        "getHeaders": ((0,), lambda receiver, arguments, budget: dict(_message(receiver).headers)),
        "getProperty": ((1,), _get_property),
        "setProperty": ((2,), _set_property),
        "getProperties": ((0,), lambda receiver, arguments, budget: dict(_message(receiver).properties)),
    },
}
"""For each kind of receiver its methods, and with how many arguments each can be called."""

MESSAGE_PROPERTIES = {"body", "headers", "properties"}
KNOWN_METHODS = {"toString"}.union(*METHODS.values())
