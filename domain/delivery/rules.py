"""What may be sent next, what an answer of Slack means, and how long to wait: pure functions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from domain.act import Form, Priority

SETTLE = timedelta(seconds=5)
"""How long a request that got no answer may still land before the history is read."""
BACK_OFF = (timedelta(seconds=1), timedelta(seconds=2), timedelta(seconds=5))
"""Waits between tries while Slack is away; the last one repeats for as long as it takes."""
POST_EVERY = timedelta(seconds=1)
EDIT_EVERY = timedelta(seconds=0.5)
BURST = timedelta(seconds=3)
"""How far a lane may be ahead of its pace: Slack tolerates short bursts."""
WAIT_FOR_CARD = timedelta(seconds=0.25)
LONGEST_PAUSE = timedelta(minutes=10)

ONCALL = "oncall"


class Verdict(StrEnum):
    """What to do about an error of Slack's."""

    JOIN = "join"
    NEW_MESSAGE = "new_message"
    OUT_OF_THREAD = "out_of_thread"
    TEXT_ONLY = "text_only"
    STOP = "stop"
    LATER = "later"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class Meaning:
    """An error in words: what to do about it now, and what a person can do."""

    verdict: Verdict
    cure: str


_INVITE = "invite the bot with /invite in that channel, or name another one with `/valhalla route`"
_TOKEN = "renew SLACK_BOT_TOKEN and start again; what waits is sent then"  # noqa: S105 - words about a token
_PERSON = "the person cannot get direct messages; tell them another way, and check `/access`"
_ADMIN = "an admin of the workspace limits posting there; ask for leave, or choose another with `/valhalla route`"
_TOO_LONG = "the message is too long for Slack; retry sends its text alone"
_BLOCKS = "Slack refuses this card's layout; its text was tried alone"
_SLACK = "Slack has trouble of its own; nothing to do"

MEANINGS: Mapping[str, Meaning] = {
    "not_in_channel": Meaning(Verdict.JOIN, _INVITE),
    "channel_not_found": Meaning(Verdict.DEAD, f"check the channel's name; if it is private, {_INVITE}"),
    "is_archived": Meaning(Verdict.DEAD, "the channel is archived; choose another one with `/valhalla route`"),
    "is_inactive": Meaning(Verdict.DEAD, "the channel is gone; choose another one with `/valhalla route`"),
    "messages_tab_disabled": Meaning(Verdict.DEAD, "switch the app's Messages tab on (`valhalla manifest`)"),
    "cannot_dm_bot": Meaning(Verdict.DEAD, _PERSON),
    "user_disabled": Meaning(Verdict.DEAD, _PERSON),
    "user_not_found": Meaning(Verdict.DEAD, _PERSON),
    "message_not_found": Meaning(Verdict.NEW_MESSAGE, "somebody deleted the card; a new one was posted"),
    "cant_update_message": Meaning(Verdict.NEW_MESSAGE, "the card is not ours any more; a new one was posted"),
    "edit_window_closed": Meaning(Verdict.NEW_MESSAGE, "the workspace closed the card for edits; a new one was posted"),
    "thread_not_found": Meaning(Verdict.OUT_OF_THREAD, "the card is gone; the reply was posted by itself"),
    "cannot_reply_to_message": Meaning(Verdict.OUT_OF_THREAD, "the card takes no replies"),
    "invalid_blocks": Meaning(Verdict.TEXT_ONLY, _BLOCKS),
    "invalid_blocks_format": Meaning(Verdict.TEXT_ONLY, _BLOCKS),
    "block_mismatch": Meaning(Verdict.TEXT_ONLY, _BLOCKS),
    "msg_blocks_too_long": Meaning(Verdict.TEXT_ONLY, _TOO_LONG),
    "msg_too_long": Meaning(Verdict.TEXT_ONLY, _TOO_LONG),
    "missing_scope": Meaning(Verdict.STOP, "install the app again with the manifest of `valhalla manifest`"),
    "message_limit_exceeded": Meaning(Verdict.LATER, "the workspace's plan allows no more messages just now"),
    "ratelimited": Meaning(Verdict.LATER, _SLACK),
    "rate_limited": Meaning(Verdict.LATER, _SLACK),
    **dict.fromkeys(
        (
            "account_inactive", "token_revoked", "token_expired", "invalid_auth", "not_authed", "org_login_required",
            "not_allowed_token_type",
        ),
        Meaning(Verdict.STOP, _TOKEN),
    ),
}  # fmt: skip
UNKNOWN_ERROR = Meaning(Verdict.DEAD, "a fault of the program: report it with the error's name, then drop or retry it")
UNREADABLE = "look whether the message is there: drop it if so, retry it if not"


def meaning(error: str) -> Meaning:
    """Return what an error of Slack's means here."""
    if error.startswith("restricted_action"):
        return Meaning(Verdict.DEAD, _ADMIN)
    return MEANINGS.get(error, UNKNOWN_ERROR)


def cure(state: str, error: str | None) -> str:
    """Return what a person can do about a message that is held or dead."""
    return UNREADABLE if state == "held" else meaning((error or "").split(":", 1)[0]).cure


def back_off(attempts: int) -> timedelta:
    """Return how long to wait after so many tries that reached nobody."""
    return BACK_OFF[min(max(attempts, 1), len(BACK_OFF)) - 1]


def pause(retry_after: float) -> timedelta:
    """Return how long Slack's Retry-After keeps a lane quiet; what is absurd is cut."""
    return min(max(timedelta(seconds=retry_after), timedelta(seconds=1)), LONGEST_PAUSE)


def settle(lease: timedelta) -> timedelta:
    """Return how long after an attempt without an answer the history is worth reading."""
    return min(SETTLE, lease)


LONGEST_LEASE = timedelta(minutes=10)
"""A lease or a pace further ahead than this was written by a clock that has been set back since: it binds nobody.
Two senders cannot come of it, since each renews its lease before it sends."""


def is_leased(until: datetime | None, now: datetime) -> bool:
    """Whether a lane's lease still holds."""
    return until is not None and now < until <= now + LONGEST_LEASE


def is_paced_out(paced_until: datetime | None, now: datetime) -> bool:
    """Whether the lane has used its allowance up; what is urgent goes all the same."""
    return paced_until is not None and BURST - POST_EVERY < paced_until - now <= LONGEST_LEASE


def paced(paced_until: datetime | None, now: datetime, *, is_edit: bool) -> datetime:
    """Return the lane's pace after one more message."""
    start = paced_until if paced_until is not None and now < paced_until <= now + LONGEST_LEASE else now
    return start + (EDIT_EVERY if is_edit else POST_EVERY)


@dataclass(frozen=True, slots=True)
class Waiting:
    """One row of a lane, as far as its order is concerned."""

    id: int
    form: Form
    is_due: bool
    is_outcome_unknown: bool = False
    is_sending: bool = False


@dataclass(frozen=True, slots=True)
class Send:
    """Post this row, or edit the thing's message with it where there is one."""

    id: int


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask Slack's history first whether this row was posted."""

    id: int


@dataclass(frozen=True, slots=True)
class Wait:
    """Not now: something of the same thing comes first."""


@dataclass(frozen=True, slots=True)
class Superseded:
    """A newer version of the card was sent; this one is not."""

    by: int


Step = Send | Ask | Wait | Superseded


def next_step(row: Waiting, thing: Sequence[Waiting], *, shown: int | None, has_message: bool) -> Step:
    """Decide about the row whose turn it is, given every live row of its thing (itself included).

    `shown` is the version the thing's message shows now; `has_message` whether it has one.
    """
    others = [other for other in thing if other.id != row.id]
    if any(other.is_sending for other in others):
        return Wait()
    if row.form is Form.THREAD:
        if row.is_outcome_unknown:
            return Ask(row.id)
        cards_wait = not has_message and any(other.form is Form.CARD for other in others)
        return Wait() if cards_wait else Send(row.id)
    cards = sorted((other for other in (row, *others) if other.form is Form.CARD), key=lambda other: other.id)
    if not has_message:
        unknown = next((card for card in cards if card.is_outcome_unknown), None)
        if unknown is not None:
            return Ask(unknown.id) if unknown.is_due else Wait()
    if shown is not None and row.id < shown:
        return Superseded(shown)
    newest = cards[-1]
    return Send(newest.id) if newest.is_due else Wait()


def lane_of(destination: str, routes: Mapping[str, str]) -> str:
    """Return the lane of a destination: the channel of its route, the channel itself, or `user:U…`."""
    kind, _, name = destination.partition(":")
    if kind == "route":
        return routes.get(name, routes.get(ONCALL, ONCALL)).removeprefix("#")
    return destination if kind == "user" else name.removeprefix("#")


def target_of(lane: str) -> str:
    """Return what Slack is told as the channel of a lane."""
    return lane.removeprefix("user:")


@dataclass(frozen=True, slots=True)
class Lane:
    """The state of one lane."""

    holder: str | None
    lease_until: datetime | None
    paused_until: datetime | None
    paced_until: datetime | None


def may_go(lane: Lane | None, now: datetime, *, priority: int) -> bool:
    """Whether a lane is free, not paused, and within its pace (what is urgent does not wait for the pace)."""
    if lane is None:
        return True
    if lane.holder is not None and is_leased(lane.lease_until, now):
        return False
    if lane.paused_until is not None and lane.paused_until > now:
        return False
    return priority == Priority.SWITCH or not is_paced_out(lane.paced_until, now)


@dataclass(frozen=True, slots=True)
class Escalation:
    """Who is told that a message did not arrive."""

    raise_alert: bool
    tell_owners: bool


def escalate(destination: str, *, is_alert: bool, is_about_itself: bool) -> Escalation:
    """Decide the next way, so that a failure is told and no chain of failures can go on for ever.

    An alert goes to the on-call route; an alert that cannot be delivered there goes to the owners directly; an
    alert that an owner cannot get ends here: the lists and the runbook show it.
    """
    is_personal = destination.startswith("user:")
    if not is_alert:
        return Escalation(raise_alert=True, tell_owners=False)
    if is_personal:
        return Escalation(raise_alert=False, tell_owners=False)
    return Escalation(raise_alert=not is_about_itself, tell_owners=True)
