"""The command line: ``cpi-conformance serve``, ``reap`` and ``inspect``."""

from __future__ import annotations

import datetime as dt
import os
import shlex
import signal
import sys
import threading
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from cpi_conformance import __version__
from cpi_conformance.secret import Secret

application = typer.Typer(
    name="cpi-conformance",
    help="Conformance of inbound HTTPS authentication to SAP Cloud Integration.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
)


@application.callback()
def _main() -> None:
    """Conformance of inbound HTTPS authentication to SAP Cloud Integration."""


@application.command()
def version() -> None:
    """Print the version."""
    typer.echo(__version__)


@application.command()
def serve(
    out: Annotated[Path, typer.Option(help="Folder for what a caller needs; its files are private.", file_okay=False)],
    profile: Annotated[str, typer.Option(help="Generation: whitepaper, current or trial.")] = "current",
    port: Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.", min=0, max=65535)] = 0,
    rsa: Annotated[
        bool, typer.Option("--rsa", help="Give the S-user an RSA-2048 key, as real Passports have.")
    ] = False,
    defect: Annotated[
        list[str] | None, typer.Option(help="A way in which it is wrong; give it again for more.", metavar="NAME")
    ] = None,
    fault: Annotated[
        list[str] | None,
        typer.Option(help="A trouble that comes and goes in it; give it again for more.", metavar="NAME"),
    ] = None,
    seed: Annotated[int, typer.Option(help="By which schedule the faults come and go.")] = 1,
) -> None:
    """Start a simulated landscape in the foreground, until Ctrl-C or SIGTERM.

    Ready when the endpoint is printed. Exit code 2 for options that cannot be used.
    """
    from cpi_conformance.simulator.defects import DEFECTS
    from cpi_conformance.simulator.faults import FAULTS
    from cpi_conformance.simulator.handout import RECORD, endpoint, foreign_files, hand_out
    from cpi_conformance.simulator.landscape import SimulatedLandscape
    from cpi_conformance.simulator.population import populate
    from cpi_conformance.simulator.profiles import PROFILES

    if profile not in PROFILES:
        raise typer.BadParameter(f"{profile!r} is none of {', '.join(PROFILES)}", param_hint="--profile")
    defects, faults = defect or [], fault or []
    if unknown := [name for name in defects if name not in DEFECTS]:
        raise typer.BadParameter(f"{unknown[0]!r} is none of {', '.join(sorted(DEFECTS))}", param_hint="--defect")
    if unknown := [name for name in faults if name not in FAULTS]:
        raise typer.BadParameter(f"{unknown[0]!r} is none of {', '.join(sorted(FAULTS))}", param_hint="--fault")
    if foreign := foreign_files(out):
        wrong = f"{out} holds {', '.join(foreign)}, which serve did not write; name another folder"
        raise typer.BadParameter(wrong, param_hint="--out")
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    try:
        out.mkdir(parents=True, exist_ok=True, mode=0o700)
        landscape = SimulatedLandscape(
            profile,
            record_path=out / RECORD,
            port=port,
            defects=[DEFECTS[name] for name in defects],
            faults=[FAULTS[name].seeded(seed) for name in faults],
        )
        population = populate(landscape, rsa_bits=2048 if rsa else None)
        landscape.start()
        (out / RECORD).write_text("", encoding="utf-8")
    except OSError as error:
        raise typer.BadParameter(f"{error.strerror or error}", param_hint="--out or --port") from None
    try:
        hand_out(landscape, population, out)
        typer.echo(_introduction(out, profile, landscape.faults))
        typer.echo(f"endpoint  {endpoint(landscape)}")
        while not ended.wait(0.5):  # without a time-out Windows would not notice Ctrl-C
            pass
    finally:
        landscape.stop()
    typer.echo("ended")


@application.command()
def reap(
    landscape: Annotated[Path, typer.Argument(help="The landscape file of the runs.", dir_okay=False)],
    yes: Annotated[bool, typer.Option("--yes", help="Remove; without it, only list.")] = False,
    run: Annotated[
        str | None, typer.Option(help="This run only, and although its time is not over: when it is known to be dead.")
    ] = None,
) -> None:
    """List what killed runs have left in the space and on the tenant of a landscape, and remove it with --yes.

    Exit code 0: nothing is left, or only listed; 1: something could not be removed; 2: the landscape file or
    an option cannot be used; 3: Cloud Foundry or the tenant does not answer, or does not let us in.
    """
    from cpi_conformance.control import CloudFoundry, ControlError
    from cpi_conformance.control.content import Content
    from cpi_conformance.control.lifecycle import Lifecycle
    from cpi_conformance.control.patience import Patience
    from cpi_conformance.control.reaping import Reaped, borrowed_key, reap_space, reap_tenant
    from cpi_conformance.control.run_mark import RunMark
    from cpi_conformance.control.tenant import Tenant, TenantError
    from cpi_conformance.landscape import LandscapeProblems, MissingMaterial, load_landscape

    try:
        loaded = load_landscape(landscape)
        target = loaded.target()
    except (LandscapeProblems, MissingMaterial) as problem:
        raise typer.BadParameter(str(problem), param_hint="LANDSCAPE") from None
    patience, api = Patience(deadline=target.deadline), loaded.tenant_api
    reaped = Reaped()
    try:
        with CloudFoundry(target.api, target.login, trusted=target.trusted, patience=patience) as cloud:
            space = cloud.space(cloud.organization(target.organization), target.space)
            mark = RunMark.new(cloud.far_now(), dt.timedelta(minutes=10))
            if api is not None and (api.credentials or yes):
                with ExitStack() as key:
                    credentials = api.credentials or key.enter_context(borrowed_key(Lifecycle(cloud, space, mark)))
                    tenant = key.enter_context(Tenant(credentials, trusted=api.trusted, patience=patience))
                    reaped += reap_tenant(Content(tenant, mark), run=run, yes=yes, tell=typer.echo)
            elif api is not None:
                told = "the tenant is looked at with --yes only: the file gives no tenant_api.service_key"
                typer.echo(told, err=True)
            reaped += reap_space(cloud, space, run=run, yes=yes, tell=typer.echo)
    except ControlError as error:
        where = "the tenant" if isinstance(error, TenantError) else f"Cloud Foundry at {target.api}"
        typer.echo(f"{where}: {error}", err=True)
        raise typer.Exit(3) from None
    if not reaped.found:
        whose = "no run" if run is None else f"no run {run}"
        typer.echo(f"{whose} has left anything in the space {target.space}")
    elif not yes:
        typer.echo("nothing removed; repeat with --yes")
    if reaped.remaining:
        raise typer.Exit(1)


@application.command()
def inspect(
    file: Annotated[Path, typer.Argument(help="A PFX, PSE, p7b, cer, PEM, or a service key.", dir_okay=False)],
    passphrase_env: Annotated[
        str | None, typer.Option(help="The environment variable with the passphrase.", metavar="NAME")
    ] = None,
    passphrase_file: Annotated[
        Path | None, typer.Option(help="The file with the passphrase, UTF-8.", dir_okay=False, metavar="PATH")
    ] = None,
) -> None:
    """Say what a certificate file is, what it holds, who will take it, and what is to be done.

    Without an option for the passphrase it is asked for, if there is a terminal. Exit code 0: readable, and
    nothing to do; 1: readable, and something to do; 2: it cannot be read, or an option cannot be used.
    """
    from cpi_conformance.certificates.inspection import inspect as inspected
    from cpi_conformance.certificates.inspection_text import rendered

    content = _read(file, "FILE")
    passphrase = _passphrase(passphrase_env, passphrase_file)
    found = inspected(content, passphrase)
    if found.locked and passphrase is None and sys.stdin.isatty():
        found = inspected(content, _asked())
    encoding = sys.stdout.encoding or "ascii"
    typer.echo(rendered(found, file.name).encode(encoding, "backslashreplace").decode(encoding))
    if found.unreadable or found.to_do:
        raise typer.Exit(2 if found.unreadable else 1)


def _asked() -> Secret:
    try:
        return Secret(typer.prompt("Passphrase", hide_input=True, err=True, default="", show_default=False))
    except typer.Abort:
        raise typer.Exit(2) from None


LARGEST = 4 * 1024 * 1024
"""Bytes of a file to inspect: many times a trust store of all public roots."""


def _read(path: Path, option: str) -> bytes:
    try:
        with path.open("rb") as stream:
            content = stream.read(LARGEST + 1)
    except OSError as error:
        raise typer.BadParameter(f"{path}: {error.strerror or error}", param_hint=option) from None
    if len(content) > LARGEST:
        raise typer.BadParameter(f"{path} is larger than 4 MiB; that is no certificate file", param_hint=option)
    return content


def _passphrase(variable: str | None, path: Path | None) -> Secret | None:
    """The passphrase that an option leads to, without the line feed at the end of its file."""
    if variable is not None and path is not None:
        raise typer.BadParameter("give one of both", param_hint="--passphrase-env, --passphrase-file")
    if variable is not None:
        value = os.environ.get(variable)
        if value is None:
            raise typer.BadParameter("no such environment variable is set", param_hint="--passphrase-env")
        return Secret(value)
    if path is None:
        return None
    try:
        return Secret(_read(path, "--passphrase-file").decode("utf-8-sig").removesuffix("\n").removesuffix("\r"))
    except UnicodeDecodeError:
        raise typer.BadParameter("it is not UTF-8 text", param_hint="--passphrase-file") from None


def _introduction(folder: Path, profile: str, faults: Iterable[object]) -> str:
    out = shlex.quote(str(folder))
    troubled = "".join(f", under {fault}" for fault in faults)
    refused = "  (a trial refuses it with 401)" if profile == "trial" else ""
    return "\n".join(
        (
            f"Simulated landscape, profile {profile}{troubled}.",
            f"It listens on this machine only; its secrets are in {out}.",
            f"  Basic        curl --config {out}/curl-basic.conf",
            f"  certificate  curl --config {out}/curl-certificate.conf{refused}",
            f"  newman       --ssl-extra-ca-certs {out}/ca.pem --ssl-client-cert-list {out}/newman-certificates.json",
            f"  Postman      Settings > Certificates: CA {out}/ca.pem, PFX {out}/sender.pfx, {out}/passphrase.txt",
            f"  suite        pytest --landscape {out}/landscape.toml",
            f"  record       {out}/record.jsonl, what the landscape saw, one line for each call",
        )
    )
