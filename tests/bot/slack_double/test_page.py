"""The workspace's page: how its files are served, what they may not hold, and what only the page reads."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx
import pytest
from slack_sdk import WebClient
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from bot.slack_double import SlackDouble
from bot.slack_double.overview import MOST_MESSAGES
from bot.slack_double.pages import CONTENT_SECURITY_POLICY, FOLDER, MEDIA_TYPES
from tests.bot.slack_double.conftest import peopled

JsonDict = dict[str, Any]
FILES = sorted(path.name for path in FOLDER.iterdir())
SCRIPTS = [name for name in FILES if name.endswith(".js")]
STYLES = [name for name in FILES if name.endswith(".css")]
IMPORT = re.compile(r'^import (?P<what>[^;]+?) from "\./(?P<module>[\w.-]+)";', re.MULTILINE)
EXPORT = re.compile(r"^export (?:async )?(?:function|class|const|let) (?P<name>\w+)", re.MULTILINE)

MANIFEST: JsonDict = {
    "features": {
        "app_home": {"home_tab_enabled": True},
        "slash_commands": [
            {"command": "/gov", "description": "Governs", "usage_hint": "on | off", "should_escape": True},
            {"command": "/bare", "url": "https://example.com"},
        ],
        "shortcuts": [{"name": "Stop", "type": "global", "callback_id": "stop", "description": "Stops"}],
    }
}


def text_of(name: str) -> str:
    """A file of the page."""
    return (FOLDER / name).read_text()


@pytest.fixture
def page(double: SlackDouble) -> Iterator[httpx.Client]:
    """An HTTP client at the page's root."""
    with httpx.Client(base_url=double.control_url.removesuffix("control/")) as client:
        yield client


class TestServing:
    def test_root(self, page: httpx.Client) -> None:
        """The page stands at the root, and every name of the workspace's own leads to it."""
        answer = page.get("/")
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert answer.text == text_of("index.html")
        assert page.get("/", headers={"Host": "evil.example"}).status_code == 400
        assert page.post("/").status_code == 405

    @pytest.mark.parametrize("name", FILES)
    def test_files(self, page: httpx.Client, name: str) -> None:
        """Every file comes with its type, never guessed at, and with the same strict headers."""
        answer = page.get(f"/page/{name}")
        assert answer.status_code == 200
        assert answer.content == (FOLDER / name).read_bytes()
        assert answer.headers["content-type"] == MEDIA_TYPES[Path(name).suffix]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
        assert answer.headers["cache-control"] == "no-cache"

    def test_asked_again(self, page: httpx.Client) -> None:
        """A file that has not changed is not sent again."""
        tag = page.get("/page/main.js").headers["etag"]
        again = page.get("/page/main.js", headers={"If-None-Match": tag})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)

    @pytest.mark.parametrize("name", ["nothing.js", "..%2fpages.py", "%2e%2e/pages.py", "", "index.html/x"])
    def test_nothing_else(self, page: httpx.Client, name: str) -> None:
        """There is nothing to be had but the page's own files."""
        assert page.get(f"/page/{name}").status_code == 404

    def test_favicon(self, page: httpx.Client) -> None:
        """The sign browsers ask for by themselves."""
        assert page.get("/favicon.ico").headers["content-type"] == "image/svg+xml"

    def test_policy(self) -> None:
        """Scripts, styles, pictures and calls are this server's own; nothing inline, no strings made into HTML."""
        rules = dict(rule.split(" ", 1) for rule in CONTENT_SECURITY_POLICY.split("; "))
        assert rules["default-src"] == "'none'"
        assert {rules[f"{kind}-src"] for kind in ("script", "style", "img", "connect")} == {"'self'"}
        assert rules["frame-ancestors"] == "'none'"
        assert rules["require-trusted-types-for"] == "'script'"

    def test_own_routes_come_first(self) -> None:
        """Whoever starts the workspace may add routes, and even a page of his own."""
        own = Route("/", lambda _: PlainTextResponse("mine"))
        with SlackDouble(pages=[own]) as double:
            assert httpx.get(double.control_url.removesuffix("control/")).text == "mine"


class _Page(HTMLParser):
    """What index.html refers to and holds."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text_of("index.html"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def values(self, attribute: str) -> list[str]:
        return [str(attrs[attribute]) for _, attrs in self.tags if attribute in attrs]


class TestFiles:
    def test_nothing_from_elsewhere(self) -> None:
        """No file names an address on another machine; the namespace of SVG is a name, not an address."""
        for name in FILES:
            found = re.findall(r"(?:https?:|wss?:)?//[\w-]+\.[\w.-]+\S*", text_of(name).replace("\\/", " "))
            assert [one for one in found if not one.startswith("http://www.w3.org/2000/svg")] == [], name

    @pytest.mark.parametrize("name", SCRIPTS)
    def test_no_html_from_strings(self, name: str) -> None:
        """No script makes HTML or code out of text."""
        ways = r"innerHTML|outerHTML|insertAdjacentHTML|setHTMLUnsafe|document\.write|DOMParser|srcdoc|\beval\b"
        assert not re.search(
            rf"{ways}|new Function|createContextualFragment|(setTimeout|setInterval)\(\s*[\"'`]", text_of(name)
        )

    def test_nothing_inline(self) -> None:
        """The policy forbids scripts and styles inside the page, so there are none."""
        tags = _Page().tags
        assert all("src" in attrs for tag, attrs in tags if tag == "script")
        assert not any(tag == "style" or "style" in attrs for tag, attrs in tags)
        assert not any(name.startswith("on") for _, attrs in tags for name in attrs)

    def test_everything_is_reached(self) -> None:
        """Every file is used, every module that is imported exists, and exports what is asked of it."""
        page = _Page()
        named = [*page.values("src"), *(href for href in page.values("href") if href.startswith("/"))]
        reached = {"index.html"}
        waiting = [address.removeprefix("/page/") for address in named]
        while waiting:
            name = waiting.pop()
            if name in reached:
                continue
            assert name in FILES, name
            reached.add(name)
            for match in IMPORT.finditer(text_of(name) if name in SCRIPTS else ""):
                waiting.append(match["module"])
                wanted = re.findall(r"\w+", match["what"]) if match["what"].startswith("{") else []
                assert set(wanted) <= set(EXPORT.findall(text_of(match["module"]))), (name, match[0])
        assert reached == set(FILES)

    def test_addresses_in_scripts_and_styles(self) -> None:
        """A file of the page that a script names is there; styles load nothing."""
        for name in SCRIPTS:
            named = re.findall(r"[\"'`]/page/([\w-]+\.\w+)", text_of(name))
            assert set(named) <= set(FILES), name
        assert not any(re.search(r"@import|url\(", text_of(name)) for name in STYLES)

    def test_landmarks(self) -> None:
        """What the scripts look for is there, and everything large has a role and a name."""
        page = _Page()
        wanted = {found for name in SCRIPTS for found in re.findall(r'byId\("([\w-]+)"\)', text_of(name))}
        assert wanted <= set(page.values("id"))
        assert {"nav", "main", "aside", "header"} <= {tag for tag, _ in page.tags}
        named = [attrs for tag, attrs in page.tags if tag in ("nav", "aside", "section")]
        assert all(attrs.get("aria-label") for attrs in named)
        assert {"polite"} == set(page.values("aria-live"))
        assert page.values("lang") == ["en"]


class TestReadings:
    def test_workspace(self, double: SlackDouble, page: httpx.Client) -> None:
        """People without a viewer; with one, the conversations he can see, and no more."""
        double.add_group("managers", ["alice"], id="S0M")
        found = page.get("/page/workspace").json()
        assert [user["name"] for user in found["users"]] == ["valhalla", "alice", "bob"]
        assert (found["bot"], found["channels"], found["commands"]) == (double.bot_user_id, [], [])
        assert found["groups"] == [{"id": "S0M", "handle": "managers", "users": ["U0ALICE"]}]
        assert found["now"] == double.now().timestamp()
        seen = page.get("/page/workspace", params={"viewer": "alice"}).json()["channels"]
        assert [channel["name"] for channel in seen] == ["general", "deals"]
        assert page.get("/page/workspace", params={"viewer": "nobody"}).status_code == 400

    def test_where_one_begins(self, client: WebClient, double: SlackDouble, page: httpx.Client) -> None:
        """Nobody in particular and no tour, until there is a message that says it is one."""
        found = page.get("/page/workspace").json()
        assert (found["begins_as"], found["tour"]) == (None, None)
        head = {"type": "header", "block_id": "tour", "text": {"type": "plain_text", "text": "Look around"}}
        client.chat_postMessage(channel="C0GENERAL", text="hello")
        ts = client.chat_postMessage(channel="C0GENERAL", text="Look around", blocks=[head])["ts"]
        assert page.get("/page/workspace").json()["tour"] == {"channel": "C0GENERAL", "ts": ts}
        with SlackDouble(begins_as="maria") as other:
            answer = httpx.get(other.control_url.removesuffix("control/") + "page/workspace").json()
        assert answer["begins_as"] == "maria"

    def test_manifest(self) -> None:
        """What the manifest says of commands and shortcuts, for completion."""
        with peopled(SlackDouble(manifest=MANIFEST)) as double:
            found = httpx.get(double.control_url.replace("control/", "page/workspace")).json()
        assert found["commands"] == [
            {"command": "/gov", "description": "Governs", "usage_hint": "on | off"},
            {"command": "/bare", "description": "", "usage_hint": ""},
        ]
        assert [shortcut["callback_id"] for shortcut in found["shortcuts"]] == ["stop"]
        assert found["has_home_tab"]

    def test_history(self, double: SlackDouble, page: httpx.Client) -> None:
        """The latest messages, then those before them, oldest first."""
        stamps = [double.say("alice", "general", f"line {number}")["ts"] for number in range(7)]
        asked: JsonDict = {"channel": "general", "viewer": "bob", "limit": 3}
        latest = page.get("/page/history", params=asked).json()
        assert [message["ts"] for message in latest["messages"]] == stamps[4:]
        assert latest["has_earlier"]
        before = page.get("/page/history", params=asked | {"before": stamps[4], "limit": 10}).json()
        assert [message["ts"] for message in before["messages"]] == stamps[:4]
        assert not before["has_earlier"]
        assert page.get("/page/history", params={"channel": "nowhere", "viewer": "bob"}).status_code == 400
        assert page.get("/page/history", params=asked | {"limit": "many"}).status_code == 400

    def test_history_has_a_limit(self, double: SlackDouble, page: httpx.Client) -> None:
        """However much is asked for."""
        for number in range(MOST_MESSAGES + 5):
            double.say("alice", "general", str(number))
        found = page.get("/page/history", params={"channel": "general", "viewer": "alice", "limit": 10_000}).json()
        assert len(found["messages"]) == MOST_MESSAGES

    def test_history_is_seen_by_whom_it_may(self, double: SlackDouble, page: httpx.Client, client: WebClient) -> None:
        """Private channels and ephemerals are for those who may see them; direct messages are one's own."""
        double.say("bob", "secret", "psst")
        client.chat_postEphemeral(channel="C0GENERAL", user="U0ALICE", text="for alice")
        client.chat_postMessage(channel="U0BOB", text="for bob")

        def texts(channel: str, viewer: str) -> list[str]:
            found = page.get("/page/history", params={"channel": channel, "viewer": viewer}).json()["messages"]
            return [message["text"] for message in found]

        assert (texts("secret", "bob"), texts("secret", "alice")) == (["psst"], [])
        assert (texts("general", "alice"), texts("general", "bob")) == (["for alice"], [])
        assert (texts("@bot", "bob"), texts("@bot", "alice")) == (["for bob"], [])
