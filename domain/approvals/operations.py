"""The operations of approvals; deciding is for buttons in Slack alone."""

from typing import Annotated

from domain.act import Act
from domain.approvals import alone, deciding, ending, judging, rows, rules, showing
from domain.approvals.results import ApprovalList, BreakGlassCard, Decided, Question
from domain.identity import Role, Surface
from domain.operation import ExecutionClass, Http, Operation, Slash
from domain.outcomes import Done, Kind, Refused, refused
from domain.parameters import Arg, Input, NoParams, Number, Params, Reason, Text, numbered

IN_SLACK = frozenset({Surface.SLACK})
ApprovalId = Annotated[Number, numbered("A"), Arg("a request's number", "A-318", Input.NUMBER)]
Seen = Annotated[Text | None, Arg("what the card showed", "0f3a", hidden=True)]


class Which(Params):
    """One request."""

    approval_id: ApprovalId


class Approve(Params):
    """Which request, as which card showed it, and a word about it."""

    approval_id: ApprovalId
    seen: Seen = None
    note: Annotated[Text | None, Arg("a word about it", "fine by me", Input.LONG_TEXT, rest=True)] = None


class Reject(Params):
    """Which request, and why not."""

    approval_id: ApprovalId
    reason: Reason
    seen: Seen = None


class Ask(Params):
    """Which request, and what you want to know."""

    approval_id: ApprovalId
    reason: Annotated[Text, Arg("your question", "does this cover Alberta too?", Input.LONG_TEXT, rest=True)]


class BreakTheGlass(Params):
    """Which request, why alone, and its operation typed out."""

    approval_id: ApprovalId
    reason: Reason
    type_the_operation: Annotated[Text, Arg("the operation's name, typed out", "killswitch.release")]


class SignOff(Params):
    """Which use of break glass, and a word about it."""

    break_glass_id: Annotated[Number, numbered("B"), Arg("a break-glass use's number", "B-3", Input.NUMBER)]
    note: Annotated[Text | None, Arg("a word about it", "seen and agreed", Input.LONG_TEXT, rest=True)] = None


def _list(act: Act, *, mine: bool) -> ApprovalList:
    lines = tuple(showing.line_of(row) for row in rows.open_requests(act, of=act.actor if mine else None))
    waiting = () if mine else tuple(alone.break_glass_card(act, row) for row in alone.unsigned(act))
    return ApprovalList(items=lines, unsigned=waiting, mine=mine)


def _break_glass(act: Act, params: BreakTheGlass) -> Decided | Refused:
    row = rows.locked(act, params.approval_id)
    refusal = judging.judge_open(act, row, params.approval_id)
    if refusal is not None or row is None:
        return refusal or refused(Kind.NOT_FOUND, "no_such_approval", "There is no such request.", layer=rules.LAYER)
    if params.type_the_operation.strip() != row.operation:
        return refused(
            Kind.INVALID, "not_confirmed", f"To act alone, type `{row.operation}` exactly.", layer=rules.LAYER,
            field="type_the_operation", remedy=f"for example `{row.operation}`",
        )  # fmt: skip
    if altered := judging.judge_unaltered(act, row):
        return altered
    operation = act.registry[row.operation]
    asked = operation.params.model_validate(row.params, context={"now": act.now, "zone": act.settings.zone})
    outcome = alone.break_glass_on_request(act, operation, asked, params.reason)
    if isinstance(outcome, Refused):
        return outcome
    assert isinstance(outcome, Done)
    done = row.wanted["done"]
    headline = done if outcome.remark else f"Break glass: {done}"
    return Decided(approval_id=row.id, status="superseded", headline=headline, detail=outcome.remark or "")


OPERATIONS = (
    Operation(
        name="approvals.list",
        summary="Show what waits for a decision",
        params=NoParams,
        result=ApprovalList,
        run=lambda act, _params: _list(act, mine=False),
        role=Role.OPERATOR,
        klass=ExecutionClass.OBSERVE_ONLY,
        reads=True,
        slack=Slash("approvals", "list", default=True),
        http=Http("GET", "approvals"),
        example="/approvals",
    ),
    Operation(
        name="approvals.mine",
        summary="Show what you asked for",
        params=NoParams,
        result=ApprovalList,
        run=lambda act, _params: _list(act, mine=True),
        role=Role.OPERATOR,
        klass=ExecutionClass.OBSERVE_ONLY,
        reads=True,
        slack=Slash("approvals", "mine"),
        http=Http("GET", "approvals/mine"),
        example="/approvals mine",
    ),
    Operation(
        name="approvals.ask",
        summary="Put a question to whoever asked",
        params=Ask,
        result=Question,
        run=lambda act, params: deciding.ask(act, params.approval_id, params.reason),
        role=Role.MANAGER,
        klass=ExecutionClass.GOVERN,
        reduces=True,
        target=lambda params: f"A-{params.approval_id}",
        slack=Slash("approvals", "ask"),
        example="/approvals ask A-318 does this cover Alberta too?",
    ),
    Operation(
        name="approvals.withdraw",
        summary="Take back your own request",
        params=Which,
        result=Decided,
        run=lambda act, params: deciding.withdraw(act, params.approval_id),
        role=Role.OPERATOR,
        klass=ExecutionClass.GOVERN,
        reduces=True,
        target=lambda params: f"A-{params.approval_id}",
        slack=Slash("approvals", "withdraw"),
        http=Http("POST", "approvals/withdraw"),
        example="/approvals withdraw A-318",
    ),
    Operation(
        name="approvals.approve",
        summary="Approve a request (a button)",
        params=Approve,
        result=Decided,
        run=lambda act, params: deciding.approve(act, params.approval_id, params.seen, params.note),
        role=Role.MANAGER,
        klass=ExecutionClass.GOVERN,
        target=lambda params: f"A-{params.approval_id}",
        decides=lambda act, params: rows.requested_operation(act, params.approval_id),
        surfaces=IN_SLACK,
    ),
    Operation(
        name="approvals.reject",
        summary="Reject a request, with a reason (a button)",
        params=Reject,
        result=Decided,
        run=lambda act, params: deciding.reject(act, params.approval_id, params.seen, params.reason),
        role=Role.MANAGER,
        klass=ExecutionClass.GOVERN,
        target=lambda params: f"A-{params.approval_id}",
        surfaces=IN_SLACK,
    ),
    Operation(
        name="approvals.break_glass",
        summary="Do alone what a request asks for, as an owner (a button)",
        params=BreakTheGlass,
        result=Decided,
        run=_break_glass,
        role=Role.OWNER,
        klass=ExecutionClass.GOVERN,
        target=lambda params: f"A-{params.approval_id}",
        decides=lambda act, params: rows.requested_operation(act, params.approval_id),
        surfaces=IN_SLACK,
    ),
    Operation(
        name="approvals.signoff",
        summary="Put your name under what an owner did alone",
        params=SignOff,
        result=BreakGlassCard,
        run=lambda act, params: alone.sign_off(act, params.break_glass_id, params.note),
        role=Role.MANAGER,
        klass=ExecutionClass.GOVERN,
        target=lambda params: f"B-{params.break_glass_id}",
        slack=Slash("approvals", "signoff"),
        surfaces=IN_SLACK,
        example="/approvals signoff B-3 seen and agreed",
    ),
    Operation(
        name="approvals.expire",
        summary="End the requests whose time has passed",
        params=NoParams,
        result=ApprovalList,
        run=lambda act, _params: _expire(act),
        role=None,
        klass=ExecutionClass.GOVERN,
        reduces=True,
        internal=True,
    ),
)


def _expire(act: Act) -> ApprovalList:
    ended = ending.expire_due(act)
    if ended:
        act.changed("approvals", after={"expired": ended})
    return ApprovalList(items=())
