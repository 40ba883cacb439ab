"""Acting as people: typing commands, pressing buttons, filling in modals."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from bot.slack_double.acting import Acted, Acting, CannotAct, Outcome
from bot.slack_double.backend import Backend
from bot.slack_double.blocks import elements
from bot.slack_double.delivery import Envelope
from bot.slack_double.forms import STATE_FIELDS, Values, entered, fill, state_of
from bot.slack_double.messages import Message
from bot.slack_double.registry import JsonDict, Refusal
from bot.slack_double.responses import answer
from bot.slack_double.tickets import ResponseUrl
from bot.slack_double.workspace import Channel, User


@dataclass(frozen=True, slots=True)
class _Surface:
    """Where an element stands: its blocks, what was entered there before, and how a payload names the place."""

    blocks: list[JsonDict]
    values: Values
    payload: JsonDict


class People(Acting):
    """Everything a person can do in Slack's client."""

    def __init__(self, backend: Backend) -> None:
        super().__init__(backend)
        self._entered: dict[tuple[str, str, str], Values] = {}

    def command(self, user: str, channel: str, text: str, acted: Acted | None = None) -> Acted:
        """Type a slash command."""
        acted = acted or Future()
        person, place = self._person(user), self._place(user, channel)
        name, _, rest = text.strip().partition(" ")
        commands = self._backend.settings.manifest.commands
        if not name.startswith("/"):
            raise CannotAct(f"{text!r} is not a command")
        if commands is not None and name not in commands:
            acted.set_result(Outcome("unknown_command"))
            return acted
        should_escape = self._backend.settings.should_escape if commands is None else commands[name]
        payload = self._common(person) | self._place_names(place)
        payload |= {
            "command": name,
            "text": self._escaped(rest.strip()) if should_escape else rest.strip(),
            "response_url": self._backend.response_url(person.id, place.id),
        }
        payload |= {"user_id": person.id, "user_name": person.name}
        return self._send(acted, "slash_commands", payload, lambda envelope: self._answered(person, place, envelope))

    def _answered(self, person: User, place: Channel, envelope: Envelope) -> JsonDict:
        """The message a command's acknowledgement holds, if any."""
        if not envelope.response:
            return {}
        ticket = ResponseUrl(person.id, place.id, self._backend.now())
        message = answer(self._backend, ticket, envelope.response)
        return {"message": self._backend.messages.as_slack(message) if message else None}

    def click(
        self,
        user: str,
        channel: str,
        ts: str,
        action_id: str,
        *,
        block_id: str | None = None,
        value: Any = None,
        confirm: bool = True,
    ) -> Acted:
        """Use an interactive element of a message this person can see; `confirm` answers its confirmation."""
        person, place = self._person(user), self._place(user, channel)
        message = self._backend.messages.seen_by(person.id, place.id, ts)
        if message is None or (message.viewer is None and not place.is_visible_to(person.id)):
            raise CannotAct(f"{person.name} sees no message {ts} in {place.name or place.id}")
        found = self._element(message.blocks, action_id, block_id, value)
        payload: JsonDict = {
            "container": self._container(message),
            "channel": {"id": place.id, "name": self._place_names(place)["channel_name"]},
            "response_url": self._backend.response_url(person.id, place.id, message.ts, message.thread_ts),
        }
        if message.viewer is None:
            payload["message"] = self._backend.messages.as_slack(message, with_metadata=False)
        values = self._entered.setdefault((person.id, place.id, message.ts), {})
        return self._use(person, _Surface(message.blocks, values, payload), found, value, confirm=confirm)

    def click_view(
        self,
        user: str,
        view_id: str,
        action_id: str,
        *,
        block_id: str | None = None,
        value: Any = None,
        confirm: bool = True,
    ) -> Acted:
        """Use an interactive element of an open modal or of the Home tab."""
        person, view = self._person(user), self._view(user, view_id)
        found = self._element(view["blocks"], action_id, block_id, value)
        payload: JsonDict = {"container": {"type": "view", "view_id": view_id}, "view": dict(view)}
        surface = _Surface(view["blocks"], view["state"]["values"], payload)
        return self._use(person, surface, found, value, confirm=confirm)

    def _use(
        self, person: User, surface: _Surface, found: tuple[JsonDict, JsonDict], value: Any, *, confirm: bool
    ) -> Acted:
        block, element = found
        acted: Acted = Future()
        if "confirm" in element and not confirm:
            acted.set_result(Outcome("cancelled"))
            return acted
        action = self._action(block, element, value)
        if element["type"] in STATE_FIELDS:
            field_name = STATE_FIELDS[element["type"]]
            state = {"type": element["type"], field_name: action[field_name]}
            surface.values.setdefault(block["block_id"], {})[element["action_id"]] = state
        payload = surface.payload | self._interaction(person, "block_actions") | {"actions": [action]}
        shown = {"values": state_of(surface.blocks, surface.values)}
        if "view" in payload:
            payload["view"]["state"] = shown
        else:
            payload["state"] = shown
        return self._send(acted, "interactive", payload, lambda _: {})

    def _action(self, block: JsonDict, element: JsonDict, value: Any) -> JsonDict:
        stamp = f"{self._backend.now().timestamp():.6f}"
        action = {"block_id": block["block_id"], "action_id": element["action_id"], "action_ts": stamp}
        if element["type"] != "button":
            return action | entered(self._backend.workspace, element, value)
        shown = ("type", "text", "value", "style", "url")
        return action | {name: element[name] for name in shown if name in element}

    @staticmethod
    def _element(blocks: list[JsonDict], action_id: str, block_id: str | None, value: Any) -> tuple[JsonDict, JsonDict]:
        """The one element that is meant; a button may be told from its like by its value."""
        found = [
            (block, element)
            for block, element in elements(blocks)
            if element["action_id"] == action_id
            and block_id in (None, block["block_id"])
            and (element["type"] != "button" or value in (None, element.get("value")))
            and (block["type"] != "input" or block.get("dispatch_action"))
        ]
        if len(found) != 1:
            there = ", ".join(sorted({element["action_id"] for _, element in elements(blocks)}))
            raise CannotAct(f"{len(found)} elements answer to {action_id!r}; there are: {there or 'none'}")
        return found[0]

    @staticmethod
    def _container(message: Message) -> JsonDict:
        container: JsonDict = {
            "type": "message",
            "message_ts": message.ts,
            "channel_id": message.channel,
            "is_ephemeral": message.viewer is not None,
        }
        return container | ({"thread_ts": message.thread_ts} if message.thread_ts else {})

    def submit(self, user: str, view_id: str, values: dict[str, Any] | None = None) -> Acted:
        """Fill in a modal by block_id and press its submit button."""
        person, view = self._person(user), self._top(user, view_id)
        if view["submit"] is None:
            raise CannotAct("the modal has no submit button")
        filled, errors = fill(self._backend.workspace, view, values or {})
        view["state"]["values"] = filled
        acted: Acted = Future()
        if errors:
            acted.set_result(Outcome("incomplete", view=view, errors=errors))
            return acted
        payload = self._interaction(person, "view_submission") | {"view": view, "response_urls": []}
        return self._send(acted, "interactive", payload, lambda envelope: self._submitted(person, view, envelope))

    def _submitted(self, person: User, view: JsonDict, envelope: Envelope) -> JsonDict:
        """Do to the modals what the acknowledgement says."""
        response, views = envelope.response or {}, self._backend.views
        action = response.get("response_action")
        if action == "errors":
            return {"status": "errors", "errors": self._field_errors(view, response), "view": view}
        if action == "update":
            return {"view": views.update(response.get("view", {}), view["id"], None, None)}
        if action == "push":
            return {"view": views.push(person.id, response.get("view", {}))}
        if action not in (None, "clear") or (action is None and response):
            raise Refusal("invalid_response", f"[ERROR] unknown response_action: {action}")
        views.close(person.id, everything=action == "clear")
        return {}

    @staticmethod
    def _field_errors(view: JsonDict, response: JsonDict) -> dict[str, str]:
        inputs = {block["block_id"] for block in view["blocks"] if block["type"] == "input"}
        errors = response.get("errors")
        if not isinstance(errors, dict) or not errors or not set(errors) <= inputs:
            raise Refusal("invalid_response", f"[ERROR] errors must be keyed by input blocks: {sorted(inputs)}")
        return errors

    def close(self, user: str, view_id: str) -> Acted:
        """Dismiss a modal; the app hears of it only if it asked to."""
        person, view = self._person(user), self._top(user, view_id)
        acted: Acted = Future()
        closed = self._backend.views.close(person.id, everything=view["clear_on_close"])
        told = [one for one in closed if one["notify_on_close"]]
        for one in told:
            payload = self._interaction(person, "view_closed")
            payload |= {"view": one, "is_cleared": len(closed) > 1}
            self._send(acted if one is told[-1] else Future(), "interactive", payload, lambda _: {})
        if not told:
            acted.set_result(Outcome("ok"))
        return acted

    def open_home(self, user: str) -> Acted:
        """Open the bot's Home tab."""
        person = self._person(user)
        acted: Acted = Future()
        home = self._backend.views.homes.get(person.id)
        fields: JsonDict = {
            "user": person.id,
            "channel": self._backend.workspace.direct_messages(person.id).id,
        }
        fields |= {"tab": "home"} | ({"view": home} if home else {})

        def seen(envelope: Envelope) -> None:
            status = "ok" if envelope.status == "acked" else envelope.status
            view = self._backend.views.homes.get(person.id)
            acted.set_result(Outcome(status, envelope.id, latency=envelope.latency, view=view))

        if self._backend.events.emit("app_home_opened", seen, **fields) is None:
            acted.set_result(Outcome("ok", view=home))
        return acted

    def shortcut(self, user: str, callback_id: str) -> Acted:
        """Use a global shortcut."""
        person = self._person(user)
        self._known_shortcut(callback_id)
        payload = self._interaction(person, "shortcut") | {
            "callback_id": callback_id,
            "action_ts": self._stamp(),
        }
        return self._send(Future(), "interactive", payload, lambda _: {})

    def message_shortcut(self, user: str, channel: str, ts: str, callback_id: str) -> Acted:
        """Use a shortcut on a message."""
        person, place = self._person(user), self._place(user, channel)
        self._known_shortcut(callback_id)
        message = self._backend.messages.find(place.id, ts)
        if message is None:
            raise CannotAct(f"no message {ts} in {place.name or place.id}")
        payload = self._interaction(person, "message_action") | {
            "callback_id": callback_id,
            "action_ts": self._stamp(),
            "message_ts": ts,
            "message": self._backend.messages.as_slack(message, with_metadata=False),
            "channel": {"id": place.id, "name": self._place_names(place)["channel_name"]},
            "response_url": self._backend.response_url(person.id, place.id, ts),
        }
        return self._send(Future(), "interactive", payload, lambda _: {})

    def say(self, user: str, channel: str, text: str, thread_ts: str | None = None) -> JsonDict:
        """Write a plain message."""
        person, place = self._person(user), self._place(user, channel)
        if person.id not in place.members:
            raise CannotAct(f"{person.name} is not in {place.name or place.id}")
        message = self._backend.messages.post(
            place, self._backend.now(), person.id, text=self._escaped(text), is_bot=False, thread_ts=thread_ts
        )
        if self._backend.is_member(place):
            kind = {"channels": "channel", "groups": "group", "im": "im"}[place.scope]
            fields: JsonDict = {"channel": place.id, "channel_type": kind, "user": person.id}
            self._backend.events.emit("message", ts=message.ts, text=message.text, **fields)
        return self._backend.messages.as_slack(message)
