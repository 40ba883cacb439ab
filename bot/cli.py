"""The `valhalla` command: every process of the Procfile, and the operations from a terminal."""

import json
import sys
from collections.abc import Callable
from typing import Annotated, Any

import typer

from domain.settings import Settings, SettingsError, load_settings

app = typer.Typer(
    name="valhalla", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
    help="Valhalla governs a wholesaling team from Slack.",
)  # fmt: skip
audit = typer.Typer(no_args_is_help=True, help="Check the audit log.")
app.add_typer(audit, name="audit")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


def main() -> None:
    """Run the command line; a wrong setting or a database that is away is one line, never a traceback."""
    from domain.start import StartError

    try:
        app()
    except (SettingsError, StartError) as error:
        typer.echo(f"valhalla: {error}", err=True)
        sys.exit(2)


def _settings() -> Settings:
    from domain.logs import configure

    settings = load_settings()
    configure(settings)
    return settings


@app.command()
def bot(
    *,
    http: Annotated[bool, typer.Option("--http", help="Listen for Slack's requests instead of Socket Mode.")] = False,
    port: Annotated[int, typer.Option(help="Where to listen with --http.", min=1, max=65_535)] = 3000,
    host: Annotated[str, typer.Option(help="On which address to listen with --http.")] = "127.0.0.1",
) -> None:
    """Take commands and clicks from Slack (Socket Mode, or HTTP with --http)."""
    from bot.main import run_bot
    from bot.surfaces.slack.http_mode import Address

    raise typer.Exit(run_bot(_settings(), Address(host, port) if http else None))


@app.command()
def worker() -> None:
    """Send messages, run queued and scheduled work, seal the audit."""
    from workers.main import run_worker

    raise typer.Exit(run_worker(_settings()))


@app.command()
def scheduler() -> None:
    """Claim and enqueue scheduled work."""
    from workers.scheduler import run_scheduler

    raise typer.Exit(run_scheduler(_settings()))


@app.command()
def demo(
    port: Annotated[int, typer.Option(help="Where the local Slack workspace listens.")] = 8420,
    reset: Annotated[bool, typer.Option("--reset", help="Start over with an empty workspace.")] = False,
    no_open: Annotated[bool, typer.Option("--no-open", help="Open no browser, read nothing that is piped in.")] = False,
    terminal: Annotated[bool, typer.Option("--terminal", help="Act from this terminal, not in the browser.")] = False,
) -> None:
    """Run everything on embedded parts with a local Slack workspace in the browser, until Ctrl-C."""
    from bot.demo.main import run_demo

    run_demo(port=port, reset=reset, terminal=terminal, opens=not no_open)


@app.command()
def migrate(
    revision: Annotated[str, typer.Argument(help="A revision, `head`, or `base` to empty the database.")] = "head",
) -> None:
    """Bring the database to the newest revision."""
    from domain.database import migrate as bring_to
    from domain.database.engine import is_outage
    from domain.start import StartError

    settings = _settings()
    try:
        bring_to(settings.database, revision=revision)
    except Exception as error:
        if not is_outage(error):
            raise
        raise StartError(f"The database gives no answer ({str(error).splitlines()[0]}): check DATABASE_URL.") from None
    typer.echo(f"The database is at {revision}.")


@app.command()
def doctor() -> None:
    """Look at settings, database, Redis and Slack, and say how to mend what is wrong."""
    from bot.surfaces.cli.doctor import examine

    findings = examine(_settings())
    for finding in findings:
        typer.echo(f"{'ok   ' if finding.ok else 'WRONG'}  {finding.name}: {finding.detail}")
        if finding.cure and not finding.ok:
            typer.echo(f"       → {finding.cure}")
    raise typer.Exit(0 if all(finding.ok for finding in findings) else 1)


@app.command()
def manifest(
    http: Annotated[
        str | None, typer.Option(metavar="URL", help="Where Slack reaches the bot, for `valhalla bot --http`.")
    ] = None,
) -> None:
    """Print the manifest from which the Slack app is made."""
    from bot.surfaces.slack.manifest import manifest as build
    from domain.registry import build_registry

    typer.echo(json.dumps(build(build_registry(), load_settings(), http=http), indent=2))


@app.command()
def ops(
    *,
    as_json: AsJson = False,
    internal: Annotated[bool, typer.Option("--internal", help="Those the program runs by itself.")] = False,
) -> None:
    """List every operation."""
    from bot.surfaces.cli.operations import listed, table
    from domain.registry import build_registry

    registry = build_registry()
    if as_json:
        chosen = registry.internal() if internal else registry.public()
        typer.echo(json.dumps([listed(operation) for operation in chosen], indent=2, ensure_ascii=False))
    else:
        typer.echo(table(registry, internal=internal))


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": False})
def op(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="The operation, for example golive.state.")],
    *,
    as_json: AsJson = False,
    as_user: Annotated[str | None, typer.Option("--as", help="Act as this person (development only).")] = None,
) -> None:
    """Run one operation as the local owner: `valhalla op NAME key=value …`."""
    from bot.surfaces.cli.operations import as_json as to_json
    from bot.surfaces.cli.operations import as_text, exit_code, run

    outcome = _with_gate(lambda gate: run(gate, name, context.args, as_user), as_json=as_json)
    typer.echo(json.dumps(to_json(name, outcome), ensure_ascii=False) if as_json else as_text(outcome))
    raise typer.Exit(int(exit_code(outcome)))


def _with_gate(work: Callable[[Any], Any], *, as_json: bool) -> Any:
    """Open a gate; a database that is away is an outcome like any other, so that programs get their JSON."""
    import structlog

    from domain.gate.call import new_correlation_id, unexpected
    from domain.outcomes import Kind, refused
    from domain.start import StartError, start

    try:
        gate = start(_settings())
    except StartError as error:
        if not as_json:
            raise
        return refused(Kind.UNAVAILABLE, "database_unavailable", str(error), layer="database")
    try:
        return work(gate)
    except Exception:  # as on every surface: an apology, and the cause in the log
        correlation_id = new_correlation_id()
        structlog.get_logger(__name__).exception("operation.failed", correlation_id=correlation_id)
        return unexpected(correlation_id)
    finally:
        gate.database.close()


@audit.command("verify")
def audit_verify(*, as_json: AsJson = False) -> None:
    """Check that nothing in the audit was changed or taken out."""
    from bot.surfaces.cli.operations import as_json as to_json
    from bot.surfaces.cli.operations import as_text, exit_code, run

    outcome = _with_gate(lambda gate: run(gate, "audit.verify", [], None), as_json=as_json)
    typer.echo(json.dumps(to_json("audit.verify", outcome)) if as_json else as_text(outcome))
    broken = getattr(getattr(outcome, "result", None), "ok", None) is False
    raise typer.Exit(1 if broken else int(exit_code(outcome)))


if __name__ == "__main__":
    main()
