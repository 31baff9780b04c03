"""From the archive of an artifact to what the runtime plays, or to the reason why it cannot."""

from __future__ import annotations

from collections.abc import Mapping

from cpi_conformance.simulator.flow import Flow, FlowState
from cpi_conformance.simulator.integration.archive import read_archive
from cpi_conformance.simulator.integration.channel import ROLE_BASED
from cpi_conformance.simulator.integration.content import Artifact
from cpi_conformance.simulator.integration.errors import ModelBroken, ScriptBroken
from cpi_conformance.simulator.integration.model import Step, read_model
from cpi_conformance.simulator.integration.script import Script, compile_script


def flows_of(artifact: Artifact) -> tuple[Flow, ...]:
    """One flow for each channel of an artifact, not started yet.

    Raises:
        ArchiveBroken: it cannot be read, or is incomplete.
        ModelBroken: its model is, or two of its channels have one address.
        ScriptBroken: one of its scripts does not compile.
    """
    archive = read_archive(artifact.content)
    model = read_model(archive.bpmn, archive.parameters)
    scripts = tuple(_compiled(step, archive.scripts) for step in model.steps)
    addresses = [channel.address.lower() for channel in model.channels]
    if len(set(addresses)) != len(addresses):
        raise ModelBroken("Two channels of the integration flow have the same address.")
    if any(channel.authorization != ROLE_BASED for channel in model.channels):
        raise ModelBroken("The authorization ClientCertificate of a channel is not simulated; use RoleBased.")
    return tuple(
        Flow(
            channel.address,
            "",
            role=channel.role,
            state=FlowState.STARTING,
            csrf_protected=channel.csrf_protected,
            scripts=scripts,
            allowed_headers=model.allowed_headers,
            returns_exception=model.returns_exception,
            artifact_id=artifact.id,
            artifact_name=artifact.name,
            package_id=artifact.package_id,
        )
        for channel in model.channels
    )


def _compiled(step: Step, scripts: Mapping[str, str]) -> Script:
    if step.script not in scripts:
        raise ModelBroken(f"The script {step.script[:60]!r} of the step {step.name[:60]!r} is not in the archive.")
    try:
        return compile_script(scripts[step.script], step.function)
    except ScriptBroken as broken:
        raise ScriptBroken(f"The script {step.script[:60]!r} does not compile. {broken}") from None
