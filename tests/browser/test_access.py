"""Everybody can use the page: names, headings, contrast and room, on every view, in both schemes and two sizes."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser import desk
from tests.browser.conftest import Seat
from tests.browser.desk import answer, box, dialog, enter, newest
from tests.browser.world import World

pytestmark = desk.MARKS

CHECKS = (Path(__file__).with_name("checks.js")).read_text(encoding="utf-8").split("*/", 1)[1].strip().rstrip(";")
View = Callable[[Page], None]


@contextmanager
def _phone_rail(page: Page) -> Iterator[None]:
    """Open the list where it is a drawer, and leave it."""
    menu = page.locator(".open-rail")
    is_drawer = menu.is_visible()
    if is_drawer:
        menu.click()
        expect(page.locator("#rail .me")).to_be_visible()
    yield
    if is_drawer:
        page.keyboard.press("Escape")
        expect(page.locator("#rail")).not_to_be_visible()


def _place(name: str) -> View:
    def look(page: Page) -> None:
        with _phone_rail(page):
            desk.rail_row(page, name).click()
        expect(page.locator("#head h1")).to_contain_text(name.removesuffix(" Home"))
        desk.comes_to_rest(page)

    return look


def _rail(page: Page) -> None:
    page.keyboard.press("Escape")
    expect(page.locator("#side article")).to_have_count(0)
    if page.locator(".open-rail").is_visible():
        page.locator(".open-rail").click()
    expect(page.locator("#rail .me")).to_be_visible()


def _due(page: Page) -> None:
    enter(page, "/due all")
    answer(page, "DUE FOR THE TEAM")
    desk.comes_to_rest(page)


def _refusal(page: Page) -> None:
    enter(page, "/golive checklst")
    answer(page, "Did you mean")


def _typing(page: Page) -> None:
    box(page).fill("/killswitch ")
    box(page).press("End")
    page.keyboard.type(" ")
    page.keyboard.press("Backspace")
    expect(page.locator("#composer .completions")).to_be_visible()


def _form(page: Page) -> None:
    enter(page, "/access grant")
    expect(dialog(page)).to_be_visible()
    dialog(page).locator(".modal-submit").click()
    expect(page.locator(".has-error").first).to_be_visible()


def _question(page: Page) -> None:
    desk.button(newest(page, "APPROVAL WANTED"), "Approve…").click()
    expect(page.get_by_role("dialog", name="Approve this?")).to_be_visible()


def _menu(page: Page) -> None:
    newest(page, "APPROVAL WANTED").locator(".button-more").click()
    expect(page.get_by_role("menu")).to_be_visible()


def _thread(page: Page) -> None:
    newest(page, "APPROVAL WANTED").hover()
    newest(page, "APPROVAL WANTED").get_by_role("button", name="Reply in thread").click()
    expect(page.locator("#side article").first).to_be_visible()


def _people(page: Page) -> None:
    page.keyboard.press("Alt+a")
    expect(dialog(page).locator(".person").first).to_be_visible()


def _switcher(page: Page) -> None:
    page.keyboard.press("Control+k")
    expect(dialog(page).get_by_role("option").first).to_be_visible()


def _help(page: Page) -> None:
    page.locator("#place .timeline").focus()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard and help")).to_be_visible()


def _panel(page: Page) -> None:
    page.keyboard.press("Alt+s")
    expect(page.get_by_role("complementary", name="Make things happen")).to_be_visible()


def _answered(command: str, words: str) -> View:
    def look(page: Page) -> None:
        enter(page, command)
        answer(page, words)
        desk.comes_to_rest(page)

    return look


ENGINES: tuple[tuple[str, View], ...] = (
    ("risk", _answered("/risk", "WHOLESALE")), ("caps", _answered("/risk policies", "GLOBAL")),
    ("denied", _answered("/risk reserve WHOLESALE 1000", "NOT ")), ("open", _answered("/risk open", "R-")),
    ("heimdall", _answered("/heimdall", "WHOLESALE_OFFER")), ("scorecard", _answered("/heimdall scorecard", "trials")),
    ("tripwires", _answered("/tripwire", "contract_rate")), ("series", _answered("/kpi WHOLESALE contract_rate", "41")),
    ("rota", _answered("/oncall", "ON CALL")), ("alerts", _answered("/alerts", "alert")),
    ("snapshot", _answered("/snapshot", "Operations")), ("review", _answered("/review", "MONDAY REVIEW")),
    ("metrics", _answered("/snapshot metrics", "target")), ("runbook", _answered("/runbook", "Passed")),
)  # fmt: skip
VIEWS: tuple[tuple[str, View], ...] = (
    ("tour", _place("general")), ("governance", _place("governance")), ("question", _question), ("menu", _menu),
    ("thread", _thread), ("list", _rail), ("followups", _place("followups")), ("due", _due), ("refusal", _refusal),
    ("typing", _typing), ("form", _form), ("messages", _place("valhalla")), ("home", _place("valhalla Home")),
    ("people", _people), ("switcher", _switcher), ("help", _help), ("panel", _panel),
)  # fmt: skip


WRONG = """() => {
  const at = document.querySelector("#place .timeline");
  at.insertAdjacentElement("beforeend", document.createElement("button"));
  at.lastElementChild.style.cssText = "width: 20px; height: 20px";
  for (const tag of ["h5", "img", "p", "div"]) at.insertAdjacentElement("beforeend", document.createElement(tag));
  at.querySelector("h5").textContent = "too deep";
  at.querySelector("img:last-of-type").style.cssText = "width: 9px; height: 9px";
  Object.assign(at.querySelector(":scope > p"), { textContent: "pale", id: "main", style: "color: #999" });
  at.lastElementChild.style.cssText = "position: fixed; left: 0; width: 4000px; height: 9px";
}"""


def test_the_checks_see_what_is_wrong(world: World, seat: Seat) -> None:
    page = seat("maria", "general")
    expect(desk.messages(page).first).to_be_visible()
    assert page.evaluate(f"({CHECKS})()") == []
    page.evaluate(WRONG)
    found = "\n".join(page.evaluate(f"({CHECKS})()"))
    for words in (
        "no name: button",
        "20×20: button",
        "is followed by h5",
        "no alt",
        "twice: #main",
        "“pale”",
        "sticks out",
    ):
        assert words in found, f"{words!r} is not in:\n{found}"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_every_view(world: World, seat: Seat, width: int, scheme: str) -> None:
    world.engaged()
    world.types("dana", "/killswitch release to look at it")
    world.card("governance", "APPROVAL WANTED: release")
    page = seat("marc", "general", size=(width, 740), scheme=scheme)
    wrong: list[str] = []
    for name, look in VIEWS:
        if name == "panel" and not world.happenings:
            continue
        if page.locator("dialog[open], [role=menu]").count() or name in {"list", "followups"}:
            page.keyboard.press("Escape")
            expect(page.locator("dialog[open], [role=menu]")).to_have_count(0)
        look(page)
        wrong += [f"{name}: {problem}" for problem in page.evaluate(f"({CHECKS})()")]
    assert wrong == [], "\n".join(wrong)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_what_every_engine_says(world: World, seat: Seat, width: int, scheme: str) -> None:
    """Figures, tables, charts and refusals of each engine have room and can be read."""
    page = seat("dana", "general", size=(width, 740), scheme=scheme)
    wrong: list[str] = []
    for name, look in ENGINES:
        look(page)
        wrong += [f"{name}: {problem}" for problem in page.evaluate(f"({CHECKS})()")]
    assert wrong == [], "\n".join(wrong)
