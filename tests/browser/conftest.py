"""Fixtures of the browser tests: one started demo, one browser, and people who sit down at windows of their own."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from bot.demo.place import free_port
from tests.bot.demo.running import Demo
from tests.browser import desk
from tests.browser.world import World
from tests.servers import locked

ROOT = Path(__file__).resolve().parents[2]
PICTURES = ROOT / "build" / "screenshots"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MAC = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--force-color-profile=srgb",
)  # fmt: skip
PATIENCE = 10_000
"""Milliseconds any condition may take; on a quiet machine nothing takes one second."""
OFTEN_EXPECTED = ("Failed to load resource", "net::ERR_")
NO_BROWSER = "no Chromium or Chrome is installed here, so the page was not tried (Debian: apt install chromium)"
Seat = Callable[..., Page]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the README's picture be taken anew."""
    parser.addoption("--update-pictures", action="store_true", help="take the pictures in docs/ anew")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    """Keep what became of a test, so that its windows are photographed where it failed."""
    report = yield
    if report.when == "call":
        item.stash[FAILED] = report.failed
    if report.skipped and NO_BROWSER in str(report.longrepr):
        report.longrepr = (__file__, 1, f"Skipped: {NO_BROWSER}")  # all in one place: said once, not for each test
    return report


FAILED = pytest.StashKey[bool]()


@pytest.fixture(scope="session")
def browser_path() -> str:
    """The browser of this machine; nothing is ever downloaded."""
    found = next(filter(None, map(shutil.which, NAMES)), None) or (str(MAC) if MAC.exists() else None)
    if found is None:
        pytest.skip(NO_BROWSER)
    return found


# For this package alone: while it lasts, no other event loop can run in this thread.
@pytest.fixture(scope="package")
def browser(browser_path: str) -> Iterator[Browser]:
    """A browser without a window, for as long as these tests run."""
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=browser_path, args=list(FLAGS), timeout=60_000)
        yield started
        started.close()


@pytest.fixture(scope="package")
def world(browser_path: str, run_dir: Path) -> Iterator[World]:
    """The demo that all these tests share, seeded and running, and a hand in it."""
    folder = run_dir / f"browser-{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    folder.mkdir()
    with locked(run_dir / "browser.lock"):
        demo = Demo(folder, free_port(0), "--no-open")
        try:
            demo.sees(rf"127\.0\.0\.1:{demo.port} ")
        except BaseException:
            demo.discard()
            raise
    made = World(demo)
    try:
        made.settles()
        yield made
    finally:
        made.close()
        demo.discard()


@pytest.fixture
def seat(browser: Browser, world: World, request: pytest.FixtureRequest) -> Iterator[Seat]:
    """Seat somebody at a window of a fresh browser profile; at the end no page may have complained."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def sit(who: str, place: str = "general", *, size: tuple[int, int] = (1280, 800), scheme: Any = "light",
            scale: float = 1, is_new: bool = False) -> Page:  # fmt: skip
        world.closes_forms(who)
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]}, color_scheme=scheme, reduced_motion="reduce",
            device_scale_factor=scale, locale="en-CA", timezone_id="America/Toronto",
        )  # fmt: skip
        contexts.append(context)
        context.set_default_timeout(PATIENCE)
        if not is_new:
            context.add_init_script(desk.KNOWS_ITS_WAY)
        page = context.new_page()
        page.on("console", lambda said: _note(complaints, said))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        desk.visit(page, world.address, who, place)
        return page

    yield sit
    if request.node.stash.get(FAILED, False):
        _photograph(contexts, request.node.name)
    for context in contexts:
        context.close()
    assert complaints == [], "the page complained"


def size_of(page: Page) -> tuple[int, int]:
    """How large a window is."""
    assert page.viewport_size is not None
    return page.viewport_size["width"], page.viewport_size["height"]


def _note(complaints: list[str], said: ConsoleMessage) -> None:
    if said.type in {"error", "warning"} and not any(words in said.text for words in OFTEN_EXPECTED):
        complaints.append(said.text)


def _photograph(contexts: list[BrowserContext], name: str) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    pages = [page for context in contexts for page in context.pages]
    for number, page in enumerate(pages, 1):
        safe = "".join(sign if sign.isalnum() else "-" for sign in name)
        page.screenshot(path=PICTURES / f"failed-{safe}-{number}.png")


@pytest.fixture
def take(request: pytest.FixtureRequest) -> Callable[[Page, str], None]:
    """Take a picture into build/screenshots; `docs/` has the one the README shows."""
    PICTURES.mkdir(parents=True, exist_ok=True)

    def shoot(page: Page, name: str) -> None:
        page.mouse.move(size_of(page)[0] / 2, 4)  # nothing is to look pointed at
        desk.comes_to_rest(page)
        page.screenshot(path=PICTURES / f"{name}.png")

    return shoot
