"""The page itself: forms, suggestions, what only one person sees, threads, keys, themes, and a workspace that goes."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.bot.demo.running import wait_until
from tests.browser import desk
from tests.browser.conftest import Seat
from tests.browser.desk import answer, box, button, complaint, dialog, enter, field, newest, own, rail_row
from tests.browser.world import World

pytestmark = desk.MARKS


# -- forms and answers ------------------------------------------------------------------------------------------


def test_what_is_missing_is_asked_for_in_a_form(world: World, seat: Seat) -> None:
    world.live()
    maria = seat("maria", "followups")
    enter(maria, "/followup create")
    form = dialog(maria)
    expect(form).to_be_visible()
    expect(form.locator(".block-input input, .block-input select, .block-input textarea").first).to_be_focused()
    field(maria, "Lead id").fill("L-900")
    field(maria, "Phone").fill("12")
    form.locator(".modal-submit").click()
    expect(complaint(maria, "Province")).to_have_text("Please complete this required field.")
    expect(form.locator(".has-error :focus")).to_have_count(1)

    province = field(maria, "Province")
    if province.evaluate("node => node.tagName") == "SELECT":
        province.select_option("AB")
    else:
        province.fill("AB")
    form.locator(".modal-submit").click()
    expect(complaint(maria, "Phone")).not_to_be_empty()
    expect(field(maria, "Lead id")).to_have_value("L-900")
    expect(field(maria, "Phone")).to_have_value("12")

    field(maria, "Phone").fill("403-555-0190")
    form.locator(".modal-submit").dblclick()
    expect(maria.locator("dialog")).to_have_count(0)
    answer(maria, "LADDER CREATED: lead L-900")
    assert world.ask("SELECT count(*) FROM lead WHERE lead_id = 'L-900'") == [(1,)]
    expect(own(maria).filter(has_text="L-900")).to_have_count(1)


def test_escape_closes_a_form_and_gives_the_focus_back(world: World, seat: Seat) -> None:
    maria = seat("maria", "followups")
    enter(maria, "/followup create")
    expect(dialog(maria)).to_be_visible()
    maria.keyboard.press("Escape")
    expect(maria.locator("dialog")).to_have_count(0)
    expect(box(maria)).to_be_focused()


def test_did_you_mean_is_one_press(world: World, seat: Seat) -> None:
    dana = seat("dana")
    enter(dana, "/golive checklst")
    refusal = answer(dana, "Did you mean /golive checklist?")
    button(refusal, "/golive checklist").click()
    answer(dana, re.compile("READY"))


def test_an_unknown_command_says_so_beside_the_box(world: World, seat: Seat) -> None:
    dana = seat("dana")
    enter(dana, "/killswich engage")
    answer(dana, "/killswich is not a command here.")


def test_what_only_one_sees_is_seen_by_one(world: World, seat: Seat) -> None:
    world.is_clear()
    maria, omar = seat("maria"), seat("omar")
    enter(maria, "/golive")
    answer(maria, "Production is")
    enter(maria, "good morning")
    expect(newest(omar, "good morning")).to_be_visible()
    expect(own(omar)).to_have_count(0)
    desk.act_as(maria, "Omar Haddad")
    expect(newest(maria, "good morning")).to_be_visible()
    expect(own(maria)).to_have_count(0)


def test_acting_as_somebody_else_is_kept_in_the_address(world: World, seat: Seat) -> None:
    page = seat("maria", "governance")
    desk.act_as(page, "Dana Roy")
    expect(page).to_have_url(re.compile(r"\?as=U0DANA#"))
    page.reload()
    expect(page.locator("#rail .me strong")).to_have_text("Dana Roy")


# -- conversations ----------------------------------------------------------------------------------------------


def test_what_was_not_read_is_counted_until_it_is(world: World, seat: Seat) -> None:
    bryan, omar = seat("bryan", "general"), seat("omar", "deals")
    expect(rail_row(bryan, "deals").locator(".badge")).to_have_count(0)
    enter(omar, "the Kovacs file is with me")
    enter(omar, "she wants a figure this week")
    expect(rail_row(bryan, "deals").locator(".badge")).to_have_text("2 unread")
    expect(bryan).to_have_title(re.compile(r"^\(\d+\) "))
    desk.go(bryan, "deals")
    expect(bryan.locator(".rule-new")).to_have_text("New")
    expect(rail_row(bryan, "deals").locator(".badge")).to_have_count(0)


def test_a_question_about_a_request_is_asked_and_answered_in_its_thread(world: World, seat: Seat) -> None:
    world.engaged()
    world.types("dana", "/killswitch release all clear")
    marc = seat("marc", "governance")
    card = newest(marc, "APPROVAL WANTED: release")
    card.locator(".button-more").click()
    marc.get_by_role("menuitem", name="Ask a question…").click()
    desk.dialog(marc).locator(".block-input textarea, .block-input input").first.fill("Who has checked it?")
    dialog(marc).locator(".modal-submit").click()
    expect(marc.locator("dialog")).to_have_count(0)
    expect(card.locator(".thread-line")).to_contain_text("1 reply")

    dana = seat("dana", "governance")
    newest(dana, "APPROVAL WANTED: release").locator(".thread-line").click()
    thread = dana.get_by_role("complementary", name="Thread in #governance")
    expect(thread).to_contain_text("Who has checked it?")
    expect(thread.locator(".composer-input")).to_be_focused()
    dana.keyboard.type("Alice and I did")
    dana.keyboard.press("Enter")
    expect(thread.locator("article", has_text="Alice and I did")).to_be_visible()
    expect(card.locator(".thread-line")).to_contain_text("2 replies")
    dana.keyboard.press("Escape")
    expect(thread).to_be_hidden()
    world.is_clear()


def test_home_shows_each_person_what_needs_them(world: World, seat: Seat) -> None:
    world.live()
    page = seat("maria", "general")
    if not rail_row(page, "valhalla Home").count():
        pytest.skip("this app has no Home tab")
    desk.go(page, "valhalla Home")
    home = page.get_by_role("region", name="Home of valhalla")
    expect(home).to_contain_text("Production is on.")
    expect(home).to_contain_text("What you can do as operator")
    desk.go(page, "general")
    desk.act_as(page, "Zoe Wright")
    desk.go(page, "valhalla Home")
    expect(home).to_contain_text("You have no role here yet.")


def test_a_link_to_a_message_leads_to_it(world: World, seat: Seat) -> None:
    bryan = seat("bryan", "followups")
    link = desk.messages(bryan).first.locator(".message-time")
    address = str(link.get_attribute("href"))
    link.click()
    expect(bryan).to_have_url(re.compile(re.escape(address) + "$"))
    expect(bryan.locator(".is-pointed-at article, article:focus").first).to_be_visible()


def test_a_menu_stays_open_while_messages_arrive(world: World, seat: Seat) -> None:
    world.engaged()
    world.types("dana", "/killswitch release menu test")
    marc, omar = seat("marc", "governance"), seat("omar", "governance")
    more = newest(marc, "APPROVAL WANTED: release").locator(".button-more")
    more.click()
    menu = marc.get_by_role("menu")
    before = menu.bounding_box()
    enter(omar, "is it over?")
    expect(newest(marc, "is it over?")).to_be_visible()
    expect(menu.get_by_role("menuitem", name="Withdraw")).to_be_visible()
    assert before is not None
    assert menu.bounding_box() != before, "it goes where its button goes"
    marc.keyboard.press("Escape")
    expect(menu).to_have_count(0)
    expect(more).to_be_focused()
    world.is_clear()


# -- by keyboard alone --------------------------------------------------------------------------------------------


def test_the_whole_of_an_approval_by_keyboard_alone(world: World, seat: Seat) -> None:
    world.engaged()
    world.types("dana", "/killswitch release keyboard test")
    marc = seat("marc", "general")
    expect(box(marc)).to_be_visible()
    marc.keyboard.press("Control+k")
    marc.keyboard.type("governance")
    marc.keyboard.press("Enter")
    expect(marc.locator("#head h1")).to_contain_text("governance")
    expect(newest(marc, "APPROVAL WANTED: release")).to_contain_text("“keyboard test”")
    marc.keyboard.press("Alt+m")
    _tab_to(marc, re.compile(r"^Approve A-\d+: release"))
    marc.keyboard.press("Enter")
    expect(marc.get_by_role("dialog", name="Approve this?").locator(".button-primary")).to_be_focused()
    marc.keyboard.press("Enter")
    expect(newest(marc, "APPROVED: the kill switch is released")).to_contain_text("“keyboard test”")
    assert not world.is_engaged


def _tab_to(page: Page, name: re.Pattern[str]) -> None:
    for _ in range(120):
        page.keyboard.press("Tab")
        if name.search(desk.focused(page)["name"]):
            return
    raise AssertionError(f"{name.pattern} was not reached with Tab")


def test_commands_complete_with_arrows_and_tab(world: World, seat: Seat) -> None:
    world.is_clear()
    maria = seat("maria")
    maria.keyboard.press("/")
    expect(box(maria)).to_be_focused()
    list_ = maria.get_by_role("listbox", name="Suggestions")
    expect(list_.get_by_role("option", name="/golive")).to_be_visible()
    maria.keyboard.type("gol")
    maria.keyboard.press("Tab")
    expect(box(maria)).to_have_value("/golive ")
    expect(list_).to_contain_text("/golive enable REASON")
    maria.keyboard.press("Escape")
    expect(list_).to_be_hidden()
    expect(box(maria)).to_have_value("/golive ")
    maria.keyboard.press("Enter")
    answer(maria, "Production is")
    maria.keyboard.press("ArrowUp")
    expect(box(maria)).to_have_value("/golive")


def test_every_key_is_listed_and_does_what_it_says(world: World, seat: Seat) -> None:
    maria = seat("maria", "general")
    maria.locator("#place .timeline").focus()
    maria.keyboard.press("?")
    help_ = maria.get_by_role("dialog", name="Keyboard and help")
    expect(help_).to_contain_text("Next conversation with something unread")
    maria.keyboard.press("Escape")
    expect(help_).to_have_count(0)
    maria.keyboard.press("Alt+ArrowDown")
    expect(maria.locator("#head h1")).to_contain_text("governance")
    maria.keyboard.press("Alt+ArrowUp")
    expect(maria.locator("#head h1")).to_contain_text("general")
    maria.keyboard.press("Alt+d")
    expect(maria.locator("#head h1")).to_contain_text("valhalla")
    maria.keyboard.press("Alt+c")
    expect(box(maria)).to_be_focused()
    maria.keyboard.press("Alt+a")
    expect(maria.get_by_role("dialog", name="Act as").locator(".person.is-me")).to_be_focused()
    maria.keyboard.press("Escape")
    expect(box(maria)).to_be_focused()


def test_tab_walks_through_everything_and_the_focus_is_always_seen(world: World, seat: Seat) -> None:
    maria = seat("maria", "deals")
    seen: list[str] = []
    for _ in range(400):
        maria.keyboard.press("Tab")
        now = desk.focused(maria)
        if now["tag"] == "body":
            break
        assert now["isSeen"], f"the focus on {now} is not seen"
        seen.append(now["place"])
    order = [place for at, place in enumerate(seen) if place and place not in seen[:at]]
    assert [place for place in order if place != "head"] == ["rail", "place", "composer"]


# -- looks --------------------------------------------------------------------------------------------------------


def test_the_theme_follows_the_system_until_one_is_chosen(world: World, seat: Seat) -> None:
    page = seat("maria", scheme="dark")
    dark = desk.style(page.locator("body"), "background-color")
    page.get_by_role("button", name="Use the light theme").click()
    light = desk.style(page.locator("body"), "background-color")
    assert (light, dark) == ("rgb(255, 255, 255)", "rgb(23, 25, 26)")
    page.reload()
    expect(page.get_by_role("button", name="Use the dark theme")).to_be_visible()
    assert desk.style(page.locator("body"), "background-color") == light


def test_a_newcomer_is_shown_the_way(world: World, seat: Seat) -> None:
    page = seat("maria", "governance", is_new=True)
    hint = page.locator(".hint")
    expect(hint).to_contain_text("You act as Maria Santos.")
    button(hint, "Show me the tour").click()
    expect(page.locator("#head h1")).to_contain_text("general")
    expect(hint).to_have_count(0)
    expect(newest(page, "Tour:")).to_be_visible()
    page.reload()
    expect(desk.messages(page).first).to_be_visible()
    expect(hint).to_have_count(0)


def test_on_a_phone_the_list_opens_over_the_messages(world: World, seat: Seat) -> None:
    page = seat("maria", "general", size=(360, 740))
    expect(page.locator("#rail")).not_to_be_visible()
    page.locator(".open-rail").click()
    expect(rail_row(page, "governance")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#rail")).not_to_be_visible()
    page.locator(".open-rail").click()
    rail_row(page, "governance").click()
    expect(page.locator("#rail")).not_to_be_visible()
    expect(page.locator("#head h1")).to_contain_text("governance")


# -- where one begins ---------------------------------------------------------------------------------------------


def test_a_browser_that_remembers_nobody_begins_as_maria(world: World, seat: Seat) -> None:
    page = seat("dana", is_new=True)
    page.evaluate("localStorage.clear()")
    page.goto(f"{world.address}/")
    expect(page.locator("#rail .me strong")).to_have_text("Maria Santos")


@pytest.mark.parametrize("size", [(1366, 768), (360, 740)], ids=["laptop", "phone"])
def test_the_tour_is_always_one_press_away(seat: Seat, size: tuple[int, int]) -> None:
    page = seat("maria", "governance", size=size)
    page.get_by_role("button", name="Tour", exact=True).click()
    title = desk.messages(page).get_by_role("heading", name="Tour: Valhalla in five minutes")
    expect(title).to_be_in_viewport(ratio=1)
    at, frame = title.bounding_box(), page.locator("#place").bounding_box()
    assert at is not None
    assert frame is not None
    assert frame["y"] <= at["y"] < frame["y"] + frame["height"] / 3, "its beginning stands at the top"


def test_a_command_of_the_tour_is_put_into_the_box_and_its_answer_is_seen(world: World, seat: Seat) -> None:
    page = seat("dana", size=(1366, 768), is_new=True)
    tour = newest(page, "Tour: Valhalla in five minutes")
    expect(tour.get_by_role("heading")).to_be_in_viewport(ratio=1)
    before = own(page).count()
    tour.locator("code", has_text="/golive checklist").click()
    expect(box(page)).to_have_value("/golive checklist")
    expect(page.locator(".hint")).to_be_visible()
    assert own(page).count() == before, "pressing it sends nothing"
    box(page).press("Enter")
    expect(own(page)).to_have_count(before + 1)
    expect(answer(page, "READY").get_by_role("button", name="Check again")).to_be_in_viewport(ratio=1)
    expect(page.locator(".hint")).to_have_count(0)


@pytest.mark.parametrize("size", [(1366, 768), (360, 740)], ids=["laptop", "phone"])
def test_what_is_said_for_a_moment_covers_no_message(world: World, seat: Seat, size: tuple[int, int]) -> None:
    page = seat("dana", "governance", size=size)
    last = desk.messages(page).last
    expect(last).to_be_visible()
    chart = page.locator("#place article img[alt]").first
    expect(chart).to_be_visible(timeout=30_000)  # it comes after its card
    chart.evaluate("image => image.decode()")
    before = last.bounding_box()
    page.keyboard.press("Alt+a")
    dialog(page).locator(".person", has_text="Maria Santos").click()
    toast = page.locator(".toast")
    expect(toast).to_contain_text("You act as Maria Santos now.")
    place, said = page.locator("#place").bounding_box(), toast.bounding_box()
    assert place is not None
    assert said is not None
    assert said["y"] + said["height"] <= place["y"], "it has a place of its own"
    assert before is not None
    desk.stands_at(page, before)  # and what one reads stands still
    toast.get_by_role("button", name="Dismiss").click()
    expect(toast).to_have_count(0)
    desk.stands_at(page, before)


# -- the world outside --------------------------------------------------------------------------------------------


def test_the_panel_makes_things_happen(world: World, seat: Seat) -> None:
    if not world.happenings:
        pytest.skip("this demo has no panel")
    page = seat("maria", "followups")
    button(page.locator("#head"), "Make things happen").click()
    panel = page.get_by_role("complementary", name="Make things happen")
    expect(panel.locator(".stage-button")).to_have_count(len(world.happenings))
    action = panel.locator(".stage-action").filter(has_text="A new lead arrives")
    action.locator(".stage-button").click()
    expect(action.get_by_role("status")).to_contain_text("web form")
    panel.get_by_role("button", name="Close the panel").click()
    expect(panel).to_be_hidden()


def test_the_page_comes_back_when_the_workspace_does(world: World, seat: Seat) -> None:
    world.is_clear()
    maria, dana = seat("maria", "general"), seat("dana", "general")
    expect(desk.messages(maria).first).to_be_visible()
    world.goes_away()
    away = maria.get_by_role("status").filter(has_text="The workspace is away. Trying again…")
    expect(away).to_be_visible()
    box(maria).click()
    maria.keyboard.type("is anybody there?")
    wait_until(world.is_back, "workspace and bot are connected again")
    expect(away).to_have_count(0, timeout=30_000)
    expect(box(maria)).to_have_value("is anybody there?")
    maria.keyboard.press("Enter")
    expect(newest(dana, "is anybody there?")).to_be_visible()
    enter(maria, "/golive")
    answer(maria, "Production is")
