"""The integration flow of the whitepaper's first chapter, brought along, deployed and called."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cpi_conformance.control.content import Content
from cpi_conformance.flows import build_archive, read_flow
from cpi_conformance.landscape import Landscape
from cpi_conformance.sender import Basic, Call, Cause, Expected
from cpi_conformance.verdict import Judge, Severity
from fixtures.checks import check, on_profiles, row
from fixtures.flows import CallOf, Flows, OwnFlow, flow_of
from fixtures.message_logs import logs_besides, logs_now
from fixtures.shown import Shown

pytestmark = on_profiles("whitepaper", "current", "trial")

PACKAGE = ("1.flow.2", "1.flow.3", "1.flow.4")
ARTIFACT = ("1.flow.7", "1.flow.8")
MODEL = ("1.flow.12", "1.flow.13", "1.flow.14")
SCRIPT = ("1.flow.16", "1.flow.17", "1.flow.18", "1.flow.19", "1.flow.21")
DEPLOYMENT = ("1.flow.26", "1.flow.27")
OPERATIONS = ("1.operations.2c", "1.operations.4")
POSTMAN = ("1.basic.2", "1.basic.2c", "1.basic.2d")


@check("FLOW-01", "the package is there", steps=PACKAGE)
def test_package(own_flow: OwnFlow, content: Content, shown: Shown) -> None:
    """Accepted: the package that was created is listed with the name that it was given.

    Source: whitepaper, chapter 1, steps 2 to 4; Integration Content API.
    """
    package = shown("package", content.tenant.package(own_flow.package.id))
    assert package is not None, "the package is not there"
    assert package.name == own_flow.package.name, "the package has another name"


@check("FLOW-02", "the package lists the flow", steps=ARTIFACT)
def test_artifact(own_flow: OwnFlow, content: Content, shown: Shown) -> None:
    """Accepted: the flow is an artifact of the package, under its id and name.

    Source: whitepaper, chapter 1, steps 7 and 8.
    """
    listed = shown("artifacts", content.tenant.artifacts(own_flow.package.id))
    named = {artifact.id: artifact.name for artifact in listed}
    assert named.get(own_flow.settings.id) == own_flow.settings.name, "the flow is not in the package under its name"


@check("FLOW-03", "the flow that the tenant has is the one that was made", steps=(*MODEL, *SCRIPT))
def test_model(own_flow: OwnFlow, content: Content, shown: Shown) -> None:
    """Accepted: downloaded again, the flow has an HTTPS sender with its address and role, CSRF off, and the script.

    Source: whitepaper, chapter 1, steps 12 to 21; SAP help 0ae4a78.
    """
    flow = shown("flow", flow_of(content.tenant.download(own_flow.settings.id)))
    wanted = read_flow(build_archive(own_flow.settings))
    assert flow.address == own_flow.settings.address, "the sender channel has another address"
    assert flow.role == own_flow.settings.role, "the sender channel asks for another role"
    assert not flow.csrf_protected, "the sender channel is protected against CSRF, which is not what was made"
    assert flow.script == wanted.script, "the script is not the one that was made"


@check("FLOW-04", "the flow is saved as a version", steps=("1.flow.24",), severity=Severity.NORMAL)
def test_version(own_flow: OwnFlow, content: Content, shown: Shown) -> None:
    """Accepted: after *Save as version* the tenant shows that version.

    Source: whitepaper, chapter 1, step 24; Integration Content API.
    """
    content.tenant.save_as_version(own_flow.settings.id, "1.0.7")
    artifact = shown("artifact", content.tenant.artifact(own_flow.settings.id))
    assert artifact is not None, "the flow is not there any more"
    assert artifact.version == "1.0.7", "the flow does not show the version that was saved"


@check("FLOW-05", "the deployment comes to Started", steps=DEPLOYMENT, severity=Severity.BLOCKER)
def test_started(own_flow: OwnFlow, content: Content, shown: Shown) -> None:
    """Accepted: the build succeeds, and the runtime shows the flow as started.

    Source: whitepaper, chapter 1, steps 26 and 27; SAP help 49c7336.
    """
    assert own_flow.failure is None, f"the flow has not started: {own_flow.failure}"
    runtime = shown("runtime artifact", content.tenant.runtime_artifact(own_flow.settings.id))
    assert runtime is not None, "the runtime does not know the flow"
    assert runtime.status == "STARTED", f"the flow is {runtime.status}"


@check("FLOW-06", "the flow is listed among those that are started", steps=OPERATIONS)
def test_listed(own_flow: OwnFlow, content: Content, shown: Shown) -> None:
    """Accepted: *Manage Integration Content* counts the flow once, and as started.

    Source: whitepaper, chapter 1, operations view.
    """
    own_flow.started()
    everything = content.tenant.runtime_artifacts()
    listed = shown("runtime artifacts", [each for each in everything if each.id == own_flow.settings.id])
    assert [each.status for each in listed] == ["STARTED"], "the flow is not listed once and as started"


@check("FLOW-07", "the endpoint is the runtime's host, /http and the address", steps=("1.basic.1", "1.basic.2a"))
def test_endpoint(own_flow: OwnFlow, landscape: Landscape, shown: Shown) -> None:
    """Accepted: the tenant lists one endpoint for the flow, and it is where callers go.

    Source: whitepaper, chapter 1, endpoint; SAP help 0ae4a78.
    """
    endpoints = shown("endpoints", own_flow.started().endpoints)
    port = "" if landscape.port == 443 else f":{landscape.port}"
    assert endpoints == (f"https://{landscape.host}{port}/http{own_flow.settings.address}",), "the endpoint is another"


@check("FLOW-08", "the flow answers what its script says", steps=(*POSTMAN, "1.flow.19"), severity=Severity.BLOCKER)
def test_answer(own_flow: OwnFlow, call_of: CallOf, judge: Judge) -> None:
    """Accepted: from nothing to the whitepaper's sentence, by Basic authentication.

    Source: whitepaper, chapter 1.
    """
    judge.accepted(call_of(own_flow))


@pytest.mark.usefixtures("standard_edition")
@on_profiles("whitepaper", "current")
@check(
    "FLOW-20",
    "the flow answers the S-user's PFX",
    steps=("2.postman.9", "2.postman.10", "1.flow.19"),
    severity=Severity.BLOCKER,
)
def test_answer_by_certificate(own_flow: OwnFlow, call_of: CallOf, certificate_call: Call, judge: Judge) -> None:
    """Accepted: from nothing to the whitepaper's sentence, by client certificate.

    Source: whitepaper, chapter 2.
    """
    flow = call_of(own_flow)
    judge.accepted(replace(certificate_call, path=flow.path, method=flow.method, expects=flow.expects))


@check("FLOW-09", "after a change of the script the flow answers the new sentence", steps=(*SCRIPT, *DEPLOYMENT))
def test_redeployed(flows: Flows, content: Content, call_of: CallOf, landscape: Landscape, judge: Judge) -> None:
    """Accepted: what was deployed last is what answers.

    Source: whitepaper, chapter 1, steps 18 to 27; SAP help 49c7336.
    """
    flow = flows.deployed("Changed").started()
    judge.needed(call_of(flow))
    changed = replace(flow.settings, message=f"Changed: {flow.settings.message}", version="1.0.1")
    content.tenant.update_artifact(changed.id, changed.name, build_archive(changed))
    content.tenant.deploy(changed.id)
    again = replace(call_of(flow), expects=Expected(200, changed.message))
    judge.accepted(again, within=landscape.expectations.flow_delay)


@check("FLOW-10", "a flow that is undeployed answers nothing", steps=OPERATIONS)
def test_undeployed(
    flows: Flows, own_flow: OwnFlow, content: Content, call_of: CallOf, landscape: Landscape, judge: Judge
) -> None:
    """Refused at flow: the endpoint of an undeployed flow does not exist, however good the credentials are.

    Source: SAP help 0ae4a78; Integration Content API (undeploy).
    """
    gone = flows.deployed("Gone").started()
    judge.needed(call_of(gone))
    content.tenant.undeploy(gone.settings.id)
    here = replace(call_of(own_flow), expects=Expected(200, own_flow.settings.message))
    there = here.but(path=f"/http{gone.settings.address}")
    judge.refused(there, Cause.NO_SUCH_ENDPOINT, within=landscape.expectations.flow_delay)


@pytest.mark.parametrize(
    "change",
    [
        row("FLOW-11", "a path below the address", lambda path: f"{path}/below", steps=("1.basic.2a",)),
        row("FLOW-12", "the address without its last letter", lambda path: path[:-1], steps=("1.basic.2a",)),
        row("FLOW-13", "the address without /http", lambda path: path.removeprefix("/http"), steps=("1.basic.2a",)),
    ],
)
def test_wrong_path(own_flow: OwnFlow, call_of: CallOf, change: object, judge: Judge) -> None:
    """Refused at flow: no other address than the channel's leads to the flow.

    Source: SAP help 0ae4a78.
    """
    assert callable(change)
    call = call_of(own_flow)
    judge.refused(call.but(path=change(call.path)), Cause.NO_SUCH_ENDPOINT)


@check("FLOW-14", "the address in the other letter case", steps=("1.basic.2a",), severity=Severity.MINOR)
def test_letter_case(own_flow: OwnFlow, call_of: CallOf, judge: Judge) -> None:
    """Accepted: addresses have no letter case.

    Source: SAP help 0ae4a78.
    """
    call = call_of(own_flow)
    judge.accepted(call.but(path=f"/http{own_flow.settings.address.upper()}").call)


@pytest.mark.parametrize(
    "method",
    [
        row("FLOW-15", "the flow called with POST", "POST", steps=POSTMAN),
        row("FLOW-16", "the flow called with PUT", "PUT", steps=POSTMAN),
    ],
)
def test_methods(own_flow: OwnFlow, call_of: CallOf, method: str, judge: Judge) -> None:
    """Accepted: a flow takes every method that carries a message, unless it says otherwise itself.

    Source: SAP help 0ae4a78.
    """
    judge.accepted(call_of(own_flow).but(method=method).call)


@check("FLOW-17", "a flow for a role that the service key has not", steps=("1.flow.14", "1.basic.2c"))
def test_custom_role(own_flow: OwnFlow, role_flow: OwnFlow, call_of: CallOf, judge: Judge) -> None:
    """Refused at authorization: the channel's own role decides, not the default one.

    Source: SAP help 4ec6192, 0ae4a78.
    """
    call = call_of(own_flow)
    judge.refused(call.but(path=call_of(role_flow).path), Cause.ROLE_MISSING)


@check("FLOW-18", "the message log of an accepted call", steps=("1.operations.4",))
def test_log_of_accepted_call(
    own_flow: OwnFlow, content: Content, call_of: CallOf, landscape: Landscape, judge: Judge, shown: Shown
) -> None:
    """Accepted: the call that the flow has answered is in the message log, as completed.

    Source: Message Processing Logs API.
    """
    before = logs_now(content.tenant, own_flow.settings.id)
    judge.needed(call_of(own_flow))
    delay = landscape.expectations.log_delay
    logs = shown("message logs", logs_besides(content.tenant, own_flow.settings.id, before, within=delay))
    assert logs, "the accepted call is not in the message log"
    assert {log.status for log in logs} == {"COMPLETED"}, "a call that was answered is not completed"


@check("FLOW-19", "no message log of a refused call", steps=("1.operations.4",))
def test_no_log_of_refused_call(
    flows: Flows,
    content: Content,
    oauthcpikey: Basic,
    call_of: CallOf,
    landscape: Landscape,
    judge: Judge,
    shown: Shown,
) -> None:
    """Refused at authentication: a call that did not get in leaves no message log; the accepted one beside it does.

    Source: observed on a tenant, August 2026 (nothing is logged before the flow).
    """
    flow = flows.deployed("Logged").started()
    call = call_of(flow)
    before = logs_now(content.tenant, flow.settings.id)
    wrong = oauthcpikey.with_clientsecret(lambda secret: secret[::-1])
    judge.refused(call.but(authorization=wrong), Cause.UNAUTHENTICATED)
    judge.needed(call)
    delay = landscape.expectations.log_delay
    logs = shown("message logs", logs_besides(content.tenant, flow.settings.id, before, within=delay))
    accepted = 4  # the one that waited for the flow, the twin, the twin again, and the call behind the refusal
    assert 1 <= len(logs) <= accepted, "there are more message logs than calls that got in"
