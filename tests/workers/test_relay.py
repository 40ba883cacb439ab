"""The sender against a strict Slack: what arrives, in which order, and what happens when Slack misbehaves."""

from datetime import datetime
from typing import Any

import pytest

from bot.blocks.cards import render_card
from bot.blocks.kit import Rendered
from domain.act import Form, Priority
from tests.workers.slack import OWNER, Scene, ago, said, wait_for, workspace


class TestWhatArrives:
    def test_a_message_is_posted_once_and_its_place_is_kept(self, scene: Scene) -> None:
        """The row knows where its message stands, and the message carries the row's id."""
        outbox_id = scene.queue("one", thing="thing:1")
        with scene.relay():
            row = scene.wait_state(outbox_id)
        (message,) = scene.double.messages("governance")
        assert (row.channel, row.ts) == (scene.double.channels()[0]["id"], message["ts"])
        assert message["metadata"] == {"event_type": "valhalla_outbox", "event_payload": {"outbox_id": outbox_id}}
        (shown,) = scene.rows("card_message")
        assert (shown.thing, shown.ts, shown.outbox_id) == ("thing:1", row.ts, outbox_id)

    def test_of_an_edited_card_only_the_newest_version_is_sent(self, scene: Scene) -> None:
        """Five versions that waited are one post, and the sixth edits it."""
        ids = [scene.queue(f"version {number}", thing="thing:1") for number in range(1, 6)]
        with scene.relay():
            scene.wait_state(ids[-1])
            later = scene.queue("version 6", thing="thing:1")
            scene.wait_state(later)
        assert [scene.state(found) for found in ids] == ["sent"] * 5
        assert {scene.row(found).error for found in ids[:-1]} == {f"superseded by {ids[-1]}"}
        assert len(scene.double.calls("chat.postMessage")) == 1
        assert len(scene.double.calls("chat.update")) == 1
        assert said(scene.texts(), "version 6", "version 5") == ["version 6"]

    def test_a_reply_waits_for_its_card_and_hangs_under_it(self, light_scene: Scene) -> None:
        """The reply is more urgent than the card, and goes after it all the same."""
        reply = light_scene.queue("reply", thing="thing:1", form=Form.THREAD, priority=Priority.SWITCH)
        card = light_scene.queue("card", thing="thing:1", priority=Priority.DIGEST)
        with light_scene.relay():
            ts = light_scene.wait_state(card).ts
            light_scene.wait_state(reply)
        assert said([" ".join(m["text"] for m in light_scene.double.thread("governance", ts))], "TEST") == ["TEST"]
        assert len(light_scene.double.thread("governance", ts)) == 2

    def test_what_is_urgent_overtakes_in_a_lane(self, light_scene: Scene) -> None:
        """Switches first, then approvals, replies and digests; within one, in the order they were written."""
        order = [Priority.DIGEST, Priority.REPLY, Priority.APPROVAL, Priority.SWITCH, Priority.SWITCH]
        ids = [light_scene.queue(f"word-{place}.", priority=priority) for place, priority in enumerate(order)]
        with light_scene.relay():
            for outbox_id in ids:
                light_scene.wait_state(outbox_id)
        words = [f"word-{place}." for place in range(5)]
        assert said(light_scene.texts(), *words) == ["word-3.", "word-4.", "word-2.", "word-1.", "word-0."]

    def test_a_changed_route_leaves_old_cards_where_they_stand(self, light_scene: Scene) -> None:
        """New things go to the new channel; an old thing is edited in the old one."""
        with light_scene.relay():
            light_scene.wait_state(light_scene.queue("old", thing="thing:1"))
            with light_scene.database.write() as connection:
                connection.exec_driver_sql(
                    "INSERT INTO route (kind, channel, changed_by, updated_at, version)"
                    " VALUES ('governance', 'deals', 'U1', '2026-11-24 00:00:00', 1)"
                )
            edited = light_scene.wait_state(light_scene.queue("old, edited", thing="thing:1"))
            light_scene.wait_state(light_scene.queue("new", thing="thing:2"))
        assert said(light_scene.texts("governance"), "old, edited", "new") == ["old, edited"]
        assert said(light_scene.texts("deals"), "new") == ["new"]
        assert edited.channel == next(c["id"] for c in light_scene.double.channels() if c["name"] == "governance")

    def test_a_direct_message_has_a_lane_of_its_own(self, light_scene: Scene) -> None:
        """It arrives with the person, whatever the channels do."""
        light_scene.double.faults.add("ratelimited", "chat.postMessage", retry_after=30)
        blocked = light_scene.queue("blocked")
        with light_scene.relay():
            wait_for(lambda: light_scene.row(blocked).error)
            light_scene.wait_state(light_scene.queue("direct", to=f"user:{OWNER}"))
        assert said([m["text"] for m in light_scene.double.dms(OWNER)], "TEST") == ["TEST"]

    def test_two_senders_share_the_lanes_and_send_everything_once(self, scene: Scene) -> None:
        """Two processes, forty messages to four channels and one person: each arrives exactly once."""
        places = ["route:governance", "route:oncall", "route:deals", f"user:{OWNER}"]
        ids = [scene.queue(f"<{number}>", to=places[number % 4], priority=Priority.SWITCH) for number in range(40)]
        with scene.relay(holder="first"), scene.relay(holder="second"):
            for outbox_id in ids:
                scene.wait_state(outbox_id)
        posted = [call for call in scene.double.calls("chat.postMessage") if call["response"]["ok"]]
        found = [call["response"]["message"]["metadata"]["event_payload"]["outbox_id"] for call in posted]
        assert sorted(found) == ids

    def test_the_pace_is_one_message_a_second_and_switches_do_not_wait(self, light_scene: Scene) -> None:
        """After a burst of three the channel rests; what is urgent goes at once."""
        scene = light_scene
        ids = [scene.queue(f"digest {number}", priority=Priority.DIGEST) for number in range(12)]
        with scene.relay():
            scene.wait_state(ids[2])
            urgent = scene.queue("urgent", priority=Priority.SWITCH)
            scene.wait_state(urgent)
            assert scene.state(ids[-1]) == "queued"


class TestTroubleWithSlack:
    def test_429_pauses_its_lane_only_and_as_long_as_slack_says(self, light_scene: Scene) -> None:
        """The other channel goes on meanwhile; nothing is lost and nothing is posted twice."""
        with light_scene.relay():
            light_scene.double.faults.add("ratelimited", "chat.postMessage", retry_after=2)
            slow = light_scene.queue("slow")
            wait_for(lambda: light_scene.row(slow).error == "ratelimited")
            other = light_scene.queue("other", to="route:oncall")
            light_scene.wait_state(other)
            light_scene.wait_state(slow)
        calls = [call for call in light_scene.double.calls("chat.postMessage") if call["status"] in {200, 429}]
        limited = next(call for call in calls if call["status"] == 429)
        done, meanwhile = (
            next(call for call in calls if call["response"].get("channel") == light_scene.row(outbox_id).channel)
            for outbox_id in (slow, other)
        )
        assert len(light_scene.double.messages("governance")) == 1
        assert _seconds_between(limited, done) >= 2
        assert _seconds_between(meanwhile, done) > 0

    @pytest.mark.parametrize("kind", ["drop_before", "drop_after"])
    def test_after_a_lost_answer_the_channel_is_read_first(self, scene: Scene, kind: Any) -> None:
        """Whether the message arrived or not, it stands there once."""
        scene.double.faults.add(kind, "chat.postMessage")
        outbox_id = scene.queue("once", thing="thing:1")
        with scene.relay():
            row = scene.wait_state(outbox_id)
        (message,) = scene.double.messages("governance")
        assert row.ts == message["ts"]
        assert scene.double.calls("conversations.history")
        assert not row.is_outcome_unknown

    def test_a_slow_request_that_lands_after_its_timeout_is_found(self, light_scene: Scene) -> None:
        """The sender waits a while before it reads, since what was sent may still arrive."""
        light_scene.double.faults.add("delay_before", "chat.postMessage", seconds=1.1)
        outbox_id = light_scene.queue("slow but once")
        with light_scene.relay():
            light_scene.wait_state(outbox_id)
        assert len(light_scene.double.messages("governance")) == 1

    def test_a_lost_reply_is_looked_for_in_its_thread(self, light_scene: Scene) -> None:
        """The channel's history does not show replies."""
        with light_scene.relay():
            ts = light_scene.wait_state(light_scene.queue("card", thing="thing:1")).ts
            light_scene.double.faults.add("drop_after", "chat.postMessage")
            light_scene.wait_state(light_scene.queue("reply", thing="thing:1", form=Form.THREAD))
        assert len(light_scene.double.thread("governance", ts)) == 2

    def test_a_lost_direct_message_is_looked_for_with_its_person(self, light_scene: Scene) -> None:
        """The conversation is opened to be read."""
        light_scene.double.faults.add("drop_after", "chat.postMessage")
        with light_scene.relay():
            light_scene.wait_state(light_scene.queue("direct", to=f"user:{OWNER}"))
        assert len(light_scene.double.dms(OWNER)) == 1

    def test_a_newer_version_waits_until_the_first_is_found(self, light_scene: Scene) -> None:
        """Otherwise the thing would have two messages."""
        light_scene.double.faults.add("drop_after", "chat.postMessage")
        first = light_scene.queue("first", thing="thing:1")
        with light_scene.relay():
            wait_for(lambda: light_scene.row(first).is_outcome_unknown)
            second = light_scene.queue("second", thing="thing:1", priority=Priority.SWITCH)
            light_scene.wait_state(second)
        assert len(light_scene.double.messages("governance")) == 1
        assert said(light_scene.texts(), "second") == ["second"]

    def test_where_the_channel_cannot_be_read_what_is_urgent_is_repeated_and_the_rest_held(
        self, light_scene: Scene
    ) -> None:
        """The repeat says that it may be one; what is held is shown with its cure and an alert."""
        light_scene.double.revoke_scopes("channels:history")
        light_scene.double.faults.add("drop_after", "chat.postMessage", times=2)
        urgent = light_scene.queue("urgent", to="route:deals", priority=Priority.SWITCH)
        with light_scene.relay():
            light_scene.wait_state(urgent)
            light_scene.double.faults.clear()
            light_scene.double.faults.add("drop_after", "chat.postMessage")
            calm = light_scene.queue("calm", to="route:followups")
            light_scene.wait_state(calm, "held")
            alert = wait_for(lambda: light_scene.double.messages("oncall"))
        assert light_scene.row(urgent).is_repeat_possible
        assert said(light_scene.texts("deals"), "Possibly repeated")
        assert "may not have arrived" in alert[0]["text"]

    def test_an_edit_without_an_answer_is_simply_done_again(self, light_scene: Scene) -> None:
        """Nothing is read: the same edit twice is one."""
        with light_scene.relay():
            light_scene.wait_state(light_scene.queue("first", thing="thing:1"))
            light_scene.double.faults.add("drop_after", "chat.update")
            light_scene.wait_state(light_scene.queue("second", thing="thing:1"))
        assert not light_scene.double.calls("conversations.history")
        assert said(light_scene.texts(), "second") == ["second"]

    def test_slack_away_for_a_while_loses_nothing(self, light_scene: Scene) -> None:
        """Everything queued meanwhile arrives once when it is back."""
        with light_scene.relay():
            light_scene.double.faults.add("away", times=None)
            ids = [
                light_scene.queue(f"<{number}>", to=to)
                for number in range(3)
                for to in ("route:governance", "route:oncall", f"user:{OWNER}")
            ]
            wait_for(lambda: all(light_scene.row(found).error for found in ids[:3]))
            light_scene.double.faults.clear()
            for outbox_id in ids:
                light_scene.wait_state(outbox_id, seconds=30)
        assert len(light_scene.double.messages("governance")) == len(light_scene.double.messages("oncall")) == 3
        assert len(light_scene.double.dms(OWNER)) == 3


class TestRefusals:
    def test_a_public_channel_is_joined_once(self, light_scene: Scene) -> None:
        """Then the message is there."""
        light_scene.double.revoke_scopes("chat:write.public")
        light_scene.double.leave("bot", "governance")
        with light_scene.relay():
            light_scene.wait_state(light_scene.queue("one"))
        assert len(light_scene.double.calls("conversations.join")) == 1

    def test_a_channel_that_refuses_is_told_to_the_on_call_channel_with_its_cure(self, light_scene: Scene) -> None:
        """The dead letter can be tried again once the channel is mended."""
        light_scene.double.archive("governance")
        outbox_id = light_scene.queue("dead", thing="thing:1")
        with light_scene.relay():
            row = light_scene.wait_state(outbox_id, "dead")
            alert = wait_for(lambda: said(light_scene.texts("oncall"), "cannot be delivered"))
            assert alert
            assert row.error == "is_archived"
            assert said(light_scene.texts("oncall"), "/valhalla route")
            light_scene.double.archive("governance", is_archived=False)
            light_scene.run_op("delivery.retry", outbox_id=outbox_id)
            light_scene.wait_state(outbox_id)
        assert len(light_scene.double.messages("governance")) == 1

    def test_an_alert_that_the_on_call_channel_refuses_goes_to_the_owners(self, light_scene: Scene) -> None:
        """And when they cannot be reached either, it ends: nothing goes round in circles."""
        light_scene.double.archive("governance")
        light_scene.double.archive("oncall")
        with light_scene.relay():
            light_scene.wait_state(light_scene.queue("dead"), "dead")
            wait_for(lambda: len(light_scene.double.dms(OWNER)) >= 2)
            light_scene.double.deactivate(OWNER)
            light_scene.wait_state(light_scene.queue("dead too"), "dead")
            wait_for(lambda: all(row.state in {"sent", "dead"} for row in light_scene.rows("outbox")))
            before = len(light_scene.rows("outbox"))
            light_scene.wait_state(light_scene.queue("still sending", to="route:deals"))
            assert len(light_scene.rows("outbox")) == before + 1

    def test_a_deleted_card_is_posted_anew(self, light_scene: Scene) -> None:
        """The thing's message is then the new one."""
        with light_scene.relay():
            row = light_scene.wait_state(light_scene.queue("first", thing="thing:1"))
            light_scene.gate_slack().call("chat.delete", channel=row.channel, ts=row.ts)
            again = light_scene.wait_state(light_scene.queue("second", thing="thing:1"))
            third = light_scene.wait_state(light_scene.queue("third", thing="thing:1"))
        assert again.ts != row.ts
        assert third.ts == again.ts
        assert said(light_scene.texts(), "third", "second") == ["third"]

    def test_refused_blocks_are_sent_as_text(self, light_scene: Scene) -> None:
        """The words arrive, whatever is wrong with the layout."""

        def render(name: str, payload: Any) -> Rendered:
            return Rendered(render_card(name, payload).text, [{"type": "nonsense"}])

        with light_scene.relay(render=render):
            light_scene.wait_state(light_scene.queue("one"))
        assert light_scene.double.messages("governance")[0]["text"].startswith("TEST")

    def test_a_card_nobody_can_render_is_a_dead_letter_and_stops_nothing(self, light_scene: Scene) -> None:
        """The next message of the lane goes out."""
        broken = light_scene.queue("broken", name="no_such_card")
        fine = light_scene.queue("fine")
        with light_scene.relay():
            light_scene.wait_state(fine)
            assert light_scene.wait_state(broken, "dead").error == "render_failed"

    def test_a_dead_token_stops_the_sender_says_so_and_loses_nothing(self, light_scene: Scene) -> None:
        """Nothing is tried over and over; what waited arrives once the token is good again."""
        reasons: list[str] = []
        light_scene.double.kill_token("token_revoked")
        with light_scene.relay(on_stopped=reasons.append):
            ids = [light_scene.queue("one"), light_scene.queue("two")]
            wait_for(lambda: reasons)
            assert reasons[0] == "token_revoked"
            assert len(light_scene.double.calls("chat.postMessage")) <= 2
            light_scene.double.restore_token()
            for outbox_id in ids:
                light_scene.wait_state(outbox_id)
        assert len(light_scene.double.messages("governance")) == 2


def test_the_double_limits_are_met_by_pausing_not_by_losing(sqlite_url: str) -> None:
    """With Slack's own rates a dozen messages to one channel all arrive, each once."""
    with workspace() as double:
        scene = Scene(sqlite_url, double)
        double.limits.set("chat.postMessage", per_minute=240, burst=2)
        ids = [scene.queue(f"<{number}>", priority=Priority.SWITCH) for number in range(6)]
        with scene.relay():
            for outbox_id in ids:
                scene.wait_state(outbox_id, seconds=30)
        assert len(double.messages("governance")) == 6
        scene.close()


def test_a_row_left_sending_by_a_dead_process_is_looked_for_and_sent_once(scene: Scene) -> None:
    """Its lane's lease has passed, and the history does not have it."""
    left = scene.queue("left", state="sending", attempts=1, attempted_at=ago(5), channel="governance")
    with scene.relay():
        scene.wait_state(left)
    assert len(scene.double.messages("governance")) == 1
    assert scene.double.calls("conversations.history")


def test_a_row_sending_elsewhere_is_left_alone(scene: Scene) -> None:
    """As long as its lease lasts, it is somebody else's."""
    theirs = scene.queue("theirs", state="sending", attempts=1, attempted_at=ago(-60), thing="thing:1")
    scene.queue("newer", thing="thing:1")
    other = scene.queue("other")
    with scene.relay():
        scene.wait_state(other)
        assert scene.state(theirs) == "sending"
    assert len(scene.double.messages("governance")) == 1


def _seconds_between(first: dict[str, Any], second: dict[str, Any]) -> float:
    earlier, later = (datetime.fromisoformat(call["at"]) for call in (first, second))
    return (later - earlier).total_seconds()
