"""What acting as anybody takes: who and where, the payload's common parts, and the outcome."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import asdict, dataclass, field

from bot.slack_double.backend import Backend
from bot.slack_double.delivery import Envelope, EnvelopeType
from bot.slack_double.registry import JsonDict, Refusal
from bot.slack_double.workspace import Channel, User


class CannotAct(ValueError):
    """Something a person could not do in Slack's own client, such as pressing a button that is not there."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a person saw after acting.

    `status` is `ok`, `operation_timeout`, `dispatch_failed`, `invalid_response` (the app's answer was
    unusable), `errors` (the app found fault with a field), `incomplete` (Slack's client did, and sent
    nothing), `cancelled` (the confirmation was declined) or `unknown_command`.
    """

    status: str
    envelope_id: str | None = None
    trigger_id: str | None = None
    response_url: str | None = None
    latency: float | None = None
    message: JsonDict | None = None
    view: JsonDict | None = None
    errors: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    @property
    def is_ok(self) -> bool:
        """Whether the app answered in time and as it should."""
        return self.status == "ok"

    def as_json(self) -> JsonDict:
        """The outcome as JSON."""
        return asdict(self)


Acted = Future[Outcome]
OnAck = Callable[[Envelope], JsonDict]


class Acting:
    """The ground that `People` stands on."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def _known_shortcut(self, callback_id: str) -> None:
        shortcuts = self._backend.settings.manifest.shortcuts
        if shortcuts is not None and callback_id not in shortcuts:
            raise CannotAct(f"no shortcut {callback_id}")

    def _person(self, reference: str) -> User:
        user = self._backend.workspace.user(reference)
        if user.deleted or user.is_bot:
            raise CannotAct(f"{user.name} cannot act")
        return user

    def _place(self, user: str, reference: str) -> Channel:
        """A conversation this person can see; `@bot` means his direct messages with the bot."""
        workspace = self._backend.workspace
        person = workspace.user(user)
        if reference in ("@bot", f"@{workspace.bot_name}"):
            return workspace.direct_messages(person.id)
        channel = workspace.channel(reference)
        if not channel.is_visible_to(person.id):
            raise CannotAct(f"{person.name} cannot see {channel.name or channel.id}")
        return channel

    def _view(self, user: str, view_id: str) -> JsonDict:
        try:
            owner = self._backend.views.owner(view_id)
        except Refusal:
            raise CannotAct(f"no view {view_id} is open") from None
        if owner != self._person(user).id:
            raise CannotAct(f"the view {view_id} is somebody else's")
        return self._backend.views.get(view_id)

    def _top(self, user: str, view_id: str) -> JsonDict:
        view = self._view(user, view_id)
        stack = self._backend.views.stack(self._person(user).id)
        if not stack or stack[-1]["id"] != view_id:
            raise CannotAct(f"the view {view_id} is not the topmost modal")
        return view

    def _stamp(self) -> str:
        return f"{self._backend.now().timestamp():.6f}"

    def _common(self, person: User) -> JsonDict:
        workspace = self._backend.workspace
        return {
            "token": "deprecated",
            "api_app_id": workspace.app_id,
            "team_id": workspace.team_id,
            "team_domain": workspace.team_domain,
            "is_enterprise_install": "false",
            "trigger_id": self._backend.tickets.new_trigger(person.id),
        }

    def _interaction(self, person: User, kind: str) -> JsonDict:
        workspace = self._backend.workspace
        return {
            "type": kind,
            "token": "deprecated",
            "api_app_id": workspace.app_id,
            "team": {"id": workspace.team_id, "domain": workspace.team_domain},
            "user": {
                "id": person.id,
                "username": person.name,
                "name": person.name,
                "team_id": workspace.team_id,
            },
            "enterprise": None,
            "is_enterprise_install": False,
            "trigger_id": self._backend.tickets.new_trigger(person.id),
        }

    @staticmethod
    def _place_names(place: Channel) -> JsonDict:
        shown = "directmessage" if place.is_im else "privategroup" if place.is_private else place.name
        return {"channel_id": place.id, "channel_name": shown}

    def _escaped(self, text: str) -> str:
        """Mentions resolved and everything else made harmless, as Slack's client sends it."""
        for sign, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
            text = text.replace(sign, entity)
        return re.sub(r"(?<!\S)([@#])([\w.-]*\w)", self._mention, text)

    def _mention(self, match: re.Match[str]) -> str:
        workspace, name = self._backend.workspace, match[2]
        if match[1] == "#":
            channel = next((c for c in workspace.channels.values() if c.name == name), None)
            return f"<#{channel.id}|{name}>" if channel else match[0]
        user = next((u for u in workspace.users.values() if u.name == name), None)
        if user is not None:
            return f"<@{user.id}|{name}>"
        group = next((g for g in workspace.groups.values() if g.handle == name), None)
        return f"<!subteam^{group.id}|@{name}>" if group else match[0]

    def _send(self, acted: Acted, kind: EnvelopeType, payload: JsonDict, on_ack: OnAck) -> Acted:
        """Deliver an interaction, and turn what becomes of it into an outcome."""

        def finish(envelope: Envelope) -> None:
            seen: JsonDict = {"status": envelope.status}
            if envelope.status == "acked":
                try:
                    seen = {"status": "ok"} | on_ack(envelope)
                except Refusal as refusal:
                    seen = {"status": "invalid_response", "problems": [refusal.error, *refusal.messages]}
            names = {"trigger_id": payload["trigger_id"], "response_url": payload.get("response_url")}
            acted.set_result(Outcome(envelope_id=envelope.id, latency=envelope.latency, **names, **seen))

        self._backend.delivery.send(Envelope(kind, payload, finish))
        return acted
