"""Packages and artifacts at design time, and what becomes of them: phases, lags, errors, calls and message logs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from cpi_conformance.simulator.integration.archive import read_archive
from cpi_conformance.simulator.integration.design_time import Package
from cpi_conformance.simulator.integration.errors import ContentRefused
from tests.flow_archives import RESPOND, Tenant, archive, channel, manifest, model, step, values, zipped
from tests.foundry import NOW

NAME_RULE = "Name should begin with alphabet or underscore"
NOT_FOUND = (404, "Requested entity could not be found.")
NO_ARTIFACT = (404, "Integration design time artifact not found.")


@pytest.fixture
def tenant() -> Iterator[Tenant]:
    tenant = Tenant()
    yield tenant
    tenant.close()


def refused(action: Callable[[], object]) -> tuple[int, str]:
    """Status and text of a refusal."""
    with pytest.raises(ContentRefused) as refusal:
        action()
    return refusal.value.status, str(refusal.value)


def test_packages(tenant: Tenant) -> None:
    store = tenant.design_time
    created = store.package("MyCPIPkg")
    assert (created.created, created.modified_by, created.mode) == (NOW, "me", "EDIT_ALLOWED")
    assert store.update_package("MyCPIPkg", description="new").description == "new"
    tenant.create(archive())
    store.delete_package("MyCPIPkg")
    assert store.packages() == ()
    assert refused(lambda: store.artifact("ClientCertTest")) == NO_ARTIFACT


@pytest.mark.parametrize(
    ("package", "status", "text"),
    [
        (Package("MyCPIPkg", "n", "s"), 409, "Entity with the specified IntegrationPackage id already exist."),
        (Package("A", "n", ""), 400, "Property 'ShortText' cannot be empty"),
        (Package("A", "", "s"), 400, "Property 'Name' cannot be empty"),
        (Package("", "n", "s"), 400, "Property 'Id' cannot be empty"),
        (Package("A_b", "n", "s"), 400, "Property 'Id' value cannot have a special character. Enter a valid Id."),
        (Package("A-b", "n", "s"), 400, "Property 'Id' value cannot have a special character. Enter a valid Id."),
        (Package("A b", "n", "s"), 400, "Property 'Id' value cannot have a special character. Enter a valid Id."),
    ],
    ids=["id-taken", "no-short-text", "no-name", "no-id", "underscore", "hyphen", "blank"],
)
def test_packages_that_are_refused(package: Package, status: int, text: str, tenant: Tenant) -> None:
    assert refused(lambda: tenant.design_time.create_package(package)) == (status, text)


@pytest.mark.parametrize(
    "action",
    [
        pytest.param(lambda it: it.package("Unknown"), id="read"),
        pytest.param(lambda it: it.update_package("Unknown", name="x"), id="update"),
        pytest.param(lambda it: it.delete_package("Unknown"), id="delete"),
        pytest.param(lambda it: it.artifacts("Unknown"), id="artifacts"),
    ],
)
def test_unknown_packages(action: Callable[[object], object], tenant: Tenant) -> None:
    assert refused(lambda: action(tenant.design_time)) == NOT_FOUND


@pytest.mark.parametrize(
    "action",
    [
        pytest.param(lambda it: it.artifact("Unknown"), id="read"),
        pytest.param(lambda it: it.update_artifact("Unknown", "x", None, "me"), id="update"),
        pytest.param(lambda it: it.save_as_version("Unknown", "1.0.1", "me"), id="save-as-version"),
        pytest.param(lambda it: it.delete_artifact("Unknown"), id="delete"),
    ],
)
def test_unknown_artifacts(action: Callable[[object], object], tenant: Tenant) -> None:
    assert refused(lambda: action(tenant.design_time)) == NO_ARTIFACT


def test_an_artifact_is_kept_as_it_was_sent(tenant: Tenant) -> None:
    content = archive(manifest=manifest(Bundle_Version="2.0.1", Bundle_SymbolicName="Other"))
    created = tenant.create(content)
    assert (created.version, created.draft, created.content, created.created) == ("2.0.1", False, content, NOW)
    assert tenant.design_time.artifacts("MyCPIPkg") == (created,)
    assert "PK" not in repr(created)


def test_an_artifact_without_content_is_an_empty_flow(tenant: Tenant) -> None:
    created = tenant.create(None, "Empty", "An empty flow")
    found = read_archive(created.content)
    assert (found.symbolic_name, found.name, created.version) == ("Empty", "An empty flow", "1.0.0")


@pytest.mark.parametrize("name", ["", "1a", "a.", "a/b", ".a", "-a", "ä", " a", "a" * 251])
def test_names_that_are_refused(name: str, tenant: Tenant) -> None:
    status, text = refused(lambda: tenant.design_time.create_artifact("MyCPIPkg", "Id", name, None, "me"))
    assert (status, text.startswith(NAME_RULE)) == (400, True)


@pytest.mark.parametrize("name", ["a", "_a", "My Flow-1.0 x"])
def test_names_that_are_taken(name: str, tenant: Tenant) -> None:
    assert tenant.create(None, "Id", name).name == name


def test_an_id_that_is_taken_is_a_500(tenant: Tenant) -> None:
    """Not 409: the documented text says what is meant, and a client must not repeat the request."""
    tenant.create(None, "Flow", "The flow")
    tenant.design_time.create_package(Package("Other", "Other", "short"))
    text = (
        "An integration flow The flow with the ID Flow already exists in the My CPI Pkg package."
        " Please rename the artifact ID."
    )
    assert refused(lambda: tenant.design_time.create_artifact("Other", "Flow", "x", None, "me")) == (500, text)


def test_an_artifact_needs_its_package(tenant: Tenant) -> None:
    answer = refused(lambda: tenant.design_time.create_artifact("Unknown", "Flow", "x", None, "me"))
    assert answer == (404, "Integration package Unknown does not exist.")


def test_a_name_alone_makes_a_draft_and_content_saves(tenant: Tenant) -> None:
    tenant.create(archive())
    update = tenant.design_time.update_artifact
    draft = update("ClientCertTest", "Renamed", None, "you")
    assert (draft.name, draft.draft, draft.version, draft.modified_by) == ("Renamed", True, "1.0.0", "you")
    saved = update("ClientCertTest", None, archive(manifest=manifest(Bundle_Version="1.0.5")), "you")
    assert (saved.name, saved.draft, saved.version) == ("Client Certificate Test", False, "1.0.5")
    assert update("ClientCertTest", "Both", archive(), "you").name == "Both"


@pytest.mark.parametrize(
    ("content", "status", "text"),
    [
        pytest.param(
            archive(manifest=manifest(Bundle_SymbolicName="Another")),
            400,
            "Could not update artifact of the package; due to change in the Bundle-symbolicName",
            id="symbolic-name",
        ),
        pytest.param(archive(prop=b"a=b"), 500, "InputStream cannot be null", id="parameters-without-definitions"),
        pytest.param(b"no zip", 400, "The archive cannot be read: it is no zip file, or damaged.", id="no-zip"),
    ],
)
def test_updates_that_are_refused(content: bytes, status: int, text: str, tenant: Tenant) -> None:
    before = tenant.create(archive())
    answer = refused(lambda: tenant.design_time.update_artifact("ClientCertTest", "x", content, "me"))
    assert answer == (status, text)
    assert tenant.design_time.artifact("ClientCertTest") == before


def test_save_as_version(tenant: Tenant) -> None:
    tenant.create(archive())
    saved = tenant.design_time.save_as_version("ClientCertTest", "1.0.1", "you")
    assert (saved.version, saved.draft, read_archive(saved.content).version) == ("1.0.1", False, "1.0.1")


@pytest.mark.parametrize(
    ("version", "text"),
    [
        ("Active", "CANNOT_UPDATE_BUNDLE"),
        ("active", "CANNOT_UPDATE_BUNDLE"),
        ("1", "Property 'SaveAsVersion' is not a valid version."),
        ("", "Property 'SaveAsVersion' is not a valid version."),
    ],
)
def test_versions_that_are_refused(version: str, text: str, tenant: Tenant) -> None:
    tenant.create(archive())
    answer = refused(lambda: tenant.design_time.save_as_version("ClientCertTest", version, "me"))
    assert answer == (400, text)


def test_a_deployment_has_two_phases_and_two_lags(tenant: Tenant) -> None:
    artifact, deployments = tenant.create(archive()), tenant.deployments
    task = tenant.deploy(artifact)
    assert deployments.task(task) == "DEPLOYING"
    tenant.pass_time()
    assert deployments.task(task) == "SUCCESS"
    assert refused(lambda: deployments.runtime_artifact(artifact.id)) == NOT_FOUND
    assert tenant.call().status == 404
    tenant.pass_time()
    assert deployments.runtime_artifact(artifact.id).status == "STARTING"
    assert tenant.call().status == 503
    tenant.pass_time()
    started = deployments.runtime_artifact(artifact.id)
    assert (started.status, started.version, started.deployed_by, started.deployed_on) == (
        "STARTED",
        "1.0.0",
        "me",
        NOW,
    )
    assert tenant.call().body == b"Connected Successfully to CPI!"
    assert deployments.endpoints() == ()
    tenant.pass_time()
    (endpoint,) = deployments.endpoints()
    assert (endpoint.artifact_id, endpoint.address, endpoint.version) == (artifact.id, "/test/clientcert", "1.0.0")


def test_a_redeployment_shows_the_old_one_until_it_is_replaced(tenant: Tenant) -> None:
    artifact = tenant.create(archive())
    tenant.settle(artifact)
    script = RESPOND.replace("Connected Successfully to CPI!", "second")
    content = archive(script=script.encode(), manifest=manifest(Bundle_Version="1.0.1"))
    tenant.deploy(tenant.design_time.update_artifact(artifact.id, None, content, "me"))
    tenant.pass_time()
    before = tenant.deployments.runtime_artifact(artifact.id)
    assert (before.status, before.version, tenant.call().status) == ("STARTED", "1.0.0", 200)
    tenant.pass_time(2)
    assert tenant.deployments.runtime_artifact(artifact.id).version == "1.0.1"
    assert tenant.call().body == b"second"
    assert tenant.deployments.endpoints()[0].version == "1.0.0"
    tenant.pass_time()
    assert tenant.deployments.endpoints()[0].version == "1.0.1"


def test_another_address_frees_the_old_one(tenant: Tenant) -> None:
    artifact = tenant.create(archive())
    tenant.settle(artifact)
    moved = tenant.design_time.update_artifact(artifact.id, None, archive(model=model(channel(urlPath="/moved"))), "me")
    assert tenant.settle(moved)[0] == "STARTED"
    assert (tenant.call().status, tenant.call(path="/http/moved").status) == (404, 200)
    assert [each.address for each in tenant.deployments.endpoints()] == ["/moved"]


def test_undeploying(tenant: Tenant) -> None:
    artifact = tenant.create(archive())
    tenant.settle(artifact)
    tenant.undeploy(artifact.id)
    assert tenant.deployments.runtime_artifact(artifact.id).status == "STOPPING"
    assert tenant.call().status == 503
    tenant.pass_time()
    assert tenant.deployments.runtime_artifacts() == ()
    assert tenant.call().status == 404
    assert len(tenant.deployments.endpoints()) == 1
    tenant.pass_time()
    assert tenant.deployments.endpoints() == ()
    assert refused(lambda: tenant.deployments.undeploy(artifact.id)) == NOT_FOUND
    assert refused(lambda: tenant.deployments.task("unknown")) == NOT_FOUND


@pytest.mark.parametrize("phases", [0, 1, 2, 3], ids=["deploying", "succeeded", "starting", "started"])
def test_the_last_word_wins(phases: int, tenant: Tenant) -> None:
    """Whenever a second deployment begins, it is what stays, and the first leaves nothing behind."""
    artifact = tenant.create(archive())
    tenant.deploy(artifact)
    tenant.pass_time(phases)
    assert tenant.settle(replace(artifact, version="9.9.9")) == ("STARTED", None)
    assert [each.version for each in tenant.deployments.endpoints()] == ["9.9.9"]


def test_an_undeployment_stops_what_is_under_way(tenant: Tenant) -> None:
    artifact = tenant.create(archive())
    tenant.deploy(artifact)
    tenant.pass_time(2)
    tenant.undeploy(artifact.id)
    tenant.pass_time(5)
    assert (tenant.deployments.runtime_artifacts(), tenant.deployments.endpoints()) == ((), ())
    assert tenant.call().status == 404


def test_closing_abandons(tenant: Tenant) -> None:
    tenant.deploy(tenant.create(archive()))
    tenant.run(tenant.deployments.close())
    tenant.pass_time(3)
    assert tenant.deployments.runtime_artifacts() == ()


@pytest.mark.parametrize(
    ("content", "text"),
    [
        pytest.param(zipped({"a": b""}), "no META-INF/MANIFEST.MF", id="no-manifest"),
        pytest.param(archive(model=None), "exactly one .iflw", id="no-model"),
        pytest.param(archive(script=None), "'respond.groovy' of the step 'Respond' is not in", id="no-script"),
        pytest.param(archive(model=model(channel("1.9.0"))), "Version 1.9.0", id="unknown-adapter-version"),
        pytest.param(archive(model=model(channel(urlPath="{{A}}"))), "'A' has no value", id="unresolved-parameter"),
        pytest.param(archive(model=model(channel(urlPath="a"))), "is not allowed", id="address"),
        pytest.param(archive(model=model(channel(), channel())), "the same address", id="one-address-twice"),
        pytest.param(
            archive(model=model(channel(senderAuthType="ClientCertificate"))), "not simulated", id="authorization"
        ),
        pytest.param(archive(script=b"def f( {"), "does not compile. Line 1", id="syntax-error"),
        pytest.param(archive(script=b"def f(a) { for (b in a) { } }"), "Line 1: a loop ('for')", id="outside-subset"),
        pytest.param(archive(model=model(steps=(step(scriptFunction="no"),))), "no function 'no'", id="no-function"),
        pytest.param(None, "no HTTPS sender channel", id="empty-flow"),
    ],
)
def test_what_cannot_start_ends_in_an_error(content: bytes | None, text: str, tenant: Tenant) -> None:
    """The task succeeds all the same; the text of the error comes a moment after the error."""
    artifact = tenant.create(content)
    task = tenant.deploy(artifact)
    tenant.pass_time(3)
    assert tenant.deployments.task(task) == "SUCCESS"
    failed = tenant.deployments.runtime_artifact(artifact.id)
    assert (failed.status, failed.error) == ("ERROR", None)
    tenant.pass_time(2)
    assert text in (tenant.deployments.runtime_artifact(artifact.id).error or "")
    assert tenant.deployments.endpoints() == ()
    assert tenant.call().status == 404


def test_an_address_belongs_to_one_flow(tenant: Tenant) -> None:
    """Help page 0ae4a78; letter case makes no difference."""
    tenant.settle(tenant.create(archive()))
    second = tenant.create(archive(model=model(channel(urlPath="/TEST/ClientCert"))), "Second")
    assert tenant.settle(second) == (
        "ERROR",
        "The address /TEST/ClientCert is already in use by the integration flow ClientCertTest.",
    )
    tenant.undeploy("ClientCertTest")
    tenant.pass_time(2)
    assert tenant.settle(second) == ("STARTED", None)


def test_deploying_now_needs_no_time(tenant: Tenant) -> None:
    tenant.deployments.deploy_now(tenant.create(archive()))
    assert tenant.deployments.runtime_artifact("ClientCertTest").status == "STARTED"
    assert (len(tenant.deployments.endpoints()), tenant.call().status) == (1, 200)
    with pytest.raises(ValueError, match="no HTTPS sender"):
        tenant.deployments.deploy_now(tenant.create(None, "Empty"))


def run_script(tenant: Tenant, statements: str, settings: dict[str, str] | None = None) -> None:
    """Deploy a flow whose script has these statements."""
    script = f"def Message processData(Message message) {{\n{statements}\nreturn message }}"
    tenant.deployments.deploy_now(tenant.create(archive(script=script.encode(), model=model(settings=settings))))


def test_what_a_script_sees_and_sets(tenant: Tenant) -> None:
    run_script(
        tenant,
        "def seen = [message.getHeader('x-allowed', String), message.getHeader('x-other', String),"
        " message.getHeader('q', String), message.getHeader('CamelHttpMethod', String), message.getBody(String)]\n"
        "message.setHeader('Content-Type', 'application/json')\nmessage.setHeader('X-Mine', 'a' + 1)\n"
        "message.setHeader('CamelHttpResponseCode', 201)\nmessage.setHeader('Server', 'me')\n"
        "message.setHeader('X-Split', 'a\\r\\nb: c')\n"
        "message.setBody(groovy.json.JsonOutput.toJson(seen))",
        {"allowedHeaderList": "X-Allowed"},
    )
    answer = tenant.call("POST", "/http/test/clientcert", ("x-allowed", "1"), ("x-other", "2"), query="q=3&camelX=4")
    assert (answer.status, answer.body) == (201, b'["1",null,"3","POST",""]')
    assert values(answer.headers, "content-type") == ["application/json"]
    assert values(answer.headers, "x-mine") == ["a1"]
    assert values(answer.headers, "server") == ["SAP"]
    assert not [name for name, _ in answer.headers if name.startswith("camel") or name in ("x-split", "b")]


def test_an_address_with_a_wildcard(tenant: Tenant) -> None:
    script = "def processData(m) { m.body = m.getHeader('CamelHttpPath', String); m }"
    tenant.deployments.deploy_now(
        tenant.create(archive(script=script.encode(), model=model(channel(urlPath="/deep/*"))))
    )
    assert tenant.call(path="/http/deep/a/b").body == b"a/b"
    assert tenant.call(path="/http/deep").status == 200
    assert tenant.call(path="/http/deeper").status == 404
    assert tenant.call(path="/http/deep/*").status == 404


@pytest.mark.parametrize("told", ["true", "false"])
def test_a_failed_message_is_logged_under_the_id_that_the_caller_gets(told: str, tenant: Tenant) -> None:
    run_script(tenant, "throw new RuntimeException('because')", {"returnExceptionToSender": told})
    answer = tenant.call()
    (log,) = tenant.logs.all()
    assert answer.status == 500
    assert log.guid in answer.body.decode()
    assert (b"because" in answer.body) is (told == "true")
    assert (log.status, log.error, log.artifact_id, log.package_id, log.start, log.end) == (
        "FAILED",
        "java.lang.RuntimeException: because",
        "ClientCertTest",
        "MyCPIPkg",
        NOW,
        NOW,
    )


def test_only_what_reaches_a_flow_is_logged(tenant: Tenant) -> None:
    run_script(tenant, "message.body = message.getProperty('SAP_MessageProcessingLogID')")
    tenant.call("HEAD")
    tenant.call(path="/http/unknown")
    assert tenant.logs.all() == ()
    answers = [tenant.call() for _ in range(2)]
    logs = tenant.logs.all()
    assert [log.guid for log in logs] == [answer.body.decode() for answer in answers]
    assert {(log.status, log.error, log.artifact_name) for log in logs} == {("COMPLETED", None, "ClientCertTest")}
    assert len({each for log in logs for each in (log.guid, log.correlation_id)}) == 4
