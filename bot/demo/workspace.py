"""A client of the local Slack workspace: acting as people, reading as they do, and putting the cast into it."""

from typing import Any

import httpx

from bot.demo.cast import BOT_TOKEN, CAST, CHANNELS, MARIA

JsonDict = dict[str, Any]
TIMEOUT = 10.0


class Away(Exception):
    """The workspace gives no answer."""


class CannotDo(Exception):
    """The workspace refuses this act; the message says why."""


class Workspace:
    """The local workspace at one address; safe to share between threads."""

    def __init__(self, address: str) -> None:
        """Connect to nothing yet; `address` is like http://127.0.0.1:8420."""
        self.address = address.rstrip("/")
        self._client = httpx.Client(base_url=self.address, timeout=TIMEOUT, trust_env=False)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def act(self, verb: str, **given: Any) -> Any:
        """Do something as a person, or to the scene; raises `CannotDo` and `Away`."""
        try:
            response = self._client.post(f"/control/{verb}", json=given)
        except httpx.HTTPError as error:
            raise Away(str(error) or type(error).__name__) from error
        return _answer(response)

    def read(self, verb: str, **given: str) -> Any:
        """Read something; raises `CannotDo` and `Away`."""
        try:
            response = self._client.get(f"/control/{verb}", params=given)
        except httpx.HTTPError as error:
            raise Away(str(error) or type(error).__name__) from error
        return _answer(response)["result"]

    def call(self, method: str, **arguments: Any) -> JsonDict:
        """Call the Web API as the bot; raises `CannotDo` and `Away`."""
        bot = {"Authorization": f"Bearer {BOT_TOKEN}"}
        try:
            body = self._client.post(f"/api/{method}", json=arguments, headers=bot).json()
        except (httpx.HTTPError, ValueError) as error:
            raise Away(str(error) or type(error).__name__) from error
        if not isinstance(body, dict) or not body.get("ok"):
            raise CannotDo(f"{method}: {body}")
        return body

    def is_ready(self) -> bool:
        """Whether the Web API knows our bot."""
        try:
            return bool(self.call("auth.test"))
        except (Away, CannotDo):
            return False

    def connections(self) -> int:
        """How many Socket Mode connections are open; none where it gives no answer."""
        try:
            return len(self.read("status")["connections"])
        except (Away, CannotDo):
            return 0

    def settle_in(self) -> None:
        """Put the cast and the channels there, as far as they are missing."""
        known = {user["id"] for user in self.read("users")}
        # The page begins as the first of them: as somebody with work to do.
        for player in sorted(CAST, key=lambda player: player is not MARIA):
            if player.user_id not in known:
                self.act(
                    "add_user", name=player.name, id=player.user_id, real_name=player.title, tz=player.zone,
                    email=f"{player.name}@example.com",
                )  # fmt: skip
        there = {channel["id"] for channel in self.read("channels")}
        everybody = [*(player.user_id for player in CAST), "bot"]
        for name, channel_id in CHANNELS.items():
            if channel_id not in there:
                self.act("add_channel", name=name, id=channel_id, members=everybody)


def _answer(response: httpx.Response) -> Any:
    try:
        body = response.json()
    except ValueError:
        body = {"error": f"the workspace answered {response.status_code}"}
    if response.is_success:
        return body
    raise CannotDo(str(body.get("error", body)))
