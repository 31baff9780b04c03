"""One call of a flow: the message that it is given, the scripts, the answer, and the message log."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl

from cpi_conformance.simulator.clock import Clock
from cpi_conformance.simulator.exchange import Answer, Exchange, Headers
from cpi_conformance.simulator.flow import Flow
from cpi_conformance.simulator.integration.errors import ScriptFailed
from cpi_conformance.simulator.integration.message import Message
from cpi_conformance.simulator.integration.message_logs import (
    COMPLETED,
    FAILED,
    MessageLog,
    MessageLogs,
    message_log_id,
)
from cpi_conformance.simulator.integration.script_values import Budget, text_of
from cpi_conformance.simulator.record import Truth

LOG_ID = "SAP_MessageProcessingLogID"
STATUS = "CamelHttpResponseCode"
CONTENT_TYPE = ("content-type", "text/plain;charset=utf-8")

TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,200}")
VALUE = re.compile(r"[\x20-\x7e]{0,4000}")
OF_THE_SERVER = {
    *("cache-control", "expires", "pragma", "server", "x-content-type-options", "x-frame-options"),
    *("x-xss-protection", "strict-transport-security", "x-correlationid", "x-vcap-request-id", "set-cookie"),
    *("content-length", "transfer-encoding", "connection", "date", "host", "authorization", "x-csrf-token"),
}
"""Headers that a flow cannot set."""


def call_flow(flow: Flow, exchange: Exchange, clock: Clock, logs: MessageLogs) -> Answer:
    """Let a flow answer, and write its message log; whatever a script does, this does not raise."""
    start = clock.now()
    guid = message_log_id(int(start.timestamp()))
    failure: str | None = None
    try:
        answer = _answered(flow, exchange, guid)
    except ScriptFailed as failed:
        failure = str(failed)
        answer = _failure(guid, failure if flow.returns_exception else "")
    logs.add(
        MessageLog(
            guid=guid,
            artifact_id=flow.artifact_id or flow.address.lstrip("/"),
            artifact_name=flow.artifact_name or flow.address.lstrip("/"),
            package_id=flow.package_id,
            status=COMPLETED if failure is None else FAILED,
            start=start,
            end=clock.now(),
            correlation_id=message_log_id(int(start.timestamp())),
            error=failure,
        )
    )
    return answer


def _answered(flow: Flow, exchange: Exchange, guid: str) -> Answer:
    if not flow.scripts:
        if flow.body is None:
            raise ScriptFailed("java.lang.RuntimeException: the flow fails")
        return Answer(200, (CONTENT_TYPE,), flow.body.encode())
    message = _message(flow, exchange, guid)
    for script in flow.scripts:
        message = script.run(message)
    budget = Budget()
    body = "" if message.body is None else text_of(message.body, budget)
    # a lone surrogate is a text in Groovy, but not in UTF-8
    return Answer(_status(message), _headers(message, budget), body.encode("utf-8", "replace"))


def _message(flow: Flow, exchange: Exchange, guid: str) -> Message:
    """Headers: those that the flow allows, and the parameters of the query; none that begins with ``camel``."""
    given = [
        (name, value) for name, value in exchange.headers if name in flow.allowed_headers or "*" in flow.allowed_headers
    ]
    headers: dict[str, object] = {}
    for name, value in (*given, *parse_qsl(exchange.query, keep_blank_values=True)):
        if not name.lower().startswith("camel"):
            headers[name] = f"{headers[name]},{value}" if name in headers else value
    path = exchange.path.removeprefix("/http")
    below = path[len(flow.address) - 1 :] if flow.address.endswith("/*") else ""
    headers |= {
        "CamelHttpMethod": exchange.method,
        "CamelHttpUrl": f"https://{exchange.header('host') or ''}{exchange.path}",
        "CamelHttpQuery": exchange.query or None,
        "CamelServletContextPath": flow.address.removesuffix("/*"),
        "CamelHttpPath": below,
        LOG_ID: guid,
    }
    return Message(exchange.body.decode("utf-8", "replace"), headers, {LOG_ID: guid})


def _status(message: Message) -> int:
    status = message.headers.get(STATUS)
    if isinstance(status, str) and status.isascii() and status.isdigit() and len(status) == 3:
        status = int(status)
    return status if isinstance(status, int) and 200 <= status <= 599 else 200


def _headers(message: Message, budget: Budget) -> Headers:
    found: dict[str, str] = {}
    for name, value in message.headers.items():
        lower = name.lower()
        if lower.startswith("camel") or lower in OF_THE_SERVER or name == LOG_ID or not TOKEN.fullmatch(name):
            continue
        text = text_of(value, budget) if isinstance(value, (str, int)) else ""
        if text and VALUE.fullmatch(text):
            found[lower] = text
    return (CONTENT_TYPE, *found.items()) if CONTENT_TYPE[0] not in found else tuple(found.items())


def _failure(guid: str, exception: str) -> Answer:
    told = f"{exception}\n\n" if exception else ""
    text = f"An internal server error occured: {told}The MPL ID for the failed message is : {guid}\n\n"
    truth = Truth("flow", "flow-failed", "the script of the flow threw an exception")
    return Answer(500, (("content-type", "text/plain"),), text.encode("utf-8", "replace"), truth)
