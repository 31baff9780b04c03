"""A thousand archives that nobody should send, and some that anybody may: each gets a documented answer, soon.

They are made from seeds, so a failure names what to look at: ``pytest -k KIND`` and the number in the message.
"""

from __future__ import annotations

import random
import resource
import time
from collections.abc import Callable, Iterator

import pytest

from cpi_conformance.simulator.integration.errors import ContentRefused
from tests.flow_archives import (
    MANIFEST,
    RESPOND,
    Tenant,
    archive,
    channel,
    entries,
    manifest,
    model,
    step,
    zipped,
)

pytestmark = pytest.mark.once

EACH = 100
SECONDS_EACH = 10.0
"""Of the processor, so that other load does not count: what hangs takes more than any limit."""

MEGABYTES = 300

Random = random.Random


@pytest.fixture
def tenant() -> Iterator[Tenant]:
    tenant = Tenant()
    yield tenant
    tenant.close()


def valid(dice: Random) -> bytes:
    """Differs in whatever may differ."""
    version = dice.choice(["1.4.0", "1.4.1", "1.5.0", "1.5.1", "1.5.2"])
    protection = dice.choice(["0", "1"])
    path = "/".join(dice.choice(["test", "a-b", "V1.0", "x_y", "~z"[1:]]) for _ in range(dice.randint(1, 4)))
    steps = (step(),) * dice.randint(0, 3)
    text = "".join(dice.choice("abc ÄÖ€😀\\") for _ in range(dice.randint(0, 20)))
    text = text.replace("\\", "\\\\")
    script = RESPOND.replace("Connected Successfully to CPI!", text)
    content = model(channel(version, urlPath=f"/{path}", xsrfProtection=protection), steps=steps)
    return archive(model=content, script=script.encode(), manifest=manifest(Bundle_Version="1.2.3"))


def damaged_container(dice: Random) -> bytes:
    """Bytes of the zip changed, cut out, or doubled."""
    content = bytearray(archive())
    for _ in range(dice.randint(1, 6)):
        at = dice.randrange(len(content))
        length = dice.randint(1, 40)
        content[at : at + length] = dice.choice(
            [b"", dice.randbytes(length), b"\0" * length, bytes(content[at : at + length]) * 2, b"\xff" * length]
        )
    return bytes(content)


def damaged_text(content: bytes, dice: Random) -> bytes:
    """Parts cut out, doubled, exchanged for others, or for bytes of no meaning."""
    changed = bytearray(content)
    for _ in range(dice.randint(1, 4)):
        at, other = dice.randrange(len(changed) + 1), dice.randrange(len(changed) + 1)
        length = dice.randint(1, 60)
        changed[at : at + length] = dice.choice(
            [
                b"",
                bytes(changed[other : other + length]),
                bytes(changed[at : at + length]) * 3,
                dice.randbytes(4),
                b"<>&",
            ]
        )
    return bytes(changed)


def damaged_manifest(dice: Random) -> bytes:
    return zipped({**entries(), MANIFEST: damaged_text(entries()[MANIFEST], dice)})


def damaged_model(dice: Random) -> bytes:
    return archive(model=damaged_text(model(channel(), channel(urlPath="/b")), dice))


def damaged_script(dice: Random) -> bytes:
    return archive(script=damaged_text(RESPOND.encode() * 2, dice))


NAMES = (
    "../x",
    "/x",
    "a/../../x",
    "..",
    "C:\\x",
    "a\\..\\x",
    "a//b",
    "./x",
    "nul:",
    "x\n",
    "\u202e" + "a" * 300,
)


def hostile_container(dice: Random) -> bytes:
    """Bombs, ways out, links, crowds."""
    kind = dice.randrange(6)
    if kind == 0:
        return zipped({**entries(), "bomb": bytes(dice.randint(5, 8) * 1024 * 1024)})
    if kind == 1:
        return zipped({**entries(), **{f"part{it}": b"\x01" * 300_000 for it in range(dice.randint(60, 80))}})
    if kind == 2:
        return zipped({**entries(), **{f"{it}": b"" for it in range(dice.randint(300, 3_000))}})
    if kind == 3:
        return archive().replace(b"META-INF/", b"META-IN" + dice.randbytes(1).replace(b"F", b"\\") + b"\\")
    if kind == 4:
        content = bytearray(archive())
        at = content.index(b"PK\x01\x02")
        content[at + 38 : at + 42] = (0o120777 << 16).to_bytes(4, "little")
        return bytes(content)
    return zipped({**entries(), dice.choice(NAMES): b"x"})


def hostile_model(dice: Random) -> bytes:
    """Entities, depth, length, circles."""
    size = dice.randint(1_000, 60_000)
    laughs = [f"<!ENTITY a{it} '" + f"&a{it - 1};" * 9 + "'>" for it in range(1, dice.randint(2, 30))]
    doctype = "<!DOCTYPE d [<!ENTITY a0 'ha'>" + "".join(laughs)
    long_attribute = "x" * size * 10
    many_attributes = " ".join(f'a{it}=""' for it in range(size))
    hostile = (
        model(change=lambda text: text.replace("?>", f"?>{doctype}]>", 1).replace("Start", "&a1;")),
        model(change=lambda text: text.replace("?>", '?><!DOCTYPE d SYSTEM "file:///dev/zero">', 1)),
        model(change=lambda text: text.replace("</bpmn2:process>", "<a>" * size + "</a>" * size + "</bpmn2:process>")),
        model(change=lambda text: text.replace("</bpmn2:process>", "<a>" * size)),
        model(change=lambda text: text.replace('id="D"', f'id="{long_attribute}"')),
        model(change=lambda text: text.replace('id="D"', many_attributes)),
        model(change=lambda text: text.replace('targetRef="End"', 'targetRef="Step_0"')),
        model(channel(urlPath="/" + "a-" * size)),
        model(channel(urlPath="{{" * size)),
        model(*[channel(urlPath=f"/p{it}") for it in range(dice.randint(60, 900))]),
        model(steps=tuple(step() for _ in range(dice.randint(100, 800)))),
        b'<?xml version="1.0" encoding="UTF-7"?>' + model(),
        model().decode().encode("utf-16"),
        b"\xef\xbb\xbf" * 3 + model(),
    )
    return archive(model=dice.choice(hostile))


WORDS = (
    *("(", ")", "[", "]", "{", "}", ",", ";", ".", ":", "?", "?.", "?:", "=", "==", "!=", "<", ">", "+", "&&", "||"),
    *("!", "->", "..", "@", "/", "'", '"', "$", "${", "\\", "\n"),
    *("def", "if", "else", "return", "throw", "new", "as", "String", "message", "body", "null", "true", "1", "1.5"),
    *("'x'", '"${message.body}"', '"""', "import", "for", "class", "f", "a", "b", "// c\n", "/*", "*/", "Message"),
)


def random_script(dice: Random) -> bytes:
    """Words of Groovy in no order, in a function or not."""
    words = " ".join(dice.choice(WORDS) for _ in range(dice.randint(1, 400)))
    source = dice.choice(
        ["{}", "def processData(message) {{ {} \n message }}", "def processData(a) {{ a.body = {} \n a }}"]
    )
    return archive(script=source.format(words).encode())


def spliced_script(dice: Random) -> bytes:
    """Legal statements in any number and order: most of these run."""
    statements = (
        "def v{0} = 1 + {0}",
        "message.body = [a: {0}, b: [message.body]]",
        "message.setBody(message.body + message.body)",
        'message.body = "${{message.body}}{0}$message.body"',
        "if (message.body == {0}) {{ message.body = null }} else message.setHeader('h{0}', message.body)",
        "message.setProperty('p', message.getProperties())",
        "message.body = groovy.json.JsonOutput.toJson(message.headers)",
        "message.body = (message.body as String).replace('a', 'aaaaaaaaaaaaaaaaaaaaaa')",
        "message.body = message.body?.length() ?: {0}",
        "if ({0} > 297) throw new RuntimeException('' + message.body)",
        "message.body = g(message.body, {0})",
    )
    chosen = "\n".join(dice.choice(statements).format(number) for number in range(dice.randint(1, 300)))
    helper = "def g(a, n) {\n if (n < 0) return a\n g([a, a], n + 1) }\n"
    return archive(script=f"def processData(message) {{\n{chosen}\nmessage }}\n{helper}".encode())


def hostile_script(dice: Random) -> bytes:
    """Depth and length of each kind."""
    size = dice.randint(100, 15_000)
    bodies = (
        "(" * size + ")" * size,
        "[" * size + "]" * size,
        "{" * size + "}" * size,
        "!" * size + "a",
        "a" + ".b" * size,
        "a" + "?.b()" * size,
        "a" + "[0]" * size,
        "1 + " * size + "1",
        "a ?: " * size + "a",
        "a ? " * size + "a" + " : a" * size,
        "if (a) " * size + "a",
        "a < " * size + "a",
        "f<a" * size,
        "a as String " * size,
        '"${' * size + '}"' * size,
        '"${a}" + ' * min(size, 90) + "a",
        "f(" * size + ")" * size,
        "[a: " * size + "1" + "]" * size,
        "def " * size,
        "return " * size,
        "a = " * size,
        "'" * size,
        '"' * size,
        "\\" * size,
        "/*" * size,
        "\n;" * size,
        "a\n" * size,
        "é" * size,
        "1" * size,
        "new " * size,
    )
    return archive(script=f"def processData(a) {{\n{dice.choice(bodies)}\na }}".encode())


KINDS: dict[str, Callable[[Random], bytes]] = {
    "valid": valid,
    "damaged-container": damaged_container,
    "damaged-manifest": damaged_manifest,
    "damaged-model": damaged_model,
    "damaged-script": damaged_script,
    "hostile-container": hostile_container,
    "hostile-model": hostile_model,
    "hostile-script": hostile_script,
    "random-script": random_script,
    "spliced-script": spliced_script,
}


def outcome(tenant: Tenant, content: bytes) -> tuple[str, str]:
    """Create, deploy, call, undeploy, delete; ``refused``, ``ERROR`` or ``STARTED``, and the text of it."""
    try:
        artifact = tenant.create(content, "Flow")
    except ContentRefused as refused:
        return "refused", str(refused) if refused.status == 400 else ""
    task = tenant.deploy(artifact)
    tenant.pass_time(5)
    assert tenant.deployments.task(task) == "SUCCESS"
    deployed = tenant.deployments.runtime_artifact("Flow")
    for endpoint in tenant.deployments.endpoints()[:2]:
        answer = tenant.call("GET", f"/http{endpoint.address}")
        assert answer.status in (200, 500)
        assert answer.refused is None or answer.refused.cause == "flow-failed"
    tenant.undeploy("Flow")
    tenant.pass_time(2)
    assert tenant.deployments.endpoints() == ()
    tenant.design_time.delete_artifact("Flow")
    return deployed.status, deployed.error or ""


@pytest.mark.parametrize("kind", KINDS)
def test_each_archive_gets_a_documented_answer(kind: str, tenant: Tenant) -> None:
    """Never an exception, a hang, or more memory than a tenant can spare."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    outcomes = []
    for number in range(EACH):
        content = KINDS[kind](Random(f"{kind} {number}"))
        started = time.process_time()
        status, text = outcome(tenant, content)
        outcomes.append(status)
        assert time.process_time() - started < SECONDS_EACH, f"{kind} {number} took too long"
        assert status == "STARTED" or (status in ("refused", "ERROR") and 0 < len(text) < 400), (
            f"{kind} {number}: {text}"
        )
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < MEGABYTES * 1024
    assert EXPECTED[kind](outcomes)


EXPECTED: dict[str, Callable[[list[str]], bool]] = {
    "valid": lambda found: set(found) == {"STARTED"},
    "damaged-container": lambda found: "refused" in found,
    "damaged-manifest": lambda found: {"refused", "ERROR"} <= set(found),
    "damaged-model": lambda found: "ERROR" in found,
    "damaged-script": lambda found: found.count("ERROR") > EACH / 2,
    "hostile-container": lambda found: set(found) == {"refused"},
    "hostile-model": lambda found: "ERROR" in found,
    "hostile-script": lambda found: found.count("ERROR") > EACH / 2,
    "random-script": lambda found: found.count("ERROR") > EACH / 2,
    "spliced-script": lambda found: set(found) == {"STARTED"},
}
"""That the generators make what they say."""


def test_there_are_a_thousand() -> None:
    assert len(KINDS) * EACH == 1_000
    assert KINDS.keys() == EXPECTED.keys()
