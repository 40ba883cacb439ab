"""A chart reaches the cards of its thing: the whole way, with Slack in every mood, on both databases."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import update

from domain.act import Form
from domain.charts import rules, service
from domain.charts.results import Chart, Series
from domain.charts.tables import ChartRow
from domain.clock import system_clock
from tests.workers.slack import Scene, wait_for
from workers.charting import Charting

THING = "thing:1"


def chart(alt: str = "Contract rate fell from 41 % to about 25 %", height: float = 0.41) -> Chart:
    """A small chart that says `alt`."""
    points = tuple((date(2026, 11, day), height) for day in range(1, 8))
    return Chart(title="Contract rate", alt=alt, series=(Series(label="rate", points=points),), unit="percent")


def leave(scene: Scene, made: Chart, thing: str = THING) -> None:
    """Leave a chart as an act does."""
    scene.database.attempt(
        lambda connection: service.leave(connection, thing, made, now=system_clock(), correlation_id=uuid4().hex)
    )


@contextmanager
def charting(scene: Scene, **options: Any) -> Iterator[Charting]:
    """A thread that draws meanwhile."""
    made = Charting(scene.gate, scene.gate_slack(), **options)
    made.start()
    try:
        yield made
    finally:
        made.stop()


def row(scene: Scene, thing: str = THING) -> Any:
    """The chart of a thing."""
    return next(row for row in scene.rows("chart") if row.thing == thing)


def wait_chart(scene: Scene, state: str = "shown", thing: str = THING) -> Any:
    """Wait until the chart is in a state; return it."""
    return wait_for(
        lambda: (found := row(scene, thing)).state == state and found, what=lambda: f"{state}: {row(scene, thing)}"
    )


def images(message: dict[str, Any]) -> list[tuple[str, str]]:
    """The pictures a message shows: their files and what they say."""
    return [(b["slack_file"]["id"], b["alt_text"]) for b in message["blocks"] if b["type"] == "image"]


def hurry(scene: Scene) -> None:
    """Let whatever waits for its time be due."""
    scene.database.attempt(
        lambda connection: connection.execute(update(ChartRow).values(not_before=system_clock()))
    )  # fmt: skip


def wait_failed(scene: Scene) -> None:
    """Wait until the chart is given up, however long its pauses are."""

    def is_failed() -> bool:
        hurry(scene)
        return bool(row(scene).state == "failed")

    wait_for(is_failed)


class TestTheWholeWay:
    def test_the_text_is_there_at_once_and_the_chart_within_five_seconds(self, scene: Scene) -> None:
        """One message, edited to show a real PNG with its words; it says the same as before otherwise."""
        with scene.relay():
            card = scene.queue("the words", thing=THING)
            scene.wait_state(card)
            (before,) = scene.double.messages("governance")
            assert not images(before)
            leave(scene, chart())
            started = system_clock()
            with charting(scene):
                shown = wait_chart(scene)
            assert system_clock() - started < timedelta(seconds=5)
        (after,) = scene.double.messages("governance")
        assert images(after) == [(shown.file_id, chart().alt)]
        assert after["ts"] == before["ts"]
        words = [block for block in after["blocks"] if block["type"] != "image"]
        assert [block["type"] for block in words] == [block["type"] for block in before["blocks"]]
        assert after["text"] == before["text"]
        answer = httpx.get(f"{scene.double.base_url.removesuffix('/api/')}/files/{shown.file_id}")
        assert answer.content.startswith(b"\x89PNG")
        assert answer.headers["content-security-policy"] == "sandbox"
        assert answer.headers["x-content-type-options"] == "nosniff"

    def test_every_card_of_the_thing_shows_it_and_no_other(self, light_scene: Scene) -> None:
        """Two channels and a person; a reply in the thread and another thing's card stay as they are."""
        scene = light_scene
        with scene.relay(), charting(scene):
            ids = [scene.queue("words", to=to, thing=THING) for to in ("route:governance", "route:oncall")]
            ids += [scene.queue("reply", thing=THING, form=Form.THREAD), scene.queue("other", thing="thing:2")]
            for found in ids:
                scene.wait_state(found)
            leave(scene, chart())
            shown = wait_chart(scene)
            for found in ids:
                scene.wait_state(found)
        card, other = scene.double.messages("governance")
        (oncall,) = scene.double.messages("oncall")
        assert images(card) == images(oncall) == [(shown.file_id, chart().alt)]
        assert not images(other)
        assert not any(images(reply) for reply in scene.double.thread("governance", card["ts"])[1:])
        assert len(scene.double.calls("files.completeUploadExternal")) == 1

    def test_later_versions_keep_it_and_a_newer_chart_takes_its_place(self, light_scene: Scene) -> None:
        """An edit without a chart keeps the one there is; a newer one is drawn once, after its pause."""
        scene = light_scene
        with scene.relay(), charting(scene):
            scene.wait_state(scene.queue("one", thing=THING))
            leave(scene, chart())
            first = wait_chart(scene)
            scene.wait_state(scene.queue("two", thing=THING))
            (message,) = scene.double.messages("governance")
            assert images(message) == [(first.file_id, chart().alt)]
            leave(scene, chart("Worse", 0.2))
            leave(scene, chart("Worse still", 0.1))
            waiting = row(scene)
            assert waiting.not_before - first.uploaded_at >= rules.REDRAW_EVERY
            assert waiting.file_id == first.file_id
            hurry(scene)
            second = wait_chart(scene)
        (message,) = scene.double.messages("governance")
        assert images(message) == [(second.file_id, "Worse still")]
        assert len(scene.double.calls("files.completeUploadExternal")) == 2

    def test_the_same_chart_again_is_not_drawn_again(self, light_scene: Scene) -> None:
        """Nothing changed, so nothing is uploaded."""
        scene = light_scene
        with scene.relay(), charting(scene):
            scene.wait_state(scene.queue("one", thing=THING))
            leave(scene, chart())
            first = wait_chart(scene)
            leave(scene, chart())
        assert row(scene).version == first.version
        assert row(scene).state == "shown"

    def test_a_chart_that_was_there_before_the_card_is_posted_with_it(self, light_scene: Scene) -> None:
        """No edit is needed."""
        scene = light_scene
        leave(scene, chart())
        with charting(scene):
            wait_chart(scene)
        with scene.relay():
            scene.wait_state(scene.queue("one", thing=THING))
        (message,) = scene.double.messages("governance")
        assert images(message)
        assert not scene.double.calls("chat.update")


class TestWhenSlackMisbehaves:
    @pytest.mark.parametrize("method", ["files.getUploadURLExternal", "files.upload", "files.completeUploadExternal"])
    @pytest.mark.parametrize("kind", ["http_error", "ratelimited", "drop_before"])
    def test_it_comes_all_the_same(self, light_scene: Scene, method: str, kind: Any) -> None:
        """A 500, a 429 and a lost connection at each of the three calls: the text stands, the chart comes later."""
        scene = light_scene
        scene.double.faults.add(kind, method)
        with scene.relay(), charting(scene):
            scene.wait_state(scene.queue("one", thing=THING))
            leave(scene, chart())
            shown = wait_chart(scene)
        (message,) = scene.double.messages("governance")
        assert images(message) == [(shown.file_id, chart().alt)]
        assert len(scene.double.calls("files.completeUploadExternal")) <= 2

    def test_an_upload_that_is_never_answered_is_given_up(self, light_scene: Scene) -> None:
        """At most three files that nobody shows, and a card without a chart."""
        scene = light_scene
        scene.double.faults.add("drop_after", "files.completeUploadExternal", times=None)
        with scene.relay(), charting(scene):
            scene.wait_state(scene.queue("one", thing=THING))
            leave(scene, chart())
            wait_failed(scene)
        assert len(scene.double.calls("files.completeUploadExternal")) == rules.MOST_COMPLETIONS
        (message,) = scene.double.messages("governance")
        assert not images(message)

    def test_without_the_scope_the_words_stand_alone(self, light_scene: Scene) -> None:
        """Slack says no for good: it is not asked again."""
        scene = light_scene
        scene.double.revoke_scopes("files:write")
        with scene.relay(), charting(scene):
            scene.wait_state(scene.queue("one", thing=THING))
            leave(scene, chart())
            failed = wait_chart(scene, "failed")
        assert "files:write" in failed.error
        assert len(scene.double.calls("files.getUploadURLExternal")) == 1

    def test_a_file_slack_is_still_busy_with_is_shown_a_little_later(self, light_scene: Scene) -> None:
        """The edit is refused with the chart, made without it, and made again."""
        scene = light_scene
        with scene.relay(), charting(scene):
            scene.wait_state(scene.queue("one", thing=THING))
            scene.double.faults.add("refuse", "chat.update", error="invalid_blocks")
            leave(scene, chart())
            shown = wait_chart(scene)
        (message,) = scene.double.messages("governance")
        assert images(message) == [(shown.file_id, chart().alt)]
        assert all(found.state == "sent" for found in scene.rows("outbox"))

    def test_a_card_that_never_takes_it_keeps_its_words_and_its_buttons(self, light_scene: Scene) -> None:
        """The chart is given up; no card is dead, none is reduced to text."""
        scene = light_scene
        with scene.relay(), charting(scene):
            card = scene.queue("one", thing=THING)
            scene.wait_state(card)
            (before,) = scene.double.messages("governance")
            leave(scene, chart())
            scene.database.attempt(
                lambda connection: connection.execute(
                    update(ChartRow).values(
                        state="uploaded", file_id="FNOWHERE", file_alt="x", not_before=system_clock()
                    )
                )
            )
            wait_failed(scene)
            scene.wait_state(card)
            (after,) = scene.double.messages("governance")
        assert [b["type"] for b in after["blocks"]] == [b["type"] for b in before["blocks"]]
        assert row(scene).file_id is None

    def test_one_that_cannot_be_drawn_is_given_up(self, light_scene: Scene) -> None:
        """Its card stays; the next chart of the thing is drawn."""
        scene = light_scene

        def broken(_chart: Chart) -> bytes:
            raise RuntimeError("no ink")

        with scene.relay():
            scene.wait_state(scene.queue("one", thing=THING))
            leave(scene, chart())
            with charting(scene, draw_chart=broken):
                assert wait_chart(scene, "failed").error == "it cannot be drawn"
            (bare,) = scene.double.messages("governance")
            assert images(bare) == []
            leave(scene, chart())
            with charting(scene):
                drawn = wait_chart(scene)
        (shown,) = scene.double.messages("governance")
        assert images(shown) == [(drawn.file_id, chart().alt)]


def test_two_workers_upload_it_once(scene: Scene) -> None:
    """Ten charts and two threads: ten uploads."""
    for number in range(10):
        leave(scene, chart(height=number / 10), f"thing:{number}")
    with charting(scene, draw_chart=_quick), charting(scene, draw_chart=_quick):
        for number in range(10):
            wait_chart(scene, thing=f"thing:{number}")
    assert len(scene.double.calls("files.completeUploadExternal")) == 10


def _quick(chart: Chart) -> bytes:
    return chart.alt.encode()


def test_a_chart_that_is_overtaken_while_it_is_drawn_is_not_uploaded(light_scene: Scene) -> None:
    """The newer one is; the older one's file is never completed."""
    scene = light_scene
    leave(scene, chart())

    def slow(one: Chart) -> bytes:
        if one.alt != "newer":
            leave(scene, chart("newer"))
        return one.alt.encode()

    with charting(scene, draw_chart=slow):
        wait_chart(scene)
    assert row(scene).file_alt == "newer"
    assert len(scene.double.calls("files.completeUploadExternal")) == 1
