"""Slack's directory: roles follow user groups, and deactivated people lose theirs, within a minute.

Slack is read outside any transaction; every difference found is then an operation of its own through the gate, which
judges it again. What could not be read changes nothing. A bot hears of a deactivation at once; this is the net for what
it does not hear.
"""

import threading
from collections.abc import Mapping, Sequence
from typing import Any

import structlog

from bot.slack_accounts import find_owner, follow_account, put_right
from bot.slack_api import Answer, Failure, SlackApi, said
from domain.access import directory
from domain.access.rules import Follow, Group, follow
from domain.database import Unavailable
from domain.gate import Call, Gate
from domain.gate.call import system_call
from domain.identity import Role
from domain.schedules import Every
from domain.ticks import service as ticks

log = structlog.get_logger(__name__)

WHEN = Every(60)
AT_ONCE = 40
"""How many accounts one look asks Slack about; with more people it takes several minutes to come round."""
POLL_SECONDS = 1.0


class Directory:
    """Looks once a minute, whichever of the workers is first; how it went is written down for the runbook."""

    def __init__(self, gate: Gate, slack: SlackApi) -> None:
        """Do nothing yet."""
        self._gate = gate
        self._slack = slack
        self._seen = WHEN.latest(gate.clock())
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="directory", daemon=True)

    def start(self) -> None:
        """Begin with the next minute."""
        self._thread.start()

    def stop(self) -> None:
        """Finish what is under way, and stop."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(POLL_SECONDS):
            try:
                self.tick()
            except Unavailable as error:
                log.warning("directory.database_away", reason=str(error))
            except Exception:
                log.exception("directory.failed")

    def tick(self) -> bool:
        """Look, where a minute has begun that no other worker has taken; return whether it did."""
        database, now = self._gate.database, self._gate.clock()
        slot = WHEN.latest(now)
        if slot <= self._seen:
            return False
        self._seen = slot
        if not ticks.claim_done(database, directory.JOB, slot, now):
            return False
        ticks.note(database, directory.JOB, slot, self.look(turn=int(slot.timestamp()) // WHEN.seconds))
        return True

    def look(self, turn: int = 0) -> str:
        """Read Slack, and put right what differs; return `ok`, or what could not be read.

        `turn` says which part of many people is asked about.
        """
        find_owner(self._gate, self._slack)
        problems = [problem for problem in (self._accounts(turn), self._groups()) if problem is not None]
        for problem in problems:
            log.warning("directory.unread", reason=problem)
        return "; ".join(problems) or directory.OK

    def _accounts(self, turn: int) -> str | None:
        known = self._gate.database.look(directory.accounts)
        for account in _part(known, turn):
            if self._stop.is_set():
                return None
            unread = follow_account(self._gate, self._slack, account)
            if unread is not None:
                return unread
        return None

    def _groups(self) -> str | None:
        wanted = {Role.from_word(role): name for role, name in self._gate.settings.groups.items()}
        given = self._gate.database.look(directory.given_by_groups)
        if not wanted and not any(grant.is_active for grant in given):
            return None
        read: Sequence[Group] = ()
        problem: str | None = None
        if wanted:
            found = self._read(wanted)
            if not isinstance(found, tuple):
                return f"usergroups.list: {said(found)}"
            read, missing = found
            problem = f"there is no user group {', '.join(f'@{name}' for name in missing)}" if missing else None
        ids = {group.role: group.id for group in read}
        for change in follow(read, given, {role: ids.get(role) for role in wanted}):
            put_right(self._gate, _call(change))
        return problem

    def _read(self, wanted: Mapping[Role, str]) -> tuple[list[Group], list[str]] | Failure:
        answer = self._slack.call("usergroups.list", include_users=True, include_disabled=True)
        if not isinstance(answer, Answer):
            return answer
        there = {key: entry for entry in answer.data.get("usergroups", ()) for key in (entry["id"], entry["handle"])}
        groups = []
        for role, name in wanted.items():
            entry = there.get(name)
            if entry is None:
                continue
            members = self._members(entry)
            if not isinstance(members, frozenset):
                return members
            groups.append(Group(role, str(entry["id"]), str(entry["handle"]), members))
        return groups, [name for name in wanted.values() if name not in there]

    def _members(self, entry: Mapping[str, Any]) -> frozenset[str] | Failure:
        if entry.get("date_delete"):
            return frozenset()
        if "users" in entry:
            return frozenset(map(str, entry["users"]))
        answer = self._slack.call("usergroups.users.list", usergroup=entry["id"])
        return frozenset(map(str, answer.data.get("users", ()))) if isinstance(answer, Answer) else answer


def _part(known: Sequence[directory.Account], turn: int) -> Sequence[directory.Account]:
    parts = max(1, -(-len(known) // AT_ONCE))
    start = (turn % parts) * AT_ONCE
    return known[start : start + AT_ONCE]


def _call(change: Follow) -> Call:
    return system_call(
        "access.follow", user=change.user_id, role=change.role.word, source=change.source,
        handle=change.handle or "unknown", is_member=change.is_member,
    )  # fmt: skip
