"""Pictures of what matters, in build/screenshots; `--update-pictures` takes the README's anew."""

import shutil
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser import desk
from tests.browser.conftest import PICTURES, ROOT, Seat
from tests.browser.desk import answer, approve, dialog, enter, newest
from tests.browser.world import World

pytestmark = desk.MARKS

SIZES = {"desk": (1280, 800), "phone": (360, 740)}
LOOKS = [(size, scheme) for size in SIZES for scheme in ("light", "dark")]
README = ROOT / "docs" / "governance.png"
MOST_BYTES = 200_000
Take = Callable[[Page, str], None]


def _windows(seat: Seat, who: str, place: str) -> list[tuple[str, Page]]:
    return [(f"{size}-{scheme}", seat(who, place, size=SIZES[size], scheme=scheme)) for size, scheme in LOOKS]


def test_stop_ask_and_release(world: World, seat: Seat, take: Take, request: pytest.FixtureRequest) -> None:
    world.is_clear()
    windows = _windows(seat, "marc", "governance")
    world.types("maria", "/killswitch engage texts are going out in Quebec without the opt-out line")
    world.card("governance", "KILL SWITCH ENGAGED")  # before that, there is nothing to release
    world.types("dana", "/killswitch release the template is fixed, and Quebec's queue was looked through")
    for look, page in windows:
        expect(newest(page, "APPROVAL WANTED: release")).to_contain_text("the template is fixed")
        take(page, f"approval-pending-{look}")
    approve(windows[0][1], "APPROVAL WANTED: release")
    for look, page in windows:
        expect(newest(page, "APPROVED: the kill switch is released")).to_contain_text("@marc")
        expect(newest(page, "KILL SWITCH RELEASED")).to_contain_text("@marc approved it")
        take(page, f"governance-{look}")
    if request.config.getoption("--update-pictures", default=False):
        README.parent.mkdir(exist_ok=True)
        shutil.copyfile(_for_the_readme(seat, take), README)
    assert not README.exists() or README.stat().st_size < MOST_BYTES


def _for_the_readme(seat: Seat, take: Take) -> str:
    """Both cards at once, as somebody sees them who has only looked."""
    page = seat("alice", "governance", size=(1600, 1000), scale=0.8)
    expect(newest(page, "APPROVED: the kill switch is released")).to_be_visible()
    take(page, "readme")
    return str(PICTURES / "readme.png")


def test_the_day_s_work(world: World, seat: Seat, take: Take) -> None:
    world.live()
    for look, page in _windows(seat, "maria", "followups"):
        enter(page, "/due")
        due = answer(page, "DUE FOR YOU")
        due.evaluate("node => node.scrollIntoView()")
        take(page, f"due-{look}")
        enter(page, "/followup create")
        expect(dialog(page)).to_be_visible()
        take(page, f"form-{look}")
        page.keyboard.press("Escape")
        expect(page.locator("dialog")).to_have_count(0)
        page.keyboard.press("Escape")
        expect(page.locator("dialog[open]")).to_have_count(0)
