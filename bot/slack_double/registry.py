"""The registry of Web API methods: arguments, scopes and tiers are declared beside each method."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from bot.slack_double.backend import Backend

JsonDict = dict[str, Any]
Run = Callable[["Backend", JsonDict], JsonDict]
Tier = Literal["tier1", "tier2", "tier3", "tier4", "special", "post"]

_MALFORMED = {
    "blocks": "invalid_blocks_format",
    "attachments": "invalid_attachments",
    "metadata": "invalid_metadata_format",
}


class Refusal(Exception):
    """An answer of `ok: false`: Slack's error name, its messages, and any further fields."""

    def __init__(self, error: str, *messages: str, **details: Any) -> None:
        super().__init__(error)
        self.error = error
        self.messages = messages
        self.details = details

    def body(self) -> JsonDict:
        """The JSON Slack would answer."""
        answer: JsonDict = {"ok": False, "error": self.error, **self.details}
        if self.messages:
            answer["response_metadata"] = {"messages": list(self.messages)}
        return answer


@dataclass(frozen=True, slots=True)
class Method:
    """One Web API method."""

    name: str
    run: Run
    tier: Tier
    scope: str | None
    caller: Literal["bot", "app"]
    kinds: Mapping[str, Literal["text", "flag", "number", "json"]]
    required: tuple[str, ...]

    def read(self, given: Mapping[str, Any]) -> JsonDict:
        """The arguments converted and checked; an unknown one is refused, so that a typing slip shows."""
        unknown = [f"[ERROR] unknown argument: {name}" for name in given if name not in self.kinds]
        missing = [f"[ERROR] missing required field: {name}" for name in self.required if given.get(name) is None]
        if unknown or missing:
            raise Refusal("invalid_arguments", *unknown, *missing)
        return {name: self._convert(name, value) for name, value in given.items() if value is not None}

    def _convert(self, name: str, value: Any) -> Any:
        wanted = self.kinds[name]
        if wanted == "json":
            return _document(name, value)
        if wanted == "text" and isinstance(value, str):
            return value
        if wanted == "flag" and (isinstance(value, bool) or str(value).lower() in ("0", "1", "true", "false")):
            return str(value).lower() in ("1", "true")
        if wanted == "number" and not isinstance(value, bool) and str(value).lstrip("-").isdigit():
            return int(value)
        raise Refusal("invalid_arguments", f"[ERROR] must be of type {wanted} [json-pointer:/{name}]")


def _document(name: str, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        raise Refusal(_MALFORMED.get(name, "invalid_arguments")) from None


REGISTRY: dict[str, Method] = {}


def method(
    name: str,
    *,
    tier: Tier,
    scope: str | None = None,
    caller: Literal["bot", "app"] = "bot",
    required: str = "",
    text: str = "",
    flags: str = "",
    numbers: str = "",
    documents: str = "",
) -> Callable[[Run], Run]:
    """Register a Web API method; argument names are given by kind, separated by spaces."""

    def register(run: Run) -> Run:
        kinds: dict[str, Literal["text", "flag", "number", "json"]] = {}
        kinds |= dict.fromkeys(text.split(), "text")
        kinds |= dict.fromkeys(flags.split(), "flag")
        kinds |= dict.fromkeys(numbers.split(), "number")
        kinds |= dict.fromkeys(documents.split(), "json")
        if name in REGISTRY:
            raise ValueError(f"{name} is registered twice")
        REGISTRY[name] = Method(name, run, tier, scope, caller, kinds, tuple(required.split()))
        return run

    return register
