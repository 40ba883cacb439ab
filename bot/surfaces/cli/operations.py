"""`valhalla op` and `valhalla ops`: run one operation, list them all."""

import json
from collections.abc import Mapping
from enum import IntEnum
from pathlib import Path
from typing import Any

from domain.access.service import adopted_owner
from domain.gate import Call, Gate
from domain.identity import Caller, Surface
from domain.operation import AnyOperation, Registry
from domain.outcomes import Done, Held, Kind, Outcome, PendingApproval, Refused, refused
from domain.system.operations import usage

BREAK_GLASS = "break_glass"


class ExitCode(IntEnum):
    """What `valhalla op` exits with (spec/4)."""

    OK = 0
    REFUSED = 1
    BAD_INPUT = 2
    UNAVAILABLE = 3
    PENDING = 4


def read_arguments(words: list[str]) -> dict[str, Any] | Refused:
    """Read `key=value …`; a value `@PATH` is read from that file, JSON where its name says so."""
    raw: dict[str, Any] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name:
            return _bad(f"“{word}” is not of the form key=value.", "for example `reason=drill`")
        if name in raw:
            return _bad(f"`{name}` is there twice.", "give it once")
        if not value.startswith("@") or value[1:2] in {"", "@"}:
            raw[name] = value
            continue
        try:
            text = Path(value[1:]).read_text(encoding="utf-8")
            raw[name] = json.loads(text) if value.endswith(".json") else text
        except (OSError, ValueError) as error:
            return _bad(f"`{name}`: {value[1:]} cannot be read ({error}).", "give the path of a file after the @")
    return raw


def _bad(detail: str, remedy: str) -> Refused:
    return refused(Kind.INVALID, "bad_argument", detail, layer="input", remedy=remedy)


def local_caller(gate: Gate, as_user: str | None) -> Caller | Refused:
    """Return who the command line is: the first of VALHALLA_OWNERS, or anybody in development.

    Where the setting names nobody, it is whoever was made owner as the primary owner of the workspace.
    """
    settings = gate.settings
    if as_user is not None:
        if settings.is_production:
            return refused(
                Kind.NOT_ALLOWED, "as_in_production", "`--as` works in development only.", layer="Access",
                remedy="Run it as yourself, in Slack.",
            )  # fmt: skip
        return Caller(as_user, Surface.CLI)
    owner = settings.owners[0] if settings.owners else gate.database.look(adopted_owner)
    if owner is None:
        return refused(
            Kind.NOT_ALLOWED, "no_owner", "VALHALLA_OWNERS names nobody, so nobody is the local owner.", layer="Access",
            remedy="Set VALHALLA_OWNERS to your Slack user id.",
        )  # fmt: skip
    return Caller(owner, Surface.CLI)


def run(gate: Gate, name: str, words: list[str], as_user: str | None) -> Outcome:
    """Run one operation for the local owner; every call is a new one."""
    caller = local_caller(gate, as_user)
    if isinstance(caller, Refused):
        return caller
    raw = read_arguments(words)
    if isinstance(raw, Refused):
        return raw
    glass = str(raw.pop(BREAK_GLASS, "false")).lower()
    if glass not in {"true", "yes", "1"}:
        return gate.run(Call(name, raw, caller))
    reason = str(raw.get("reason") or "").strip()
    if not reason:
        return _bad("Breaking glass needs a reason.", "for example `break_glass=true reason=…`")
    operation = gate.registry.get(name)
    if operation is not None and "reason" not in operation.params.model_fields:
        raw.pop("reason", None)
    return gate.run(Call(name, raw, caller, break_glass_reason=reason))


def as_json(name: str, outcome: Outcome) -> dict[str, Any]:
    """Return the one object `--json` prints (spec/4)."""
    if isinstance(outcome, Done):
        remark = {"remark": outcome.remark} if outcome.remark else {}
        return {"ok": True, "operation": name, "result": outcome.result.to_json(), **remark}
    if isinstance(outcome, PendingApproval):
        return {"ok": True, "pending_approval": outcome.to_json()}
    if isinstance(outcome, Held):
        return {"ok": True, "held": outcome.to_json()}
    parts = ("kind", "code", "layer", "detail", "figures", "remedy")
    error = {part: value for part, value in outcome.to_json().items() if part in parts}
    if outcome.field:
        error["field"] = outcome.field
    return {"ok": False, "error": error}


def exit_code(outcome: Outcome) -> ExitCode:
    """Return what the process ends with."""
    if isinstance(outcome, PendingApproval):
        return ExitCode.PENDING
    if not isinstance(outcome, Refused):
        return ExitCode.OK
    return {Kind.INVALID: ExitCode.BAD_INPUT, Kind.UNAVAILABLE: ExitCode.UNAVAILABLE}.get(
        outcome.kind, ExitCode.REFUSED
    )


def as_text(outcome: Outcome) -> str:
    """Return an outcome for a terminal."""
    if isinstance(outcome, Refused):
        lines = [outcome.detail, outcome.remedy, f"{outcome.layer} · {outcome.code}"]
        return "\n".join(line for line in lines if line)
    if isinstance(outcome, PendingApproval):
        return f"Asked: A-{outcome.approval_id}, {outcome.headline}. It waits for another manager, in Slack."
    if isinstance(outcome, Held):
        return f"Held: number {outcome.held_id}. Prime Law stops it now."
    shown = json.dumps(outcome.result.to_json(), indent=2, ensure_ascii=False)
    return f"{outcome.remark}\n{shown}" if outcome.remark else shown


def listed(operation: AnyOperation) -> dict[str, Any]:
    """Return everything the registry says of an operation, for programs."""
    return {
        "name": operation.name,
        "summary": operation.summary,
        "role": operation.role.word if operation.role else None,
        "execution_class": operation.klass.value,
        "reduces": operation.reduces,
        "reads": operation.reads,
        "needs_approval": operation.approval is not None,
        "surfaces": sorted(surface.value for surface in operation.surfaces),
        "slack": [usage(operation, slash) for slash in operation.typed()],
        "http": f"{operation.http.method} /api/{operation.http.path}" if operation.http else None,
        "also_http": [f"{route.method} /api/{route.path}" for route in operation.also_http],
        "example": operation.example,
        "internal": operation.internal,
        "parameters": [_parameter(item) for item in operation.parameters],
        "result": sorted(operation.result.model_fields),
    }


def _parameter(item: Any) -> Mapping[str, Any]:
    return {
        "name": item.name, "required": item.required, "expects": item.arg.expects, "example": item.arg.example,
        "choices": list(item.choices),
    }  # fmt: skip


def table(registry: Registry, *, internal: bool) -> str:
    """Return the list of operations for a terminal."""
    operations = registry.internal() if internal else registry.public()
    lines = []
    for operation in operations:
        role = operation.role.word if operation.role else "anyone"
        marks = ("↓" if operation.reduces else "") + (" A" if operation.approval else "")
        way = usage(operation, operation.slack) if operation.slack else "internal" if internal else "a button"
        lines.append(f"{operation.name:24} {role:9} {operation.klass.value:13} {marks:4} {way}")
        lines.append(f"{'':24} {operation.summary}")
    return "\n".join(lines)
