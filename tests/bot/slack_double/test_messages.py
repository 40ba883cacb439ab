"""Posting, editing, deleting, threads, metadata, history and ephemerals, through the real SDK."""

from typing import Any

import pytest
from slack_sdk import WebClient

from bot.slack_double import SlackDouble
from tests.bot.slack_double.conftest import error_of, refused, section

METADATA: dict[str, Any] = {"event_type": "outbox", "event_payload": {"id": 7}}


class TestPosting:
    def test_by_id_name_or_user(self, client: WebClient, double: SlackDouble) -> None:
        """A channel's id, its name, and a user's id, which means his direct messages."""
        assert client.chat_postMessage(channel="C0GENERAL", text="one")["channel"] == "C0GENERAL"
        assert client.chat_postMessage(channel="#general", text="two")["channel"] == "C0GENERAL"
        client.chat_postMessage(channel="U0ALICE", text="three")
        assert [m["text"] for m in double.messages("general")] == ["one", "two"]
        assert [m["text"] for m in double.dms("alice")] == ["three"]
        assert double.dms("bob") == []

    def test_stamps_differ_though_time_stands_still(self, client: WebClient) -> None:
        """No two messages of a channel share a ts."""
        stamps = [client.chat_postMessage(channel="C0GENERAL", text="x")["ts"] for _ in range(3)]
        assert stamps == sorted(set(stamps))

    @pytest.mark.parametrize(
        ("args", "error"),
        [
            ({"channel": "C0SECRET", "text": "x"}, "channel_not_found"),
            ({"channel": "C0NOWHERE", "text": "x"}, "channel_not_found"),
            ({"channel": "U0DOUBLE01", "text": "x"}, "cannot_dm_bot"),
            ({"channel": "C0GENERAL"}, "no_text"),
            ({"channel": "C0GENERAL", "text": "x" * 40_001}, "msg_too_long"),
            ({"channel": "C0GENERAL", "text": "x", "thread_ts": "1.000000"}, "thread_not_found"),
            ({"channel": "C0GENERAL", "text": "x", "metadata": {"event_type": "x"}}, "invalid_metadata_format"),
            (
                {"channel": "C0GENERAL", "text": "x", "metadata": {"event_type": "x", "event_payload": {"a": None}}},
                "invalid_metadata_schema",
            ),
            ({"channel": "C0GENERAL", "text": "x", "username": "boss"}, "missing_scope"),
            ({"channel": "C0GENERAL", "text": "x", "blocks": "nonsense"}, "invalid_blocks_format"),
        ],
    )
    def test_refusals(self, client: WebClient, args: dict[str, Any], error: str) -> None:
        """Each mistake has Slack's own name."""
        assert error_of(client.chat_postMessage, **args) == error

    def test_membership_and_archives(self, client: WebClient, double: SlackDouble) -> None:
        """Public channels need membership or a scope of their own; archived ones take nothing."""
        assert client.chat_postMessage(channel="C0DEALS", text="x")["ok"]
        double.revoke_scopes("chat:write.public")
        assert error_of(client.chat_postMessage, channel="C0DEALS", text="x") == "not_in_channel"
        double.archive("general")
        assert error_of(client.chat_postMessage, channel="C0GENERAL", text="x") == "is_archived"

    def test_invalid_blocks_name_the_place(self, client: WebClient) -> None:
        """The answer's messages hold a JSON pointer."""
        answer = refused(client.chat_postMessage, channel="C0GENERAL", text="x", blocks=[{"type": "sectoin"}])
        assert answer["response_metadata"]["messages"] == [
            "[ERROR] unsupported type: sectoin [json-pointer:/blocks/0/type]"
        ]

    def test_image_of_a_file_that_is_not_complete(self, client: WebClient) -> None:
        """A picture can be shown once its upload is complete, not before."""
        file = client.files_getUploadURLExternal(filename="x.png", length=3)["file_id"]
        image = {"type": "image", "alt_text": "x", "slack_file": {"id": file}}
        assert error_of(client.chat_postMessage, channel="C0GENERAL", text="x", blocks=[image]) == "invalid_blocks"


class TestEditing:
    def test_edit_keeps_what_is_left_out(self, client: WebClient, double: SlackDouble) -> None:
        """Blocks and metadata stay unless they are given; the edit is stamped."""
        ts = client.chat_postMessage(channel="C0GENERAL", text="a", blocks=[section("a")], metadata=METADATA)["ts"]
        client.chat_update(channel="C0GENERAL", ts=ts, text="b")
        (message,) = double.messages("general")
        assert (message["text"], message["blocks"][0]["text"]["text"], message["metadata"]) == ("b", "a", METADATA)
        assert message["edited"]["user"] == double.bot_user_id
        client.chat_update(channel="C0GENERAL", ts=ts, text="b", blocks=[])
        assert "blocks" not in double.messages("general")[0]

    def test_refusals(self, client: WebClient, double: SlackDouble) -> None:
        """Names do not work, nor other people's messages, nor long texts, nor ephemerals."""
        ts = client.chat_postMessage(channel="C0GENERAL", text="a")["ts"]
        assert error_of(client.chat_update, channel="#general", ts=ts, text="b") == "channel_not_found"
        assert error_of(client.chat_update, channel="C0GENERAL", ts="1.000000", text="b") == "message_not_found"
        assert error_of(client.chat_update, channel="C0GENERAL", ts=ts, text="b" * 4001) == "msg_too_long"
        assert error_of(client.chat_update, channel="C0GENERAL", ts=ts) == "no_text"
        said = double.say("alice", "general", "hello")["ts"]
        assert error_of(client.chat_update, channel="C0GENERAL", ts=said, text="b") == "cant_update_message"
        assert error_of(client.chat_delete, channel="C0GENERAL", ts=said) == "cant_delete_message"
        shown = client.chat_postEphemeral(channel="C0GENERAL", user="U0ALICE", text="x")["message_ts"]
        assert error_of(client.chat_update, channel="C0GENERAL", ts=shown, text="b") == "message_not_found"

    def test_delete(self, client: WebClient, double: SlackDouble) -> None:
        """A message goes; one with replies leaves a tombstone."""
        ts = client.chat_postMessage(channel="C0GENERAL", text="a")["ts"]
        client.chat_postMessage(channel="C0GENERAL", text="reply", thread_ts=ts)
        gone = client.chat_postMessage(channel="C0GENERAL", text="b")["ts"]
        client.chat_delete(channel="C0GENERAL", ts=gone)
        client.chat_delete(channel="C0GENERAL", ts=ts)
        assert [m.get("subtype") for m in double.messages("general")] == ["tombstone"]
        assert error_of(client.chat_delete, channel="C0GENERAL", ts=gone) == "message_not_found"

    def test_permalink(self, client: WebClient) -> None:
        """A permalink holds channel and stamp."""
        ts = client.chat_postMessage(channel="C0GENERAL", text="a")["ts"]
        link = client.chat_getPermalink(channel="C0GENERAL", message_ts=ts)["permalink"]
        assert link.endswith(f"/archives/C0GENERAL/p{ts.replace('.', '')}")


class TestThreads:
    def test_replies_stay_in_the_thread(self, client: WebClient, double: SlackDouble) -> None:
        """History shows the first message with its figures; a broadcast shows in both."""
        ts = client.chat_postMessage(channel="C0GENERAL", text="first")["ts"]
        reply = client.chat_postMessage(channel="C0GENERAL", text="second", thread_ts=ts)["ts"]
        client.chat_postMessage(channel="C0GENERAL", text="third", thread_ts=ts, reply_broadcast=True)
        history = client.conversations_history(channel="C0GENERAL")["messages"]
        assert [m["text"] for m in history] == ["third", "first"]
        assert history[1]["reply_count"] == 2
        replies = client.conversations_replies(channel="C0GENERAL", ts=ts)["messages"]
        assert [m["text"] for m in replies] == ["first", "second", "third"]
        assert [m["text"] for m in double.thread("general", ts)] == ["first", "second", "third"]
        assert error_of(client.conversations_replies, channel="C0GENERAL", ts="1.000000") == "thread_not_found"
        assert (
            error_of(client.chat_postMessage, channel="C0GENERAL", text="x", thread_ts=reply)
            == "cannot_reply_to_message"
        )


class TestHistory:
    def test_metadata_only_when_asked_for(self, client: WebClient) -> None:
        """The outbox's mark is found only with include_all_metadata."""
        client.chat_postMessage(channel="C0GENERAL", text="a", metadata=METADATA)
        plain = client.conversations_history(channel="C0GENERAL")["messages"]
        full = client.conversations_history(channel="C0GENERAL", include_all_metadata=True)["messages"]
        assert "metadata" not in plain[0]
        assert full[0]["metadata"] == METADATA

    def test_bounds_and_pages(self, client: WebClient) -> None:
        """Bounds are exclusive unless asked otherwise; pages begin at oldest where that alone is given."""
        stamps = [client.chat_postMessage(channel="C0GENERAL", text=str(n))["ts"] for n in range(5)]

        def texts(**args: Any) -> list[str]:
            return [m["text"] for m in client.conversations_history(channel="C0GENERAL", **args)["messages"]]

        assert texts(oldest=stamps[1], latest=stamps[3]) == ["2"]
        assert texts(oldest=stamps[1], latest=stamps[3], inclusive=True) == ["3", "2", "1"]
        assert texts(limit=2) == ["4", "3"]
        assert texts(oldest=stamps[0], limit=2) == ["2", "1"]
        first = client.conversations_history(channel="C0GENERAL", limit=3)
        assert first["has_more"]
        assert texts(limit=3, cursor=first["response_metadata"]["next_cursor"]) == ["1", "0"]

    def test_needs_membership_and_scope(self, client: WebClient, double: SlackDouble) -> None:
        """A channel the bot is not in cannot be read, nor any without the scope."""
        assert error_of(client.conversations_history, channel="C0DEALS") == "not_in_channel"
        double.revoke_scopes("channels:history")
        assert error_of(client.conversations_history, channel="C0GENERAL") == "missing_scope"


class TestEphemerals:
    def test_one_person_sees_it(self, client: WebClient, double: SlackDouble) -> None:
        """An ephemeral is there for one person, and in no history."""
        client.chat_postEphemeral(channel="C0GENERAL", user="U0ALICE", text="for you")
        assert [m["text"] for m in double.messages("general", "alice")] == ["for you"]
        assert double.messages("general", "bob") == []
        assert double.messages("general") == []
        assert client.conversations_history(channel="C0GENERAL")["messages"] == []

    def test_both_have_to_be_there(self, client: WebClient, double: SlackDouble) -> None:
        """The person and the bot both have to be in the channel."""
        double.leave("bob", "general")
        assert error_of(client.chat_postEphemeral, channel="C0GENERAL", user="U0BOB", text="x") == "user_not_in_channel"
        assert error_of(client.chat_postEphemeral, channel="C0DEALS", user="U0ALICE", text="x") == "not_in_channel"

    def test_private_channels_are_hidden_from_others(self, double: SlackDouble) -> None:
        """Who is not in a private channel sees nothing of it."""
        double.say("bob", "secret", "psst")
        assert double.messages("secret", "alice") == []
        assert "secret" not in [c.get("name") for c in double.channels("alice")]
        assert [m["text"] for m in double.messages("secret", "bob")] == ["psst"]
