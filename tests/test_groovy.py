"""Groovy within the declared subset: what scripts answer, what is refused by name and line, and what is limited."""

from __future__ import annotations

import time

import pytest

from cpi_conformance.simulator.integration.errors import ScriptBroken, ScriptFailed
from cpi_conformance.simulator.integration.message import Message
from cpi_conformance.simulator.integration.script import compile_script
from tests.flow_archives import RESPOND

pytestmark = pytest.mark.once

SKELETON = """import com.sap.gateway.ip.core.customdev.util.Message

def Message processData(Message message) {
    def mplId = message.getProperty("SAP_MessageProcessingLogID") ?: message.getHeader("X", String)
    def body = message.getBody(String) ?: ""
    message.setHeader("Content-Type", "application/json")
    message.setHeader("X-Test-Mpl-Id", mplId as String)
    message.setBody(groovy.json.JsonOutput.toJson([flow: "ClientCertTest", mplId: mplId as String,
        method: message.getHeader("CamelHttpMethod", String), received: body.length()]))
    return message
}
"""


def in_function(statements: str) -> str:
    return f"def Message processData(Message message) {{\n{statements}\nreturn message\n}}\n"


def value_of(expression: str, before: str = "") -> object:
    """The value of an expression in a script."""
    message = Message("hi", {"A": "1"}, {"p": "q"})
    return compile_script(in_function(f"{before}\nmessage.setBody({expression})")).run(message).body


def test_the_script_of_the_skeleton() -> None:
    message = Message("four", {"CamelHttpMethod": "POST"}, {"SAP_MessageProcessingLogID": "AGx"})
    after = compile_script(SKELETON).run(message)
    assert after.body == '{"flow":"ClientCertTest","mplId":"AGx","method":"POST","received":4}'
    assert after.headers["X-Test-Mpl-Id"] == "AGx"


@pytest.mark.parametrize(
    "header",
    [
        "def Message processData(Message message)",
        "Message processData(Message message)",
        "def processData(Message message)",
        "def processData(message)",
        "def processData(def message)",
        "static def Message processData(final Message message)",
        "public Message processData(Message message)",
        "def  /* in { between */ Message processData /* ( */ ( Message message )\n",
    ],
)
def test_headers_of_functions(header: str) -> None:
    """All of these are legal Groovy; the grammar alone takes only some of them."""
    script = compile_script(f'// def Message x(\n{header} {{ message.setBody("ok"); return message }}')
    assert script.run(Message()).body == "ok"


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("'a$b\\n'", "a$b\n"),
        ('"""two\nlines"""', "two\nlines"),
        ("'''it's'''", "it's"),
        ('"\\u00fc\\$x"', "ü$x"),
        ('"<${message.body}>"', "<hi>"),
        ('"<$message.body>"', "<hi>"),
        ('"${"in ${1 + 1}"}"', "in 2"),
        ("\"${message.headers['A']}\"", "1"),
        ('"def Message f( ${1} // no comment"', "def Message f( 1 // no comment"),
        ("1 + 2", 3),
        ("1 + '2'", "12"),
        ("'n' + null + true + [1, 'a'] + [a: 1] + [:] + []", "nnulltrue[1, a][a:1][:][]"),
        ("[a: [1, 2]].a[1]", 2),
        ("[a: 1]['a']", 1),
        ("[a: 1].get('b')", None),
        ("[1][5]", None),
        ("null ?: 'x'", "x"),
        ("'' ?: 0 ?: 'x'", "x"),
        ("1 ? 2 ? 'a' : 'b' : 'c'", "a"),
        ("null?.length()", None),
        ("'ab'?.length()", 2),
        ("1 == 1 && 'a' != 'b' || false", True),
        ("!(1 < 2)", False),
        ("2 >= 2 && 3 > 2 && 2 <= 2", True),
        ("1 == '1'", False),
        ("true == 1", False),
        ("[1, [a: 'b']] == [1, [a: 'b']]", True),
        ("'a' < 'b'", True),
        ("(1)", 1),
        ("12 as String", "12"),
        ("' Ab '.trim().toUpperCase().toLowerCase()", "ab"),
        ("'abc'.contains('b')", True),
        ("'abc'.startsWith('b')", False),
        ("'abc'.endsWith('c')", True),
        ("'a.a'.replace('.', '-')", "a-a"),
        ("message.getBody(java.lang.String)", "hi"),
        ("message.getBody()", "hi"),
        ("message.body", "hi"),
        ("message.getHeader('A', String)", "1"),
        ("message.getHeader('B', java.lang.String)", None),
        ("message.getHeaders().A", "1"),
        ("message.getProperty('p')", "q"),
        ("message.properties.p", "q"),
        ("JsonOutput.toJson([a: 'ü\"', b: [1, null, true], c: [:]])", '{"a":"\\u00fc\\"","b":[1,null,true],"c":{}}'),
    ],
)
def test_expressions(expression: str, expected: object) -> None:
    assert value_of(expression) == expected


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        pytest.param("def a = 1; def b = a + 1\na = b\nmessage.body = a", 2, id="variables"),
        pytest.param("String a = 1\nmessage.body = a", "1", id="text-variable"),
        pytest.param("Map<String, Object> a = [b: 1]\nmessage.body = a.b", 1, id="generic-type"),
        pytest.param("if (true)\n  message.body = 1\nelse\n  message.body = 2", 1, id="if-without-braces"),
        pytest.param("if (1 == 2) { }\nelse if (2 == 2) { message.body = 'b' } else { }", "b", id="else-if"),
        pytest.param("if (1 == 1)\n{\n message.body = 'b'\n}", "b", id="brace-on-a-line-of-its-own"),
        pytest.param("message\n  .setBody('x')", "x", id="dot-on-the-next-line"),
        pytest.param("def a = true\n ? 'x'\n : 'y'\nmessage.body = a", "x", id="question-mark-on-the-next-line"),
        pytest.param("def a = 1 +\n 1\nmessage.body = a", 2, id="operator-at-the-end-of-a-line"),
        pytest.param("message.body = twice('a')", "aa", id="another-function"),
        pytest.param("def a\nmessage.body = a", None, id="declared-only"),
        pytest.param("if (true) { def a = 1 }\ndef a = 2\nmessage.body = a", 2, id="variable-of-a-block"),
        pytest.param("message.setProperty('k', 'v'); message.body = message.getProperty('k')", "v", id="property"),
        pytest.param("return message\nmessage.body = 'never'", "hi", id="return-before"),
    ],
)
def test_statements(statements: str, expected: object) -> None:
    source = in_function(statements) + "def twice(text) { text + text }\n"
    assert compile_script(source).run(Message("hi")).body == expected


def test_another_function_can_be_the_entry() -> None:
    source = "def Message other(Message m) { m.body = 'other'; m }\n" + RESPOND
    assert compile_script(source, "other").run(Message()).body == "other"
    assert compile_script(source).run(Message()).body == "Connected Successfully to CPI!"


@pytest.mark.parametrize(
    ("statements", "construct"),
    [
        ("for (a in [1]) { }", "a loop ('for')"),
        ("while (true) { }", "a loop ('while')"),
        ("[1].each { it }", "a closure"),
        ("[1].each({ it })", "a closure"),
        ("def c = { 1 }", "a closure"),
        ("def c = { a -> 1 }", "a closure"),
        ('def c = "${-> 1}"', "a closure"),
        ("new File('/etc/passwd')", "the creation of an object"),
        ("new URL('http://x').text", "the creation of an object"),
        ("System.exit(1)", "the method exit()"),
        ("System.out", "access to System"),
        ("java.lang.System.getenv", "access to java.lang.System.getenv"),
        ("'id'.execute()", "the method execute()"),
        ("message.getClass()", "the method getClass()"),
        ("message.class", "a class ('class')"),
        ("message.metaClass", "reflection ('.metaClass')"),
        ("Eval.me('1')", "the method me()"),
        ("evaluate('1')", "the function evaluate()"),
        ("messageLogFactory.getMessageLog(message)", "the method getMessageLog()"),
        ("println('x')", "the function println()"),
        ("println 'x'", "a call without parentheses"),
        ("try { } catch (Exception e) { }", "exception handling ('try')"),
        ("switch (1) { }", "a switch ('switch')"),
        ("assert true", "'assert'"),
        ("def a = 1..2", "'1..2'"),
        ("def a = [1, 2]*.x", "a spread"),
        ("def a = 'x' =~ 'y'", "a regular expression"),
        ("def a = /x/", "slashy string"),
        ("def a = 2 - 1", "the sign '-'"),
        ("def a = 1; a++", "the sign '++'"),
        ("def a = 0x10", "the number '0x10'"),
        ("a = 1", "without a declaration"),
        ("message.headers = [:]", "an assignment to anything but"),
        ("def a = (b = 1)", "an assignment"),
        ("throw new IOException('x')", "a throw of anything but"),
        ("throw message", "a throw of anything but"),
        ("@Field def a = 1", "an annotation"),
        ("message.getBody(InputStream)", "access to InputStream"),
        ("this.processData(message)", "'this'"),
        ("def $elvis = 1", "'$'"),
        ("def a$safe = 1", "the name 'a$safe'"),
    ],
)
def test_what_is_outside_the_subset_is_named_with_its_line(statements: str, construct: str) -> None:
    with pytest.raises(ScriptBroken) as refused:
        compile_script(in_function(f"def ok = 1\n{statements}"))
    assert construct.strip("a ") in str(refused.value)
    assert str(refused.value).startswith("Line 3: ")


@pytest.mark.parametrize(
    ("source", "text"),
    [
        pytest.param("", "holds no function 'processData'", id="nothing"),
        pytest.param("def Message processData(Message message) {", "'{' is not closed", id="brace-open"),
        pytest.param("def f(a) { return a } }", "Line 1: unexpected '}'", id="brace-too-many"),
        pytest.param("def f(a) { return (a] }", "unexpected ']'", id="wrong-bracket"),
        pytest.param("def f(a) { return 'x }", "a string is not closed", id="string-open"),
        pytest.param('def f(a) { return "${a" }', "not closed", id="interpolation-open"),
        pytest.param('def f(a) {\n return "${}" }', "Line 2: syntax error", id="interpolation-empty"),
        pytest.param('def f(a) { return "${a) + (a}" }', "unexpected ')'", id="interpolation-breaks-out"),
        pytest.param("def f(a) {\n\n return return }", "Line 3: syntax error", id="twice-return"),
        pytest.param("def f(a) { a = = 1 }", "syntax error", id="twice-equals"),
        pytest.param("message.setBody('x')", "statement outside of a function", id="no-function"),
        pytest.param("def f(a) { a }\ndef f(b) { b }", "defined twice", id="function-twice"),
        pytest.param("def f(a, a) { a }", "one name", id="parameter-twice"),
        pytest.param("def f(a = 1) { a }", "default value", id="default-value"),
        pytest.param("def f(a) { def a = 1 }", "declared already", id="variable-twice"),
        pytest.param("def f(a) { f() }", "takes 1 arguments, not 0", id="wrong-number-of-arguments"),
        pytest.param("def processData() { 1 }", "exactly one parameter", id="no-parameter"),
        pytest.param("class A { }", "a class", id="class"),
        pytest.param("\x00", "unexpected character", id="zero-byte"),
        pytest.param("def f(a) { '\\q' }", "escape", id="unknown-escape"),
    ],
)
def test_scripts_that_do_not_compile(source: str, text: str) -> None:
    with pytest.raises(ScriptBroken, match=text.replace("(", r"\(").replace(")", r"\)").replace("{", r"\{")):
        compile_script(source)


@pytest.mark.parametrize(
    ("statements", "text"),
    [
        ("throw new RuntimeException('because ' + 1)", "java.lang.RuntimeException: because 1"),
        ('throw new Exception("${message.body}")', "java.lang.Exception: hi"),
        ("message.body = null.length()", "java.lang.NullPointerException: Cannot invoke method length() on null"),
        ("message.body = missing", "MissingPropertyException: No such property: missing"),
        ("message.body = 1.trim()", "MissingMethodException: No signature of method: java.lang.Integer.trim()"),
        ("message.getHeader('A')", "MissingMethodException"),
        ("message.body = 'x'.replace('x')", "MissingMethodException"),
        ("message.body = [1] + 1", "MissingMethodException"),
        ("message.body = [1] < 1", "IllegalArgumentException"),
        ("message.body = groovy.json.JsonOutput.toJson(message)", "JsonException"),
        ("return null", "must return the message"),
    ],
)
def test_scripts_that_fail(statements: str, text: str) -> None:
    source = in_function(statements.replace("1.trim()", "(1).trim()"))
    with pytest.raises(ScriptFailed) as failed:
        compile_script(source).run(Message("hi"))
    assert text in str(failed.value)


DOUBLING = "def a = 'xxxxxxxxxxxxxxxx'\n" + "a = a + a\n" * 60
DOUBLING_GSTRING = DOUBLING.replace("a + a", '"$a$a"')
NESTING = "def a = [1]\n" + "a = [a]\n" * 3000
SHARING = "def a = [1]\n" + "a = [a, a]\n" * 30


@pytest.mark.parametrize(
    ("source", "text"),
    [
        pytest.param("def f(m) { f(m) }", "StackOverflowError", id="recursion"),
        pytest.param("def f(m) { g(m) }\ndef g(m) { f(m) }", "StackOverflowError", id="mutual-recursion"),
        pytest.param(
            "def f(m) { h(m, 1)\nm }\ndef h(m, n) { if (n < 15) { h(m, n + 1); h(m, n + 1) } }",
            "too many steps|StackOverflowError",
            id="tree-of-calls",
        ),
        pytest.param(f"def f(m) {{ {DOUBLING} m }}", "too many steps", id="doubled-text"),
        pytest.param(f"def f(m) {{ {DOUBLING_GSTRING} m }}", "too many steps", id="doubled-gstring"),
        pytest.param(
            "def f(m) { def a = 'x'\n" + "a = a.replace('', a + a)\n" * 30 + "m }", "too many steps", id="replacing"
        ),
        pytest.param(f"def f(m) {{ {NESTING} m.body = a as String\nm }}", "too deeply", id="deep-list-as-text"),
        pytest.param(f"def f(m) {{ {NESTING} m.body = a == [a]\nm }}", "too deeply", id="deep-lists-compared"),
        pytest.param(
            f"def f(m) {{ {SHARING} m.body = JsonOutput.toJson(a)\nm }}", "too many steps", id="wide-list-as-json"
        ),
        pytest.param(f"def f(m) {{ {SHARING} m.body = a as String\nm }}", "too many steps", id="wide-list-as-text"),
        pytest.param("def f(m) { def a = 9\n" + "a = a + a\n" * 99 + "m }", "The number exceeds", id="large-number"),
    ],
)
def test_limits_of_a_run(source: str, text: str) -> None:
    """Ended with an exception of the script, in a moment, whatever it does."""
    started = time.process_time()
    with pytest.raises(ScriptFailed, match=text):
        compile_script(source, "f").run(Message())
    assert time.process_time() - started < 10


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("(" * 30_000, id="parentheses-open"),
        pytest.param("return " + "(" * 5_000 + ")" * 5_000, id="parentheses"),
        pytest.param("return " + "[" * 5_000 + "]" * 5_000, id="lists"),
        pytest.param("{" * 5_000 + "}" * 5_000, id="blocks"),
        pytest.param("return " + "!" * 60_000 + "a", id="not"),
        pytest.param("return " + "1+" * 30_000 + "1", id="sum"),
        pytest.param("return " + "a ?: " * 12_000 + "a", id="elvis"),
        pytest.param("return " + "a ? " * 15_000, id="ternary-open"),
        pytest.param("return a" + ".a" * 30_000, id="properties"),
        pytest.param("return a" + "?.a" * 20_000, id="safe-properties"),
        pytest.param("return a" + "[0]" * 20_000, id="entries"),
        pytest.param("if (a) " * 9_000 + "a", id="ifs"),
        pytest.param("if (a) a else " * 4_000 + "a", id="else-ifs"),
        pytest.param("return " + "a<" * 30_000 + "a", id="comparisons"),
        pytest.param("return " + "a<" * 190 + "a", id="some-comparisons"),
        pytest.param("return " + '"${' * 10_000, id="interpolations-open"),
        pytest.param("a " * 30_000, id="names"),
        pytest.param("a as " * 10_000, id="casts"),
        pytest.param("\n" * 60_000, id="lines"),
        pytest.param("/*" * 30_000, id="comments-open"),
        pytest.param("a;" * 30_000, id="statements"),
        pytest.param("x" * 70_000, id="long"),
        pytest.param("return " + '"$a"+' * 30, id="sum-open"),
    ],
)
def test_limits_of_compiling(body: str) -> None:
    """Neither the parser nor what reads its tree is brought down by depth or length."""
    started = time.process_time()
    with pytest.raises(ScriptBroken):
        compile_script(f"def f(a) {{ {body} }}\n", "g")
    assert time.process_time() - started < 10
