"""Tokens, scopes, arguments, conversations, people and files, through the real SDK."""

from typing import Any

import httpx
import pytest
from slack_sdk import WebClient

from bot.slack_double import SlackDouble
from tests.bot.slack_double.conftest import client_of, error_of, refused


class TestTokens:
    def test_says_who_it_is(self, client: WebClient, double: SlackDouble) -> None:
        """auth.test names the bot and lists its scopes in a header."""
        answer = client.auth_test()
        assert answer["user_id"] == double.bot_user_id
        assert "chat:write" in answer.headers["x-oauth-scopes"]

    @pytest.mark.parametrize(
        ("token", "error"),
        [("xoxb-other", "invalid_auth"), ("xapp-double", "not_allowed_token_type"), ("", "not_authed")],
    )
    def test_refuses_other_tokens(self, double: SlackDouble, token: str, error: str) -> None:
        """A wrong, a misplaced and a missing token each have their own error."""
        assert error_of(client_of(double, token=token).auth_test) == error

    def test_opens_a_link_for_the_app_token_only(self, client: WebClient) -> None:
        """apps.connections.open takes an app-level token."""
        assert client.apps_connections_open(app_token="xapp-double")["url"].startswith("ws://127.0.0.1")
        assert error_of(client.apps_connections_open, app_token="xoxb-double") == "not_allowed_token_type"

    def test_dead_token(self, client: WebClient, double: SlackDouble) -> None:
        """A revoked token is refused until it is restored."""
        double.kill_token()
        assert error_of(client.auth_test) == "token_revoked"
        double.restore_token()
        assert client.auth_test()["ok"]

    def test_missing_scope_names_what_is_needed(self, client: WebClient, double: SlackDouble) -> None:
        """Manifest drift shows with needed and provided."""
        double.revoke_scopes("usergroups:read")
        answer = refused(client.usergroups_list)
        assert (answer["error"], answer["needed"]) == ("missing_scope", "usergroups:read")
        assert "chat:write" in answer["provided"]

    def test_scopes_come_from_the_manifest(self) -> None:
        """A manifest that does not ask for a scope does not get it."""
        manifest: dict[str, Any] = {"oauth_config": {"scopes": {"bot": ["commands"]}}}
        with SlackDouble(manifest=manifest) as double:
            double.add_channel("general", ["bot"])
            assert error_of(client_of(double).chat_postMessage, channel="general", text="x") == "missing_scope"


class TestArguments:
    def test_unknown_method(self, client: WebClient) -> None:
        """A method this bot does not use is not there."""
        assert error_of(client.reactions_add, channel="C0GENERAL", name="x", timestamp="1") == "unknown_method"

    def test_unknown_and_missing_arguments(self, client: WebClient) -> None:
        """A slip in an argument's name is refused, and so is a missing one."""
        answer = refused(client.api_call, api_method="chat.postMessage", json={"chanel": "C0GENERAL"})
        assert answer["error"] == "invalid_arguments"
        assert answer["response_metadata"]["messages"] == [
            "[ERROR] unknown argument: chanel",
            "[ERROR] missing required field: channel",
        ]

    def test_token_in_a_json_body_is_not_taken(self, double: SlackDouble) -> None:
        """A form may carry the token, a JSON body may not."""
        url = double.base_url + "auth.test"
        assert httpx.post(url, data={"token": "xoxb-double"}).json()["ok"]
        assert httpx.post(url, json={"token": "xoxb-double"}).json()["error"] == "not_authed"


class TestConversations:
    def test_lists_by_type(self, client: WebClient, double: SlackDouble) -> None:
        """Public channels are listed, private ones only where the bot is in."""
        assert {c["name"] for c in client.conversations_list()["channels"]} == {"general", "deals"}
        double.join("bot", "secret")
        listed = client.conversations_list(types="private_channel")["channels"]
        assert [c["name"] for c in listed] == ["secret"]

    def test_pages(self, client: WebClient) -> None:
        """A cursor leads through every page; a made-up one is refused."""
        first = client.conversations_list(limit=1)
        second = client.conversations_list(limit=1, cursor=first["response_metadata"]["next_cursor"])
        assert first["channels"][0]["name"] != second["channels"][0]["name"]
        assert second["response_metadata"]["next_cursor"] == ""
        assert error_of(client.conversations_list, cursor="nonsense") == "invalid_cursor"

    def test_private_channel_is_hidden(self, client: WebClient) -> None:
        """A private channel without the bot is not found."""
        assert error_of(client.conversations_info, channel="C0SECRET") == "channel_not_found"

    def test_join(self, client: WebClient, double: SlackDouble) -> None:
        """The bot joins public channels, twice with a warning, and no archived ones."""
        assert client.conversations_join(channel="C0DEALS")["channel"]["is_member"]
        assert client.conversations_join(channel="C0DEALS")["warning"] == "already_in_channel"
        double.add_channel("old", id="C0OLD", is_archived=True)
        assert error_of(client.conversations_join, channel="C0OLD") == "is_archived"

    def test_open_direct_messages(self, client: WebClient, double: SlackDouble) -> None:
        """Direct messages are opened once, and not with deactivated users or bots."""
        first = client.conversations_open(users="U0ALICE")
        assert client.conversations_open(users="U0ALICE")["channel"]["id"] == first["channel"]["id"]
        double.deactivate("bob")
        assert error_of(client.conversations_open, users="U0BOB") == "user_disabled"
        assert error_of(client.conversations_open, users=double.bot_user_id) == "cannot_dm_bot"
        assert error_of(client.conversations_open, users="U0NOBODY") == "user_not_found"

    def test_members(self, client: WebClient, double: SlackDouble) -> None:
        """Members, and the channels a user is in."""
        assert set(client.conversations_members(channel="C0GENERAL")["members"]) == {
            "U0ALICE",
            "U0BOB",
            double.bot_user_id,
        }
        assert [c["id"] for c in client.users_conversations()["channels"]] == ["C0GENERAL"]


class TestPeople:
    def test_user(self, client: WebClient, double: SlackDouble) -> None:
        """A user's address is shown only with its own scope."""
        assert client.users_info(user="U0ALICE")["user"]["profile"]["email"] == "alice@example.com"
        double.revoke_scopes("users:read.email")
        assert "email" not in client.users_info(user="U0ALICE")["user"]["profile"]
        assert error_of(client.users_info, user="U0NOBODY") == "user_not_found"

    def test_user_groups(self, client: WebClient, double: SlackDouble) -> None:
        """Groups list their members where asked; disabled ones only where asked for too."""
        group = double.add_group("oncall", ["alice"])["id"]
        off = double.add_group("old", ["bob"], disabled=True)["id"]
        listed = client.usergroups_list(include_users=True)["usergroups"]
        assert [(g["handle"], g["users"]) for g in listed] == [("oncall", ["U0ALICE"])]
        assert client.usergroups_users_list(usergroup=group)["users"] == ["U0ALICE"]
        assert error_of(client.usergroups_users_list, usergroup=off) == "no_such_subteam"
        double.set_user_groups(available=False)
        assert error_of(client.usergroups_list) == "plan_upgrade_required"


class TestFiles:
    def test_upload(self, client: WebClient, double: SlackDouble) -> None:
        """A file is announced, sent and shared; the answer does not tell the message's ts."""
        answer = client.files_upload_v2(
            channel="C0GENERAL", content=b"a,b\n1,2\n", filename="x.csv", initial_comment="Here"
        )
        (message,) = double.messages("general")
        assert (message["text"], message["files"][0]["name"]) == ("Here", "x.csv")
        assert "ts" not in answer.data
        assert httpx.get(message["files"][0]["url_private"]).content == b"a,b\n1,2\n"

    def test_sharing_needs_membership(self, client: WebClient) -> None:
        """Only the last step says that the bot is not in the channel."""
        announced = client.files_getUploadURLExternal(filename="x.csv", length=1)
        assert httpx.post(announced["upload_url"], content=b"xy").status_code == 400
        assert httpx.post(announced["upload_url"], content=b"x").status_code == 200
        files = [{"id": announced["file_id"], "title": "x"}]
        assert error_of(client.files_completeUploadExternal, files=files, channel_id="C0DEALS") == "not_in_channel"

    def test_unsent_file_cannot_be_completed(self, client: WebClient) -> None:
        """A file must arrive before it is completed, and must not be empty."""
        announced = client.files_getUploadURLExternal(filename="x.csv", length=1)
        files = [{"id": announced["file_id"], "title": "x"}]
        assert error_of(client.files_completeUploadExternal, files=files) == "file_not_found"
        assert error_of(client.files_getUploadURLExternal, filename="x", length=0) == "invalid_arguments"
