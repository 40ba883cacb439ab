"""Typed parameters of operations: how a word becomes a value, and what to say when it does not.

The same types serve the Slack grammar, modals, HTTP, the CLI and the help, so that a field is described once.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin
from zoneinfo import ZoneInfo

import phonenumbers
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainSerializer,
    ValidationError,
    ValidationInfo,
)
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from domain.identity import Role
from domain.money import parse_amount
from domain.outcomes import Kind, Refused, refused

LONGEST_TEXT = 500
MOST_DIGITS = 12


class Input(StrEnum):
    """The kind of field a form shows for a parameter."""

    TEXT = "text"
    LONG_TEXT = "long_text"
    NUMBER = "number"
    AMOUNT = "amount"
    CHOICE = "choice"
    USER = "user"
    CHANNEL = "channel"
    TIME = "time"
    FLAG = "flag"
    WORD = "word"
    """One word of a known form, by which a view can be told from a verb."""


@dataclass(frozen=True, slots=True)
class Arg:
    """What a person is told about a parameter: what was expected, and an example that parses."""

    expects: str
    example: str
    input: Input = Input.TEXT
    rest: bool = False
    """Whether it takes the rest of the line without quotes (the last text parameter)."""
    keyword: bool = False
    """Whether it must be named (`phone=…`)."""
    hidden: bool = False
    """Carried by buttons only: never typed, never asked for."""
    only_with: tuple[str, tuple[str, ...]] | None = None
    """Asked for in a form only where this other parameter has one of these values, or none yet."""
    labels: tuple[tuple[str, str], ...] = ()
    """What a choice is called where it is chosen from a list, by its value; without one it is called what it is."""


class Params(BaseModel):
    """Base of every operation's parameters; the order of the fields is the order of the positional words.

    An alias is the name everywhere outside, rows among them: for words that Python keeps for itself.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True, serialize_by_alias=True)


class NoParams(Params):
    """Nothing to say."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter as surfaces need it."""

    name: str
    arg: Arg
    required: bool
    default: Any
    choices: tuple[str, ...]


def _choices_of(annotation: Any) -> tuple[str, ...]:
    options = get_args(annotation) if get_origin(annotation) in {Union, UnionType, Annotated} else (annotation,)
    for option in options:
        if get_origin(option) in {Union, UnionType, Annotated}:
            if found := _choices_of(option):
                return found
        elif isinstance(option, type) and issubclass(option, StrEnum):
            return tuple(member.value for member in option)
    return ()


def _args_of(annotation: Any) -> Iterator[Arg]:
    if get_origin(annotation) is Annotated:
        yield from (item for item in get_args(annotation)[1:] if isinstance(item, Arg))
    for inner in get_args(annotation):
        if inner is not NoneType and get_origin(inner) is not None:
            yield from _args_of(inner)


def _described(name: str, info: FieldInfo) -> Parameter:
    found = [item for item in info.metadata if isinstance(item, Arg)] or list(_args_of(info.annotation))
    if not found:
        raise TypeError(f"parameter {name!r} has no Arg: nobody could be told what it expects")
    choices = _choices_of(info.annotation)
    arg = found[-1]
    if arg.input is Input.TEXT:  # the words of the parameter, the kind of field of its type
        kinds = [item.input for item in found if item.input is not Input.TEXT]
        arg = replace(arg, input=Input.CHOICE if choices else (kinds[-1] if kinds else Input.TEXT))
    default = None if info.default is PydanticUndefined else info.default
    return Parameter(name, arg, info.is_required(), default, choices)


def describe(params: type[Params]) -> tuple[Parameter, ...]:
    """List the parameters of a model in their order; raises `TypeError` where one cannot be explained."""
    return _described_all(params)


@cache
def _described_all(params: type[Params]) -> tuple[Parameter, ...]:
    return tuple(_described(info.alias or name, info) for name, info in params.model_fields.items())


def parse(
    params: type[Params], raw: Mapping[str, Any], *, now: datetime, zone: ZoneInfo, has_mentions: bool = False
) -> Params | Refused:
    """Make the typed parameters from words or JSON, or say which one is wrong, what was expected, an example.

    `has_mentions`: the words come from where every channel that is known stands as a mention, so a bare name is none.
    """
    try:
        return params.model_validate(dict(raw), context={"now": now, "zone": zone, "has_mentions": has_mentions})
    except ValidationError as error:
        return _explain(params, error.errors()[0])


def problems(params: type[Params], raw: Mapping[str, Any], *, now: datetime, zone: ZoneInfo) -> tuple[Refused, ...]:
    """Say of every parameter what is wrong with it, for a form that shows them all; the first is what `parse` says."""
    try:
        params.model_validate(dict(raw), context={"now": now, "zone": zone})
    except ValidationError as error:
        return tuple(_explain(params, one) for one in error.errors())
    return ()


def _explain(params: type[Params], error: Any) -> Refused:
    name = str(error["loc"][0]) if error["loc"] else ""
    known = {parameter.name: parameter for parameter in describe(params)}
    if error["type"] == "missing":
        arg = known[name].arg
        return refused(
            Kind.INVALID, "missing", f"`{name}` is missing: {arg.expects}.",
            layer="input", remedy=f"For example `{arg.example}`", field=name,
        )  # fmt: skip
    if error["type"] == "extra_forbidden" or name not in known:
        listed = ", ".join(f"`{key}`" for key, value in known.items() if not value.arg.hidden) or "none"
        return refused(
            Kind.INVALID, "unknown_parameter", f"`{plain(name)}` is not a parameter here.",
            layer="input", remedy=f"The parameters are: {listed}.", field=name,
        )  # fmt: skip
    arg = known[name].arg
    said = "" if error.get("input") is None else f" “{plain(str(error['input']))[:80]}”"
    reason = str(error["msg"]).removeprefix("Value error, ")
    why = f" {reason}" if error["type"] == "value_error" else " does not fit"
    return refused(
        Kind.INVALID, "bad_value", f"`{name}`{said}{why}. Expected {arg.expects}.",
        layer="input", remedy=f"For example `{arg.example}`", field=name,
    )  # fmt: skip


def shown(text: str) -> str:
    """Return a text as it is kept: what can be read of it, without the space around it."""
    return "".join(character for character in text if character.isprintable() or character in "\n\t").strip()


def plain(text: str) -> str:
    """Drop control characters and back-ticks, which would break out of the code style errors quote in."""
    return "".join(character for character in text if character.isprintable() and character != "`")


_USER = re.compile(r"^<@(?P<id>[UW][A-Z0-9]{1,31})(\|[^>]*)?>$|^(?P<bare>[UW][A-Z0-9]{1,31})$")
_CHANNEL = re.compile(
    r"^<#(?P<id>[CG][A-Z0-9]{1,31})(\|[^>]*)?>$|^(?P<bare>[CGD][A-Z0-9]{1,31})$|^#?(?P<name>[a-z0-9_-]{1,64})$"
)


def _user(value: Any) -> str:
    match = _USER.match(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise ValueError("does not name a person Slack knows")
    return match["id"] or match["bare"]


def _channel(value: Any, info: ValidationInfo) -> str:
    match = _CHANNEL.match(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise ValueError("does not name a channel")
    if match["name"] and (info.context or {}).get("has_mentions"):
        raise ValueError("is no channel that Slack knows and you can see")
    return match["id"] or match["bare"] or match["name"]


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("is not text")  # noqa: TRY004 - pydantic makes a finding of a ValueError alone
    text = shown(value)
    if not text:
        raise ValueError("is empty")
    if len(text) > LONGEST_TEXT:
        raise ValueError(f"is longer than {LONGEST_TEXT} characters")
    return text


def _amount(value: Any) -> Decimal:
    if isinstance(value, bool | float):
        raise ValueError("must be a decimal string, never a float")  # noqa: TRY004
    return parse_amount(str(value))


def _day(value: Any, info: ValidationInfo) -> date:
    """Take `today` and `yesterday` by the business's clock, or a date as ISO 8601 writes it."""
    context = info.context or {}
    now: datetime | None = context.get("now")
    back, text = {"today": 0, "yesterday": 1}, str(value).strip().lower()
    if text in back and now is not None:
        return now.astimezone(context.get("zone", UTC)).date() - timedelta(days=back[text])
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ValueError("is not a day") from error


def _instant(value: Any, info: ValidationInfo) -> datetime:
    if isinstance(value, datetime):
        moment = value
    else:
        try:
            moment = datetime.fromisoformat(str(value).strip().upper())
        except ValueError as error:
            raise ValueError("is not a time") from error
    zone = (info.context or {}).get("zone", UTC)
    try:
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
    except OverflowError as error:
        raise ValueError("is too far away") from error


_LENGTH = re.compile(r"(?:(?P<w>\d{1,4})w)?(?:(?P<d>\d{1,5})d)?(?:(?P<h>\d{1,6})h)?(?:(?P<m>\d{1,8})m(?:in)?)?")


def _length(value: Any) -> timedelta:
    if isinstance(value, timedelta):
        return value
    match = _LENGTH.fullmatch(re.sub(r"\s", "", str(value).lower()))
    if match is None or not match[0]:
        raise ValueError("is not a length of time")
    weeks, days, hours, minutes = (int(match[unit] or 0) for unit in "wdhm")
    return timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes)


def typed_length(length: timedelta) -> str:
    """Return a length of time of whole minutes as somebody types it: `4h`, `1w2d`, `90m` as `1h30m`."""
    minutes = int(length.total_seconds()) // 60
    said = ""
    for unit, size in (("w", 10_080), ("d", 1_440), ("h", 60), ("m", 1)):
        count, minutes = divmod(minutes, size)
        said += f"{count}{unit}" if count else ""
    return said or "0m"


_LETTERS = re.compile(r"#?(?P<letters>[A-Za-z]{1,2})-?(?=\d)")


def _whole(value: Any) -> int:
    text = str(value).strip().lstrip("#").upper()
    text = re.sub(r"^[A-Z]{1,2}-?(?=\d)", "", text)
    if not (text.isascii() and text.isdigit()) or len(text) > MOST_DIGITS:
        raise ValueError("is not a number of one")
    return int(text)


def numbered(letters: str) -> BeforeValidator:
    """Take a number as its cards write it, `R-12`, or bare; of another thing, `O-12`, it is none of this one."""

    def check(value: Any) -> Any:
        match = _LETTERS.match(value.strip()) if isinstance(value, str) else None
        if match is not None and match["letters"].upper() != letters:
            raise ValueError(f"is the number of something else: here one begins with {letters}-")
        return value

    return BeforeValidator(check)


def _flag(value: Any) -> bool:
    known = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
    try:
        return known[str(value).strip().lower()]
    except KeyError:
        raise ValueError("is neither yes nor no") from None


def _phone(value: Any) -> str:
    try:
        number = phonenumbers.parse(str(value), "CA")
    except phonenumbers.NumberParseException as error:
        raise ValueError("is not a phone number") from error
    if not phonenumbers.is_valid_number(number) or number.country_code != 1:
        raise ValueError("is not a valid North American phone number")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _email(value: str) -> str:
    if not re.fullmatch(r"[^@\s<>|]{1,64}@[^@\s<>|]+\.[^@\s<>|]{2,}", value):
        raise ValueError("is not an e-mail address")
    return value.lower()


def _role(value: Any) -> Role:
    return value if isinstance(value, Role) else Role.from_word(str(value))


def _code(value: Any) -> Any:
    return value.strip().upper() if isinstance(value, str) else value


def one_of(values: Iterable[str]) -> str:
    """`a, b or c` for messages."""
    *most, last = values
    return f"{', '.join(most)} or {last}" if most else last


class Province(StrEnum):
    """The ten provinces and three territories (spec/2, Market Policy)."""

    BC = "BC"
    AB = "AB"
    SK = "SK"
    MB = "MB"
    ON = "ON"
    QC = "QC"
    NB = "NB"
    NS = "NS"
    PE = "PE"
    NL = "NL"
    YT = "YT"
    NT = "NT"
    NU = "NU"


UserId = Annotated[str, BeforeValidator(_user), Arg("a person of this workspace", "@maria", Input.USER)]
ChannelRef = Annotated[str, BeforeValidator(_channel), Arg("a channel", "#governance", Input.CHANNEL)]
Text = Annotated[str, BeforeValidator(_text), Arg("some words", "two clean weeks")]
Reason = Annotated[
    str, BeforeValidator(_text), Arg("a reason in your own words", "drill is over", Input.LONG_TEXT, rest=True)
]
Amount = Annotated[Decimal, BeforeValidator(_amount), Arg("dollars, at most two decimals", "450k", Input.AMOUNT)]
Day = Annotated[date, BeforeValidator(_day), Arg("a day", "2026-11-24")]
Instant = Annotated[
    datetime, BeforeValidator(_instant), Arg("a date and time", "2026-11-27T14:00", Input.TIME, keyword=True)
]
Length = Annotated[
    timedelta,
    BeforeValidator(_length),
    PlainSerializer(typed_length, return_type=str, when_used="json"),  # rows keep what was typed, and read it back
    Arg("a length of time: 30m, 4h, 2d or 1w", "4h"),
]
Number = Annotated[int, BeforeValidator(_whole), Arg("its number", "318", Input.NUMBER)]
Flag = Annotated[bool, BeforeValidator(_flag), Arg("yes or no", "yes", Input.FLAG, keyword=True)]
Phone = Annotated[str, BeforeValidator(_phone), Arg("a Canadian phone number", "+1 204 555 0142", keyword=True)]
Email = Annotated[str, AfterValidator(_email), Arg("an e-mail address", "ruth@example.org", keyword=True)]
RoleName = Annotated[
    Role,
    BeforeValidator(_role),
    PlainSerializer(lambda role: role.word, return_type=str, when_used="json"),  # rows keep the word, and read it back
    Arg("a role: auditor, operator, oncall, manager or owner", "operator"),
]
ProvinceCode = Annotated[Province, BeforeValidator(_code), Arg("a province or territory, two letters", "ON")]
