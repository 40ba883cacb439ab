"""A drawn chart is a PNG of the right size that shows something, the same bytes every time."""

import io
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from typing import Any

from PIL import Image

from domain.charts.results import Chart, Line, Mark, Panel, Series, Shade
from workers.drawing import COLOURS, draw, said

ZONE = "America/Toronto"
DAYS = tuple(date(2026, 10, 27) + timedelta(days=number) for number in range(28))


def chart(**more: Any) -> Chart:
    """The chart of card 2."""
    wave = tuple((day, 0.8 + 0.01 * (number % 9)) for number, day in enumerate(DAYS))
    given = {
        "title": "Success a day", "alt": "Above 82 % on 24 of 28 days", "unit": "percent",
        "series": (Series(label="success", points=wave),), "lines": (Line(label="needs 82 %", y=0.82),),
    }  # fmt: skip
    return Chart(**{**given, **more})


def opened(content: bytes) -> Image.Image:
    """The picture as any reader of PNGs sees it."""
    image = Image.open(io.BytesIO(content))
    image.verify()
    return Image.open(io.BytesIO(content)).convert("RGB")


def count(image: Image.Image, colour: str) -> int:
    """How many pixels have a colour."""
    wanted = tuple(int(colour[at : at + 2], 16) for at in (1, 3, 5))
    found = image.getcolors(maxcolors=1_000_000)
    return sum(number for number, has in found or () if has == wanted)


def test_it_is_a_png_of_800_by_400_at_twice_the_pixels() -> None:
    """With a line in its colour, ink for words, and mostly paper; nothing of it transparent."""
    content = draw(chart(), ZONE)
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    image = opened(content)
    assert image.size == (1600, 800)
    assert count(image, COLOURS[0]) > 2_000
    assert 0.5 < count(image, "#ffffff") / (1600 * 800) < 0.98
    assert len(content) < 200_000


def test_what_is_said_is_what_is_drawn() -> None:
    """Another value, a line, a shade and a mark each change the picture."""
    plain = chart(lines=())
    others = [
        chart(), chart(lines=(), shaded=(Shade(start=DAYS[9], end=DAYS[20], label="dip"),)),
        chart(lines=(), marks=(Mark(at=DAYS[20], label="alarm"),)),
        chart(lines=(), marks=(Mark(at=DAYS[20], label="alarm", y=0.83),)), chart(lines=(), unit="count"),
        chart(lines=(), title="Another title"),
    ]  # fmt: skip
    drawn = [draw(one, ZONE) for one in (plain, *others)]
    assert len(set(drawn)) == len(drawn)


def test_the_same_chart_is_the_same_bytes() -> None:
    """Also in another process: no time, no version, no random name in the file."""
    here = draw(chart(), ZONE)
    assert here == draw(chart(), ZONE)
    code = (
        "import sys; from domain.charts.results import Chart; from workers.drawing import draw;"
        f"sys.stdout.buffer.write(draw(Chart.model_validate_json(sys.stdin.read()), {ZONE!r}))"
    )
    there = subprocess.run(
        [sys.executable, "-c", code], input=chart().model_dump_json().encode(), capture_output=True, check=False
    )  # fmt: skip
    assert there.stdout == here, there.stderr


def test_instants_are_drawn_in_the_business_s_zone() -> None:
    """23:30 in Toronto is the next day in Tokyo, and another picture."""
    at = datetime(2026, 11, 10, 4, 30, tzinfo=UTC)
    one = chart(series=(Series(label="x", points=((at, 0.8), (at + timedelta(hours=20), 0.9))),))
    assert draw(one, ZONE) != draw(one, "Asia/Tokyo")


def test_six_small_lines_and_what_is_missing_in_them() -> None:
    """A panel of which nothing was measured is drawn empty, and gaps are gaps; a dollar sign is no formula."""
    empty = Panel(title="Buyer response, $1 to $2", series=(Series(label="x", points=((DAYS[0], None),)),))
    none = Panel(title="Loss", series=(Series(label="x", points=()),), unit="dollars")
    full = Panel(
        title="Offers", series=(Series(label="x", points=((DAYS[0], 1.0), (DAYS[1], None), (DAYS[2], 3.0))),),
        lines=(Line(label="target", y=2),),
    )  # fmt: skip
    image = opened(draw(chart(series=(), lines=(), panels=(empty, none, *(full,) * 4)), ZONE))
    assert image.size == (1600, 800)
    assert count(image, COLOURS[0]) > 300


def test_numbers_are_written_as_a_person_writes_them() -> None:
    """Rates as percent, dollars with their sign."""
    assert [said(0.825, "percent"), said(1500.0, "dollars"), said(12.0, "count")] == ["82.5 %", r"\$1,500", "12"]


def test_the_library_is_loaded_by_who_draws_alone() -> None:
    """Neither the bot nor a worker that has nothing to draw pays for it."""
    code = "import sys, workers.main, bot.main, workers.drawing; print('matplotlib' in sys.modules)"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "False"
