/**
 * Dialogs, menus and toasts. Dialogs are the browser's own, which keep the focus inside and close with Escape.
 * @module
 */

import { byId, fill, h, icon, iconButton } from "./dom.js";
import { mrkdwn } from "./mrkdwn.js";

/**
 * Open a dialog; its node leaves the page when it is closed.
 * @param {string} title
 * @param {import("./dom.js").Child[]} content
 * @param {{class?: string, onClose?: () => void}} [options]
 * @returns {HTMLDialogElement}
 */
export function openDialog(title, content, options = {}) {
  const before = /** @type {HTMLElement | null} */ (document.activeElement);
  const dialog = /** @type {HTMLDialogElement} */ (
    h("dialog", { class: `dialog ${options.class ?? ""}`, "aria-label": title })
  );
  fill(dialog, [
    h(
      "div",
      { class: "dialog-head" },
      h("h2", null, title),
      iconButton("close", "Close", () => dialog.close()),
    ),
    h("div", { class: "dialog-body" }, content),
  ]);
  dialog.addEventListener("close", () => {
    dialog.remove();
    options.onClose?.();
    if (before?.isConnected) before.focus();
  });
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  document.body.appendChild(dialog);
  dialog.showModal();
  return dialog;
}

/**
 * Text of either kind, as nodes.
 * @param {any} text
 * @returns {Node[]}
 */
export function textNodes(text) {
  return text.type === "mrkdwn" ? mrkdwn(text.text, { links: !text.verbatim }) : [document.createTextNode(text.text)];
}

/**
 * Ask before something is done, in the words the app gave.
 * @param {any} asked a Block Kit confirmation
 * @returns {Promise<boolean>}
 */
export function confirmed(asked) {
  return new Promise((resolve) => {
    let answer = false;
    const finish = (/** @type {boolean} */ yes) => () => {
      answer = yes;
      dialog.close();
    };
    const yes = h(
      "button",
      {
        type: "button",
        class: `button ${asked.style === "danger" ? "button-danger" : "button-primary"}`,
        on: { click: finish(true) },
      },
      asked.confirm.text,
    );
    const no = h("button", { type: "button", class: "button", on: { click: finish(false) } }, asked.deny.text);
    const content = [
      h("div", { class: "dialog-text" }, textNodes(asked.text)),
      h("div", { class: "dialog-foot" }, no, yes),
    ];
    const dialog = openDialog(asked.title.text, content, { class: "dialog-small", onClose: () => resolve(answer) });
    // What asks before it acts begins on the side of doing nothing.
    (asked.style === "danger" ? no : yes).focus();
  });
}

/** @typedef {{label: import("./dom.js").Child, hint?: string, isChosen?: boolean, pick: () => void}} Item */

/**
 * A menu under (or over) the button that opened it.
 * @param {HTMLElement} anchor
 * @param {string} label
 * @param {Item[]} items
 */
export function openMenu(anchor, label, items) {
  const menu = h("div", { class: "menu", role: "menu", "aria-label": label });
  const close = () => {
    menu.remove();
    anchor.setAttribute("aria-expanded", "false");
    document.removeEventListener("pointerdown", outside, true);
    window.removeEventListener("resize", close);
    document.removeEventListener("scroll", scrolled, true);
  };
  const outside = (/** @type {Event} */ event) => {
    if (!menu.contains(/** @type {Node} */ (event.target))) close();
  };
  // What arrives moves the messages under an open menu; it goes along while its button can be seen.
  const scrolled = (/** @type {Event} */ event) => {
    if (menu.contains(/** @type {Node} */ (event.target))) return;
    const at = anchor.getBoundingClientRect();
    if (anchor.isConnected && at.bottom > 0 && at.top < window.innerHeight) place(menu, anchor);
    else close();
  };
  for (const item of items) {
    const row = h(
      "button",
      {
        type: "button",
        class: "menu-item",
        role: item.isChosen === undefined ? "menuitem" : "menuitemradio",
        "aria-checked": item.isChosen === undefined ? null : String(item.isChosen),
        tabindex: "-1",
      },
      h("span", { class: "menu-label" }, item.label),
      item.hint ? h("span", { class: "menu-hint" }, item.hint) : null,
    );
    row.addEventListener("click", () => {
      close();
      anchor.focus();
      item.pick();
    });
    menu.appendChild(row);
  }
  menu.addEventListener("keydown", (event) => {
    const rows = /** @type {HTMLElement[]} */ ([...menu.children]);
    const at = rows.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    const next = {
      ArrowDown: (at + 1) % rows.length,
      ArrowUp: (at - 1 + rows.length) % rows.length,
      Home: 0,
      End: rows.length - 1,
    }[event.key];
    if (next !== undefined) {
      event.preventDefault();
      rows[next].focus();
    } else if (event.key === "Escape" || event.key === "Tab") {
      event.preventDefault();
      event.stopPropagation();
      close();
      anchor.focus();
    } else if (event.key.length === 1) {
      const found = rows.find(
        (row, index) => index !== at && row.textContent?.toLowerCase().startsWith(event.key.toLowerCase()),
      );
      found?.focus();
    }
  });
  (anchor.closest("dialog, main, aside") ?? document.body).appendChild(menu);
  place(menu, anchor);
  anchor.setAttribute("aria-expanded", "true");
  const chosen = /** @type {HTMLElement | null} */ (
    menu.querySelector("[aria-checked=true]") ?? menu.firstElementChild
  );
  chosen?.focus();
  document.addEventListener("pointerdown", outside, true);
  document.addEventListener("scroll", scrolled, true);
  window.addEventListener("resize", close);
}

/**
 * @param {HTMLElement} menu
 * @param {HTMLElement} anchor
 */
function place(menu, anchor) {
  menu.style.maxHeight = "";
  const at = anchor.getBoundingClientRect();
  const size = menu.getBoundingClientRect();
  const isBelow = at.bottom + size.height + 12 < window.innerHeight || at.top < window.innerHeight / 2;
  const room = isBelow ? window.innerHeight - at.bottom - 12 : at.top - 12;
  menu.style.maxHeight = `${Math.max(room, 120)}px`;
  menu.style.insetBlockStart = isBelow
    ? `${at.bottom + 4}px`
    : `${Math.max(at.top - Math.min(size.height, room) - 4, 8)}px`;
  menu.style.insetInlineStart = `${Math.max(8, Math.min(at.left, window.innerWidth - size.width - 8))}px`;
}

/**
 * Change the page above the messages, and let them stand still meanwhile.
 * @param {() => void} change
 */
function keepingStill(change) {
  const scroller = document.querySelector("#place .timeline");
  const before = scroller?.getBoundingClientRect().top ?? 0;
  change();
  if (scroller) scroller.scrollTop += scroller.getBoundingClientRect().top - before;
}

/**
 * Say something for a few seconds, and to screen readers. It has a place of its own above the messages, so that it
 * never covers what one is about to read or press.
 * @param {string} text
 * @param {"good" | "bad"} [mood]
 */
export function toast(text, mood = "good") {
  const node = h("div", { class: `toast toast-${mood}` }, mood === "bad" ? icon("warn") : null, h("span", null, text));
  const leave = () => keepingStill(() => node.remove());
  node.appendChild(iconButton("close", "Dismiss", leave));
  // What went wrong stays until it was read; of what merely happened, the latest is enough.
  keepingStill(() => {
    for (const old of byId("toasts").querySelectorAll(".toast-good")) old.remove();
    byId("toasts").appendChild(node);
  });
  window.setTimeout(leave, Math.max(mood === "bad" ? 6000 : 4000, text.length * 90));
}

/**
 * Say something to screen readers alone.
 * @param {string} text
 */
export function announce(text) {
  const node = byId("announcer");
  const line = h("p", null, text);
  node.appendChild(line);
  window.setTimeout(() => line.remove(), 8000);
}
