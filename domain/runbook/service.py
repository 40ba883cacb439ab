"""Reading the evidence, signing statements, and the runbook in its two forms."""

from dataclasses import replace

from sqlalchemy import func, insert, select, text

from domain.access.directory import JOB
from domain.access.people import holders
from domain.act import Act
from domain.audit.tables import AuditEvent, AuditUnsealed
from domain.database import head_revision
from domain.delivery.tables import Outbox
from domain.heimdall.policies import missing_from_charter
from domain.identity import Role
from domain.money import from_cents
from domain.oncall import rota
from domain.oncall.pages import PHONE
from domain.oncall.tables import Page
from domain.processes.tables import ProcessHeartbeat
from domain.regression.views import collect, named
from domain.risk.rules import FULL_SPEED, GLOBAL, UNITS, Caps, Used, shared, times
from domain.risk.views import caps_now, engines_without_caps, shares_by_engine
from domain.runbook import rules
from domain.runbook.results import Attested, Check, Markdown, RunbookStatus, Severity
from domain.runbook.tables import Attestation
from domain.ticks import service as ticks

OFFERS_OF = "WHOLESALE"


def evidence(act: Act) -> rules.Evidence:
    """Read everything the checks look at from the rows where it was recorded."""
    connection = act.connection
    processes = connection.execute(
        select(ProcessHeartbeat.kind, ProcessHeartbeat.seen_at, ProcessHeartbeat.seen).order_by(
            ProcessHeartbeat.seen_at
        )
    )
    newest = {row.kind: rules.Process(row.kind, row.seen_at, row.seen) for row in processes}
    signed = connection.execute(
        select(Attestation.statement, Attestation.actor, Attestation.at).order_by(Attestation.id)
    )
    duty = rota.current(act)
    return rules.Evidence(
        now=act.now,
        is_production=act.settings.is_production,
        dual_control=act.settings.dual_control,
        owners=len(holders(connection, Role.OWNER)),
        kill_switch_engaged=act.prime.kill_switch_engaged,
        schema_revision=connection.scalar(text("SELECT version_num FROM alembic_version")),
        head_revision=head_revision(),
        processes=newest,
        oldest_queued=connection.scalar(
            select(func.min(Outbox.created_at)).where(Outbox.state.in_(("queued", "sending")))
        ),
        oldest_unsealed=connection.scalar(
            select(func.min(AuditEvent.at)).join(AuditUnsealed, AuditUnsealed.event_id == AuditEvent.id)
        ),
        stuck_messages=connection.scalar(
            select(func.count()).select_from(Outbox).where(Outbox.state.in_(("held", "dead")))
        )
        or 0,
        managers=len(holders(connection, Role.MANAGER)),
        charter_missing=missing_from_charter(connection),
        signed={row.statement: (row.actor, row.at) for row in signed},
        tripwires=_tripwires(act),
        engines_without_caps=engines_without_caps(act),
        room=_room(act),
        on_call=duty.user_id if duty else None,
        on_call_until=duty.until if duty else None,
        paged_in_order=tuple(rota.to_page(act)),
        has_page_url=act.settings.page_url is not None,
        is_page_signed=act.settings.page_secret is not None,
        last_page=_last_page(act),
        directory=ticks.newest(connection, JOB),
    )


def _tripwires(act: Act) -> tuple[rules.Tripwire, ...]:
    return tuple(
        rules.Tripwire(
            f"{item.domain}.{item.metric}", item.state, item.learned, item.needs, item.last_event_at, item.is_stale
        )
        for item in collect(act.connection, named(act.connection, None, None), act.now)
    )


def _room(act: Act) -> rules.Room | None:
    """Count a fresh day's offers under the caps as they count now, a trial share among them."""
    caps, trials = caps_now(act), shares_by_engine(act)
    unit = UNITS[OFFERS_OF]
    if GLOBAL not in caps or OFFERS_OF not in caps:
        return None
    at = {name: trials[name][0].share or FULL_SPEED for name in (GLOBAL, OFFERS_OF) if name in trials}
    both = [(shared(caps[name], at.get(name, FULL_SPEED)), Used()) for name in (GLOBAL, OFFERS_OF)]
    return rules.Room(
        offers_a_day=times([(replace(one, max_open_risk=None), used) for one, used in both], unit),
        offers_open=times([(Caps(max_open_risk=one.max_open_risk), used) for one, used in both], unit),
        deposit=str(from_cents(unit.amount)),
        trials=tuple(at.items()),
    )


def _last_page(act: Act) -> rules.PhonePage | None:
    row = act.connection.execute(
        select(Page.ended_at, Page.state, Page.error)
        .where(Page.way == PHONE, Page.state.in_(("sent", "failed")))
        .order_by(Page.ended_at.desc(), Page.id.desc())
        .limit(1)
    ).one_or_none()
    return rules.PhonePage(row.ended_at, row.state == "sent", row.error) if row else None


def blockers(act: Act) -> tuple[Check, ...]:
    """Return the checks that stand in the way of go-live."""
    return tuple(check for check in rules.judge(evidence(act)) if not check.ok and check.severity is Severity.BLOCKER)


def status(act: Act) -> RunbookStatus:
    """Return the whole runbook."""
    found = evidence(act)
    checks = rules.judge(found)
    failed = [check for check in checks if not check.ok]
    by_severity = {severity: tuple(check for check in failed if check.severity is severity) for severity in Severity}
    return RunbookStatus(
        ok_to_enable_go_live=not by_severity[Severity.BLOCKER],
        blockers=by_severity[Severity.BLOCKER],
        warnings=by_severity[Severity.WARN],
        info=by_severity[Severity.INFO],
        passed=tuple(check for check in checks if check.ok),
        statements=rules.statements(found.signed, act.now),
        checked_at=act.now,
    )


def markdown(act: Act) -> Markdown:
    """Return the runbook as a document that can be pasted elsewhere."""
    found = status(act)
    lines = [f"# Runbook, {found.checked_at:%Y-%m-%d %H:%M} UTC", ""]
    lines.append("OK to go live." if found.ok_to_enable_go_live else "Not OK to go live.")
    sections = (
        ("Blockers", found.blockers), ("Warnings", found.warnings), ("Info", found.info), ("Passed", found.passed),
    )  # fmt: skip
    for title, checks in sections:
        if checks:
            lines += ["", f"## {title}", ""]
            lines += [_line(check) for check in checks]
    lines += ["", "## Signed statements", ""]
    for item in found.statements:
        valid = item.valid_until if item.is_valid else None
        until = f"good until {valid:%Y-%m-%d}" if valid else "not signed, or too old"
        lines.append(f"- {item.statement}: {item.meaning}; {until}")
    return Markdown(markdown="\n".join(lines))


def _line(check: Check) -> str:
    return f"- {check.name}: {check.detail}" + (f" ({check.cure})" if check.cure else "")


def attest(act: Act, statement: str, note: str | None) -> Attested:
    """Sign a statement; the newest signature counts."""
    act.connection.execute(insert(Attestation).values(statement=statement, actor=act.actor, at=act.now, note=note))
    act.changed(f"statement:{statement}", after={"statement": statement, "note": note})
    signed = rules.statements({statement: (act.actor, act.now)}, act.now)
    return Attested(statement=next(item for item in signed if item.statement == statement))
