"""The grammar of slash commands (spec/3): from a typed line to an operation and its raw parameters.

Pure: what a line means depends on the registry alone.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from difflib import get_close_matches
from html import unescape
from typing import Any
from zoneinfo import ZoneInfo

from domain.operation import AnyOperation, Registry, Slash
from domain.outcomes import Button, Kind, Refused, refused
from domain.parameters import Input, Parameter, parse, plain
from domain.system.operations import usage

ROOT = "valhalla"
ALIASES = {"kill": "killswitch", "caps": "risk", "contact": "market", "buyer": "liquidity"}
_STRAIGHT = str.maketrans({"“": '"', "”": '"', "„": '"', "‘": "'", "’": "'", "\u00a0": " ", "\u202f": " "})
_LINK = re.compile(
    r"<(?:https?|mailto|tel):[^|>]*\|(?P<label>[^>]*)>|<(?:mailto:|tel:)?(?P<bare>https?:[^|>]*|[^@#!|>][^|>]*)>"
)
_TOKEN = re.compile(r'(?P<name>[A-Za-z_]\w*)=|"(?P<double>[^"]*)"|\'(?P<single>[^\']*)\'(?=\s|$)|(?P<bare><[^>]*>|\S+)')
_KEYWORD = re.compile(r"(?P<name>[A-Za-z_]\w*)=")
_FREE = {Input.TEXT, Input.LONG_TEXT}
MOST_MEANT = 5
"""How many commands are offered where a verb alone was typed."""
_NEARLY = 0.8
"""How alike a name must be to a parameter's, from 0 to 1, to be taken for that one mistyped."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line that names an operation; its parameters are still as typed."""

    operation: AnyOperation
    raw: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Word:
    """One word with its place in the line, so that the rest of the line can be taken as it was typed."""

    text: str
    start: int
    end: int
    name: str | None = None


def tidy(text: str) -> str:
    """Undo what Slack clients do to typing: curly quotes, dashes, hard spaces, links, entities."""
    straight = text.translate(_STRAIGHT)
    unlinked = _LINK.sub(lambda match: match["label"] or match["bare"] or "", straight)
    return unescape(unlinked).strip()


class Grammar:
    """What can be typed, indexed once from the registry."""

    def __init__(self, registry: Registry, *, prefix: str = "") -> None:
        """Index every command and its verbs."""
        self.prefix = prefix
        self.table: dict[str, dict[str, AnyOperation]] = {}
        self.views: dict[str, AnyOperation] = {}
        for operation in registry.public():
            for slash in operation.typed():
                self.table.setdefault(slash.command, {})[slash.verb or ""] = operation
                if slash.default:
                    self.views[slash.command] = operation

    def read(self, command: str, text: str) -> Line | Refused:
        """Say which operation a typed line means, or what was probably meant."""
        name = command.lstrip("/").removeprefix(self.prefix).lower()
        name = ALIASES.get(name, name) if name not in self.table else name
        rest = tidy(text)
        if name == ROOT:
            name, rest = self._below_root(rest)
        verbs = self.table.get(name)
        if verbs is None:
            return self._unknown(name)
        first, _, tail = rest.partition(" ")
        if first and first.lower() in verbs:
            return _mistyped(verbs[first.lower()], tail.strip()) or _with_parameters(verbs[first.lower()], tail.strip())
        view = self.views.get(name)
        if view is not None and (not rest or _starts(view, first)):
            return _with_parameters(view, rest)
        return self._unknown_verb(name, first, tail.strip())

    def _below_root(self, rest: str) -> tuple[str, str]:
        """`/valhalla killswitch engage …` is `/killswitch engage …`."""
        first, _, tail = rest.partition(" ")
        word = first.lower().lstrip("/")
        word = ALIASES.get(word, word)
        if word in self.table and word not in self.table[ROOT]:
            return word, tail.strip()
        return ROOT, rest

    def _unknown_verb(self, command: str, word: str, tail: str) -> Refused:
        verbs = self.table[command]
        if command == ROOT and (meant := self._with_verb(word, tail) or self._meant_below_root(word, tail)):
            return meant
        near = get_close_matches(word.lower(), [verb for verb in verbs if verb], n=1, cutoff=0.55)
        listed = ", ".join(f"`{verb}`" for verb in sorted(verbs) if verb)
        buttons: tuple[Button, ...] = ()
        remedy = f"It knows {listed}." if listed else f"Type `/{command}` alone."
        if near:
            slash = next(item for item in verbs[near[0]].typed() if (item.command, item.verb) == (command, near[0]))
            buttons = (_suggestion(verbs[near[0]], slash, tail),)
            remedy = f"Did you mean `/{command} {near[0]}`? {remedy}"
        elif command in self.views:
            remedy = f"{remedy} For example `{self.views[command].example}`."
        detail = f"`/{command}` does not know “{plain(word)[:60]}”." if word else f"`/{command}` needs a word more."
        return refused(Kind.INVALID, "unknown_verb", detail, layer="input", remedy=remedy, buttons=buttons)

    def _with_verb(self, word: str, tail: str) -> Refused | None:
        """`/valhalla policies` names a verb that several commands have: each of them may be meant."""
        verb = word.lower().lstrip("/")
        found = [
            (name, self.table[name][verb]) for name in sorted(self.table) if name != ROOT and verb in self.table[name]
        ]
        if not verb or not found:
            return None
        slashes = [
            (operation, next(item for item in operation.typed() if (item.command, item.verb) == (name, verb)))
            for name, operation in found
        ]
        said = " or ".join(f"`/{name} {verb}`" for name, _operation in found)
        return refused(
            Kind.INVALID, "unknown_verb", f"`/{ROOT}` does not know “{plain(word)[:60]}”.", layer="input",
            remedy=f"Did you mean {said}?",
            buttons=tuple(_suggestion(operation, slash, tail) for operation, slash in slashes[:MOST_MEANT]),
        )  # fmt: skip

    def _meant_below_root(self, word: str, tail: str) -> Refused | None:
        """`/valhalla kilswitch …` is nearer to a command than to any verb of `/valhalla` itself."""
        names = [*(name for name in self.table if name != ROOT), *(verb for verb in self.table[ROOT] if verb)]
        near = get_close_matches(word.lower().lstrip("/"), names, n=1, cutoff=0.55)
        if not near or near[0] not in self.table or near[0] == ROOT:
            return None
        line = self.read(near[0], tail)
        if isinstance(line, Refused):
            return line
        slash = next(item for item in line.operation.typed() if item.command == near[0])
        return refused(
            Kind.INVALID, "unknown_verb", f"`/{ROOT}` does not know “{plain(word)[:60]}”.", layer="input",
            remedy=f"Did you mean `/{near[0]}`?", buttons=(_button(line, slash),),
        )  # fmt: skip

    def _unknown(self, name: str) -> Refused:
        if meant := self._with_verb(name, ""):
            detail = f"There is no command `/{plain(name)}`."
            return meant.model_copy(update={"code": "unknown_command", "detail": detail})
        near = get_close_matches(name, list(self.table), n=1, cutoff=0.55)
        remedy = f"Did you mean `/{near[0]}`?" if near else "`/valhalla help` shows what there is."
        return refused(
            Kind.INVALID, "unknown_command", f"There is no command `/{plain(name)}`.", layer="input", remedy=remedy
        )


def _starts(view: AnyOperation, token: str) -> bool:
    """Whether a word parses as the view's first parameter, which must not be free text."""
    named = _KEYWORD.match(token)
    if named is not None:
        return named["name"].lower() in {item.name for item in view.parameters}
    positional = [item for item in view.parameters if not item.arg.keyword and not item.arg.hidden]
    if not positional or positional[0].arg.input in _FREE:
        return False
    parsed = parse(view.params, {positional[0].name: token}, now=datetime.now(UTC), zone=ZoneInfo("UTC"))
    return not isinstance(parsed, Refused) or parsed.field != positional[0].name


def _words(text: str) -> Iterator[_Word]:
    position = 0
    while match := _TOKEN.search(text, position):
        if match["name"] is not None:
            value = _TOKEN.match(text, match.end())
            if value is None or value["name"] is not None:
                end = match.end() + len(re.split(r"\s", text[match.end() :], maxsplit=1)[0])
                yield _Word(text[match.end() : end], match.start(), end, match["name"].lower())
                position = end
            else:
                yield _Word(_unquoted(value), match.start(), value.end(), match["name"].lower())
                position = value.end()
        else:
            yield _Word(_unquoted(match), match.start(), match.end())
            position = match.end()


def _unquoted(match: re.Match[str]) -> str:
    for group in ("double", "single", "bare"):
        if match[group] is not None:
            return str(match[group])
    return ""


def _with_parameters(operation: AnyOperation, text: str) -> Line | Refused:
    parameters = [item for item in operation.parameters if not item.arg.hidden]
    by_name = {item.name: item for item in parameters}
    waiting = [item for item in parameters if not item.arg.keyword]
    raw: dict[str, Any] = {}
    words = list(_words(text))
    for place, word in enumerate(words):
        named = by_name.get(word.name or "")
        if named is not None:
            if named.name in raw:
                return _wrong(operation, f"`{named.name}` is there twice.")
            waiting = [item for item in waiting if item.name != named.name]
            if named.arg.rest and not _is_quoted(text, word):
                raw[named.name] = _rest(text, word.start + len(named.name) + 1, words[place + 1 :], by_name, raw)
                return Line(operation, raw)
            raw[named.name] = word.text
            continue
        if not waiting:
            return _too_many(operation, text[word.start : word.end], parameters)
        current = waiting.pop(0)
        if word.name and not current.arg.rest:
            return _too_many(operation, text[word.start : word.end], parameters)
        if current.arg.rest:
            raw[current.name] = _rest(text, word.start, words[place + 1 :], by_name, raw)
            return Line(operation, raw)
        raw[current.name] = word.text
    return Line(operation, raw)


def _mistyped(operation: AnyOperation, text: str) -> Refused | None:
    """Say so where a parameter's name is misspelt: it would end up in the reason, and its value count for nothing.

    What stops something is not kept from doing so by a letter: there the word goes into the reason.
    """
    if operation.reduces:
        return None
    names = [item.name for item in operation.parameters if not item.arg.hidden]
    keywords = [item.name for item in operation.parameters if item.arg.keyword and not item.arg.hidden]
    for word in _words(text):
        if word.name and word.name not in names:
            near = get_close_matches(word.name, keywords, n=1, cutoff=_NEARLY)
            if near:
                detail = f"`{plain(word.name)}` is not a parameter here. Did you mean `{near[0]}`?"
                return _wrong(operation, detail)
    return None


def _is_quoted(text: str, word: _Word) -> bool:
    return text[word.start :][: word.end - word.start].endswith(('"', "'"))


def _rest(text: str, start: int, following: list[_Word], by_name: dict[str, Parameter], raw: dict[str, Any]) -> str:
    """Take the rest of the line as it was typed, without named parameters at its very end."""
    end = len(text)
    for word in reversed(following):
        named = by_name.get(word.name or "")
        if named is None or named.arg.rest or named.name in raw or text[word.end : end].strip():
            break
        raw[named.name] = word.text
        end = word.start
    taken = text[start:end].strip()
    if len(taken) > 1 and taken[0] == taken[-1] and taken[0] in "\"'" and taken.count(taken[0]) == 2:  # noqa: PLR2004
        return taken[1:-1]
    return taken


def usage_of(operation: AnyOperation) -> str:
    """Return how an operation is typed, or its name where it is a button only."""
    return usage(operation, operation.slack) if operation.slack else operation.name


def _wrong(operation: AnyOperation, detail: str) -> Refused:
    return refused(
        Kind.INVALID, "unreadable", detail, layer="input",
        remedy=f"It is typed `{usage_of(operation)}`, for example `{operation.example}`.",
    )  # fmt: skip


def _too_many(operation: AnyOperation, word: str, parameters: list[Parameter]) -> Refused:
    named = _KEYWORD.match(word)
    if named is not None:
        known = ", ".join(f"`{item.name}`" for item in parameters) or "none"
        return _wrong(operation, f"`{plain(named['name'])}` is not a parameter here; the parameters are: {known}.")
    return _wrong(operation, f"“{plain(word)[:80]}” is one word too many.")


def _suggestion(operation: AnyOperation, slash: Slash, tail: str) -> Button:
    line = _with_parameters(operation, tail)
    return _button(line if isinstance(line, Line) else Line(operation), slash)


def _button(line: Line, slash: Slash) -> Button:
    """Offer what was probably meant: a read at once, anything else as a form that is filled in already."""
    reads, label = line.operation.reads, f"/{slash.command} {slash.verb or ''}".strip()
    return Button(label=label if reads else f"{label}…", operation=line.operation.name, params=line.raw, form=not reads)
