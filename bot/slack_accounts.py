"""Whether an account is active, asked of Slack and put right here, by whoever looks around or hears of it."""

import structlog

from bot.slack_api import Answer, Refused, SlackApi, said
from domain.access.directory import Account
from domain.gate import Call, Gate
from domain.gate.call import system_call
from domain.outcomes import Done

log = structlog.get_logger(__name__)
UNKNOWN = frozenset({"user_not_found", "user_not_visible"})


def follow_account(gate: Gate, slack: SlackApi, account: Account) -> str | None:
    """Ask Slack about one account, and do what differs; return what could not be read, else None.

    Slack is asked each time, so that news which come late, twice or out of their order change nothing.
    """
    answer = slack.call("users.info", user=account.user_id)
    if isinstance(answer, Refused) and answer.error in UNKNOWN:
        return None  # named here and unknown there: a mistake in a setting, which `doctor` is for
    if not isinstance(answer, Answer):
        return f"users.info: {said(answer)}"
    is_active = not (answer.data.get("user") or {}).get("deleted", False)
    if is_active != account.is_active:
        put_right(gate, system_call("access.account", user=account.user_id, is_active=is_active))
    return None


def put_right(gate: Gate, call: Call) -> None:
    """Do one thing that differs from Slack's directory; what is wrong with it keeps no other."""
    try:
        outcome = gate.run(call)
    except Exception:
        log.exception("directory.failed", operation=call.operation, params=dict(call.params))
        return
    if isinstance(outcome, Done):
        log.info("directory.followed", operation=call.operation, params=dict(call.params))
    else:
        log.warning("directory.refused", operation=call.operation, params=dict(call.params), outcome=str(outcome))
