"""Text: nothing a user writes becomes a mention, nothing is cut where it would break."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.blocks import text
from domain.registry import build_registry

TRICKY = st.lists(st.sampled_from([*"<>&!@#|*_~`CU9 \n\u202e\u2060…", "<!here>", "<@U9>", "&lt;"])).map("".join)
ANY = st.one_of(st.text(), TRICKY)


@given(ANY)
def test_users_words_hold_no_bracket_and_no_bare_sign_of_formatting(given_text: str) -> None:
    shown = text.safe(given_text)
    assert "<" not in shown
    assert ">" not in shown
    assert "\n" not in shown
    assert not re.search(r"&(?!amp;|lt;|gt;)", shown)
    for match in re.finditer(r"[*_~`]", shown):
        assert shown[match.start() - 1] == text.JOINER
        assert shown[match.end()] == text.JOINER


@given(ANY)
def test_our_words_mention_people_and_channels_only(given_text: str) -> None:
    for part in re.findall(r"<[^<>]*>", text.words(given_text)):
        assert re.fullmatch(r"<(@[UW]|#[CG])[A-Z0-9]+>", part)


@given(ANY)
def test_reading_users_words_back_loses_nothing_that_can_be_seen(given_text: str) -> None:
    assert text.unmarked(text.safe(given_text)) == " ".join(text.plain(given_text).split()).replace(text.JOINER, "")


@given(st.lists(st.sampled_from(["a", " ", "&amp;", "&lt;", "<@U123>", "<!date^1^{time}|now>"])), st.integers(1, 60))
def test_cutting_never_splits_a_mention_or_an_entity(pieces: list[str], most: int) -> None:
    whole = "".join(pieces)
    short = text.cut(whole, most)
    assert len(short) <= most
    if len(whole) <= most:
        assert short == whole
    else:
        assert short.endswith("…")
        kept = short[:-1]
        starts = {"".join(pieces[:number]).rstrip() for number in range(len(pieces) + 1)}
        assert kept in starts


def test_words_keep_what_is_ours() -> None:
    assert text.words("make <@U1> a manager in <#C1> & <!channel>") == (
        "make <@U1> a manager in <#C1> &amp; &lt;!channel&gt;"
    )


def test_dates_show_the_readers_clock_and_say_utc_elsewhere() -> None:
    at = datetime(2026, 11, 24, 15, 42, tzinfo=UTC)
    assert text.when(at) == "<!date^1795534920^{date_short_pretty} {time}|2026-11-24 15:42 UTC>"
    assert text.unmarked(text.when(at)) == "2026-11-24 15:42 UTC"
    assert text.value("2026-11-24T15:42:00+00:00") == text.when(at)
    assert text.value("2026-13-24T15:42:00+00:00") == "2026-13-24T15:42:00+00:00"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-5, "0 s"), (12, "12 s"), (60, "1 min"), (1560, "26 min"), (7200, "2 h"), (7500, "2 h 5 min"),
        (93_600, "1 d 2 h"),
    ],
)  # fmt: skip
def test_spans(seconds: int, said: str) -> None:
    assert text.span(timedelta(seconds=seconds)) == said


@pytest.mark.parametrize(
    ("said", "prefixed"),
    [
        ("`/golive enable`", "`/vh-golive enable`"),
        ("try /golive or /killswitch.", "try /vh-golive or /vh-killswitch."),
        ("/kill", "/vh-kill"),
        ("/killswitches and /goliver", "/killswitches and /goliver"),
        ("and/audit https://x/audit", "and/audit https://x/audit"),
        ("/unknown", "/unknown"),
    ],
)
def test_prefix(said: str, prefixed: str) -> None:
    assert text.with_prefix(said, "vh-") == prefixed
    assert text.with_prefix(said, "") == said


def test_every_command_there_is_gets_a_prefix() -> None:
    typed = {slash.command for operation in build_registry().public() for slash in operation.typed()}
    assert typed <= set(text.COMMANDS)


def test_places() -> None:
    assert text.place("route:governance") == "the governance channel"
    assert text.place("user:U1") == "<@U1>"
    assert text.place("channel:C0123") == "<#C0123>"
    assert text.place("#deals") == "#deals"


def test_people() -> None:
    assert text.who("system") == "Valhalla"
    assert text.who("<!here>") == "&lt;!here&gt;"
    assert text.people([f"U{n}" for n in range(12)], most=2) == "<@U0>, <@U1> and 10 more"
