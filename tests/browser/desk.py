"""What a person does at the page, and where things stand on it: plain functions of a page."""

import re
from typing import Any

import pytest
from playwright.sync_api import FloatRect, Locator, Page, expect

MARKS = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.xdist_group("browser"),
]
KNOWS_ITS_WAY = """
if (localStorage.getItem("workspace:welcomed") === null) {
  localStorage.setItem("workspace:welcomed", "true");
  localStorage.setItem("workspace:stage", "false");
}
"""
"""Makes a browser that has been here before: no hint, and the panel is closed."""


def visit(page: Page, address: str, who: str, place: str) -> None:
    """Open the page as somebody, in a conversation."""
    page.goto(f"{address}/?as={who}#{place}")
    expect(page.locator("#rail .me")).to_contain_text("You act as")
    expect(page.locator("#head h1")).not_to_contain_text("…")


# -- where things stand -----------------------------------------------------------------------------------------


def box(page: Page) -> Locator:
    """The message box of the conversation."""
    return page.locator("#composer .composer-input")


def messages(page: Page) -> Locator:
    """Every message that is shown."""
    return page.locator("#place article")


def newest(page: Page, words: str | re.Pattern[str]) -> Locator:
    """The newest message with these words."""
    return messages(page).filter(has_text=words).last


def own(page: Page) -> Locator:
    """What only the reader sees here."""
    return page.locator("#place .is-ephemeral")


def answer(page: Page, words: str | re.Pattern[str]) -> Locator:
    """The newest answer with these words that only the reader sees, waited for."""
    found = own(page).filter(has_text=words).last
    expect(found).to_be_visible()
    return found


def button(where: Locator | Page, label: str) -> Locator:
    """The button that shows this label, and no other words."""
    return where.locator("button", has_text=re.compile(rf"^\s*{re.escape(label)}\s*$"))


def dialog(page: Page) -> Locator:
    """The dialog or form that is open."""
    return page.locator("dialog[open]").last


def rail_row(page: Page, name: str) -> Locator:
    """A conversation in the rail."""
    return page.locator("#rail .rail-row", has=page.locator(".rail-name", has_text=re.compile(rf"^{name}$")))


def field(page: Page, label: str) -> Locator:
    """A field of the open form, by the first words of its label."""
    return dialog(page).get_by_label(re.compile(f"^{label}"))


def complaint(page: Page, label: str) -> Locator:
    """What the open form says under a field."""
    block = dialog(page).locator(".block-input", has=page.locator(".field-label", has_text=re.compile(rf"^{label}")))
    return block.locator(".field-error")


# -- acting -----------------------------------------------------------------------------------------------------


def enter(page: Page, text: str) -> None:
    """Type something into the message box and send it."""
    box(page).fill("")
    box(page).click()
    page.keyboard.type(text)
    page.keyboard.press("Enter")
    expect(box(page)).to_have_value("")


def go(page: Page, name: str) -> None:
    """Open a conversation from the rail."""
    rail_row(page, name).click()
    expect(page.locator("#head h1")).to_contain_text(name.removesuffix(" Home"))


def act_as(page: Page, real_name: str) -> None:
    """Be somebody else, through the list of people."""
    page.locator("#rail .me").click()
    dialog(page).locator(".person", has_text=real_name).click()
    expect(page.locator("#rail .me strong")).to_have_text(real_name)


def approve(page: Page, words: str) -> None:
    """Press Approve on the newest request with these words, and say yes to what it asks."""
    button(newest(page, words), "Approve…").click()
    asked = page.get_by_role("dialog", name="Approve this?")
    asked.locator(".button-primary").click()
    expect(asked).to_have_count(0)


def comes_to_rest(page: Page) -> None:
    """Wait until fonts and pictures are there and nothing turns any more."""
    page.evaluate("() => document.fonts.ready.then(() => true)")
    expect(page.locator(".spinner, .is-pending, .waiting")).to_have_count(0)
    expect(page.locator(".toast")).to_have_count(0)


def stands_at(page: Page, place: FloatRect) -> None:
    """Wait until the last message is in this place, to the pixel; it may be drawn afresh meanwhile."""
    page.wait_for_function(
        """place => {
          const last = [...document.querySelectorAll("#place article")].at(-1)?.getBoundingClientRect();
          return last && ["x", "y", "width", "height"].every((side) => Math.abs(last[side] - place[side]) <= 1);
        }""",
        arg=place,
    )


def style(locator: Locator, name: str) -> str:
    """A computed style of an element."""
    return str(locator.evaluate("(node, name) => getComputedStyle(node).getPropertyValue(name)", name))


def focused(page: Page) -> dict[str, Any]:
    """What has the focus: tag, name and whether one sees it."""
    found: dict[str, Any] = page.evaluate(
        """() => {
          const node = document.activeElement;
          const own = getComputedStyle(node);
          const around = node.closest(".composer-box");
          const ring = own.outlineStyle !== "none" && parseFloat(own.outlineWidth) >= 2;
          return {
            tag: node.tagName.toLowerCase(),
            name: node.getAttribute("aria-label") ?? node.textContent.trim().slice(0, 60),
            place: node.closest("#rail, #head, #place, #composer, #side, dialog")?.id ?? "",
            isSeen: ring || Boolean(around && getComputedStyle(around).boxShadow !== "none"),
          };
        }"""
    )
    return found
