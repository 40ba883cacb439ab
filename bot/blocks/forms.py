"""Forms made from an operation's parameters, what was entered into them, and what was wrong with it."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from bot.blocks import inputs, kit
from bot.blocks.kit import Block
from bot.blocks.press import compact
from bot.blocks.text import cut_plain, escaped, unmarked, words
from domain.operation import AnyOperation
from domain.outcomes import Refused
from domain.parameters import Parameter, Params, describe

PREFIX = "form:"
METADATA_LIMIT = 3_000
CARRIED = "carried"
"""Where a form's metadata keeps parameters nobody is asked for; what the surface keeps stands beside it."""
_TITLE, _SUBMIT, _ERROR = 24, 24, 300
TITLES = {
    "golive.enable": ("Ask to go live", "Ask"),
    "golive.disable": ("Switch go-live off", "Switch off"),
    "golive.attest": ("Sign a statement", "Sign"),
    "killswitch.engage": ("Engage the kill switch", "Engage"),
    "killswitch.release": ("Ask to release", "Ask"),
    "killswitch.explain": ("Add to the reason", "Add"),
    "approvals.withdraw": ("Withdraw your request", "Withdraw"),
    "approvals.ask": ("Ask a question", "Ask"),
    "approvals.reject": ("Reject a request", "Reject"),
    "approvals.approve": ("Approve a request", "Approve"),
    "approvals.break_glass": ("Break glass", "Act alone"),
    "approvals.signoff": ("Sign off", "Sign off"),
    "access.request": ("Ask for access", "Ask"),
    "access.grant": ("Give a role", "Give"),
    "access.revoke": ("Take a role away", "Take away"),
    "review.decide": ("Decide about the week", "Decide"),
    "risk.policy_set": ("Set caps", "Set"),
    "risk.raise": ("Ask for more room", "Ask"),
    "risk.pause": ("Pause an engine", "Pause"),
    "risk.resume": ("Ask to resume", "Ask"),
    "risk.settle": ("Settle a reservation", "Settle"),
    "regression.release": ("Ask to release", "Ask"),
    "heimdall.policy_set": ("Change a policy", "Change"),
    "heimdall.promote": ("Ask to promote", "Ask"),
    "heimdall.demote": ("Back to the sandbox", "Demote"),
    "heimdall.require": ("Use a recommendation", "Use"),
    "heimdall.trial": ("Record a trial", "Record"),
    "heimdall.outcome": ("Record an outcome", "Record"),
    "heimdall.recommend": ("Record a recommendation", "Record"),
    "alerts.ack": ("Acknowledge an alert", "Acknowledge"),
    "alerts.pass": ("Pass an alert on", "Pass on"),
    "oncall.take": ("Take over on call", "Take over"),
    "oncall.set": ("Set a shift", "Set"),
    "oncall.remove": ("Remove a shift", "Remove"),
    "alerts.resolve": ("Resolve an alert", "Resolve"),
    "followup.complete": ("Record the outcome", "Record"),
    "route.set": ("Choose a channel", "Use it"),
    "route.test": ("Test a channel", "Post a test"),
}
"""Title and submit button where the summary's first words do not say it well."""
_PAUSE = re.compile(r"[,;:(?]")
_CONJUNCTION = re.compile(r" (?:and|by|for|than|that|to|what|where|which|who|with|within) ")
_DANGLING = frozenset(
    [
        "a", "about", "an", "and", "another", "are", "as", "at", "between", "for", "from", "her", "his", "in", "into",
        "is", "its", "of", "on", "or", "that", "the", "their", "to", "were", "with",
    ]
)  # fmt: skip


def form_view(
    operation: AnyOperation,
    prefill: Mapping[str, Any],
    *,
    private: Mapping[str, Any],
    first_line: str | None = None,
    problem: Refused | None = None,
    prefix: str = "",
) -> dict[str, Any]:
    """Return the modal of an operation: its fields filled with `prefill`, ids carried along unseen.

    `private` comes back by `read_private`; `first_line` is said on top (the class is refused just now), and under it
    what was wrong with the last try. Raises `ValueError` where more must be carried than Slack takes.
    """
    model: type[Params] = operation.params
    parameters = describe(model)
    wrong = problem.field if problem else None
    deciding = {parameter.arg.only_with[0] for parameter in parameters if parameter.arg.only_with}
    shown = [
        parameter
        for parameter in parameters
        if _is_shown(parameter, prefill, wrong) and not (parameter.name in deciding and prefill.get(parameter.name))
    ]
    carried = _carried(parameters, shown, prefill)
    title, submit = TITLES.get(operation.name, _titles(operation))
    blocks = _top(operation, parameters, carried, first_line, problem)
    blocks += [inputs.field(parameter, prefill.get(parameter.name, parameter.default)) for parameter in shown]
    return {
        "type": "modal", "callback_id": f"{PREFIX}{operation.name}", "title": kit.plain_text(title, _TITLE),
        "submit": kit.plain_text(submit, _SUBMIT), "close": kit.plain_text("Not now", _SUBMIT),
        "private_metadata": _metadata(carried, private), "blocks": kit.with_prefix(blocks, prefix),
    }  # fmt: skip


def _is_shown(parameter: Parameter, prefill: Mapping[str, Any], wrong: str | None) -> bool:
    if parameter.arg.hidden:
        return False
    if parameter.arg.only_with is not None and parameter.name != wrong:
        other, values = parameter.arg.only_with
        if prefill.get(other) not in (None, "", *values):
            return False
    is_known_id = parameter.name.endswith("_id") and prefill.get(parameter.name) not in (None, "")
    return parameter.name == wrong or not is_known_id


def _carried(parameters: tuple[Parameter, ...], shown: list[Parameter], prefill: Mapping[str, Any]) -> dict[str, Any]:
    hidden = {parameter.name for parameter in parameters} - {parameter.name for parameter in shown}
    return {name: given for name, given in prefill.items() if name in hidden and given is not None}


def _titles(operation: AnyOperation) -> tuple[str, str]:
    """Return the first clause of the summary in whole words, and the verb it begins with."""
    sentence = _PAUSE.split(operation.summary, maxsplit=1)[0]
    clause = _CONJUNCTION.split(sentence, maxsplit=1)[0]
    verb, *rest = (clause if " " in clause else sentence).split()
    title = verb
    for word in rest:
        if len(f"{title} {word}") > _TITLE:
            break
        title = f"{title} {word}"
    while title.rpartition(" ")[2].lower() in _DANGLING:
        title = title.rpartition(" ")[0]
    return title, "Ask" if operation.approval is not None else verb


def _top(
    operation: AnyOperation,
    parameters: tuple[Parameter, ...],
    carried: Mapping[str, Any],
    first_line: str | None,
    problem: Refused | None,
) -> list[Block]:
    """Say what the form is for and about what; then what stands in the way."""
    summary = operation.summary.split(" (", 1)[0]
    about = [_about(parameter, carried[parameter.name]) for parameter in parameters if _is_told(parameter, carried)]
    made = kit.lines(f"*{words(summary)}*", *about)
    if first_line:
        made += kit.lines(words(first_line))
    if problem:
        made += kit.lines(f"*Not done*  {words(problem.detail)}", words(problem.remedy) if problem.remedy else None)
    return made


def _is_told(parameter: Parameter, carried: Mapping[str, Any]) -> bool:
    return parameter.name in carried and not parameter.arg.hidden


def _about(parameter: Parameter, given: Any) -> str:
    text = inputs.as_text(given)
    sign = inputs.NUMBER_SIGNS.get(parameter.name, "") if text.isdigit() else ""
    return f"{escaped(inputs.named(parameter))}: {words(sign + text)}"


def _metadata(carried: Mapping[str, Any], private: Mapping[str, Any]) -> str:
    if CARRIED in private:
        raise ValueError(f"{CARRIED!r} is the form's own word")
    made = compact({**private, CARRIED: dict(carried)})
    if len(made) > METADATA_LIMIT:
        raise ValueError("the form would have to carry more than Slack takes")
    return made


def _read_metadata(view: Mapping[str, Any]) -> dict[str, Any]:
    try:
        found = json.loads(view.get("private_metadata") or "{}")
    except json.JSONDecodeError as error:
        raise ValueError("the form's metadata is not JSON") from error
    if not isinstance(found, dict):
        raise ValueError("the form's metadata is not an object")  # noqa: TRY004 - one error for every malformed form
    return found


def form_operation(view: Mapping[str, Any]) -> str:
    """Return the name of the operation a form is for; raises `ValueError` where it is none of ours."""
    name = str(view.get("callback_id") or "")
    if not name.startswith(PREFIX):
        raise ValueError("the form is none of ours")
    return name.removeprefix(PREFIX)


def read_private(view: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the surface had put into `private`."""
    return {name: kept for name, kept in _read_metadata(view).items() if name != CARRIED}


def read_form(view: Mapping[str, Any]) -> dict[str, Any]:
    """Return the raw parameters of a submitted form: what it carried, and what was entered."""
    raw = dict(_read_metadata(view).get(CARRIED) or {})
    for name, states in view.get("state", {}).get("values", {}).items():
        given = inputs.entered(states.get(inputs.ENTERED, {}))
        if given is not None:
            raw[name] = given
    return raw


def form_errors(view: Mapping[str, Any], refusals: Sequence[Refused]) -> dict[str, str]:
    """Return what to say beside each field that a refusal is about.

    Where they are about no field of the form, the first one is said beside the first field. Empty only where the form
    has no field at all.
    """
    fields = [block["block_id"] for block in view.get("blocks", ()) if block.get("type") == "input"]
    about: dict[str, Refused] = {}
    for refusal in refusals:
        if refusal.field in fields:
            about.setdefault(refusal.field, refusal)
    if not about:
        about = dict(zip(fields[:1], refusals, strict=False))
    return {name: _error(refusal) for name, refusal in about.items()}


def _error(refusal: Refused) -> str:
    return cut_plain(unmarked(words(f"{refusal.detail} {refusal.remedy}".strip())), _ERROR)
