"""Whether an account is active, asked of Slack and put right here, by whoever looks around or hears of it."""

import structlog

from bot.slack_api import Answer, Refused, SlackApi, said
from domain.access.directory import Account
from domain.access.service import wants_owner
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


def find_owner(gate: Gate, slack: SlackApi) -> None:
    """Where nobody is owner here and no setting names one, take whoever owns the workspace in Slack."""
    if not gate.database.look(lambda connection: wants_owner(connection, gate.settings)):
        return
    for page in slack.pages("users.list"):
        if not isinstance(page, Answer):
            log.warning("owners.unread", reason=f"users.list: {said(page)}")
            return
        for member in page.data.get("members") or ():
            if member.get("is_primary_owner") and not member.get("deleted"):
                put_right(gate, system_call("access.adopt", user=member["id"]))
                return
    log.warning("owners.missing", cure="set VALHALLA_OWNERS to your Slack user id: until then nobody has a role")


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
