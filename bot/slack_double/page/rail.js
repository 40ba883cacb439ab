/**
 * The rail on the left: conversations, what is unread, and who one is.
 * @module
 */

import { h, icon, iconButton, keepingFocus } from "./dom.js";
import { theme } from "./memory.js";
import { avatar } from "./message.js";
import { names } from "./names.js";
import { HOME } from "./store.js";

/** @typedef {import("./store.js").Store} Store */

export class Rail {
  /**
   * @param {Store} store
   * @param {HTMLElement} frame
   * @param {{openPeople: () => void, openHelp: () => void, openSwitcher: () => void, close: () => void}} acts
   */
  constructor(store, frame, acts) {
    this.store = store;
    this.frame = frame;
    this.acts = acts;
    for (const event of ["people", "unread", "place", "loaded"]) store.on(event, () => this.#later());
    this.isWaiting = false;
  }

  /** However much changes at once, it is drawn once. */
  #later() {
    if (this.isWaiting) return;
    this.isWaiting = true;
    window.requestAnimationFrame(() => {
      this.isWaiting = false;
      this.draw();
    });
  }

  draw() {
    keepingFocus(this.frame, () => this.#fill());
  }

  #fill() {
    const scrolled = this.frame.querySelector(".rail-list")?.scrollTop ?? 0;
    const { store } = this;
    const all = store.conversations();
    const mine = all.filter(({ id, isDm }) => !isDm && names.channels.get(id)?.is_member);
    const others = all.filter(({ id, isDm }) => !isDm && !names.channels.get(id)?.is_member);
    const list = h(
      "div",
      { class: "rail-list" },
      this.#group(
        "Channels",
        mine.map(({ id }) => this.#channel(id)),
      ),
      others.length
        ? this.#group(
            "Not joined",
            others.map(({ id }) => this.#channel(id)),
          )
        : null,
      this.#group("Direct messages", this.#bot()),
    );
    this.frame.replaceChildren(this.#head(), list, this.#foot());
    list.scrollTop = scrolled;
  }

  #head() {
    return h(
      "div",
      { class: "rail-head" },
      h("img", { src: "/page/mark.svg", alt: "", class: "rail-mark" }),
      h(
        "div",
        { class: "rail-title" },
        h("strong", null, "Local workspace"),
        h("span", null, "nothing leaves this machine"),
      ),
      iconButton("close", "Close the list", this.acts.close, { class: "icon-button rail-close" }),
    );
  }

  /**
   * @param {string} title
   * @param {Node[]} rows
   */
  #group(title, rows) {
    return h(
      "div",
      { class: "rail-group" },
      h("h2", null, title),
      rows.length ? h("ul", null, rows) : h("p", { class: "rail-none" }, "None yet"),
    );
  }

  /** @param {string} id */
  #channel(id) {
    const channel = names.channels.get(id);
    const marks = [channel?.is_private ? "private" : "", channel?.is_archived ? "archived" : ""].filter(Boolean);
    const sign = channel?.is_archived ? "archive" : channel?.is_private ? "lock" : "hash";
    return this.#row(id, icon(sign), String(channel?.name), marks);
  }

  #bot() {
    const { store } = this;
    const rows = [this.#row(store.dm, avatar(store.bot, "avatar-tiny"), store.botName, ["app"])];
    if (store.hasHomeTab || store.home) rows.push(this.#row(HOME, icon("home"), `${store.botName} Home`, []));
    return rows;
  }

  /**
   * @param {string} id
   * @param {Node} sign
   * @param {string} name
   * @param {string[]} marks
   */
  #row(id, sign, name, marks) {
    const { store } = this;
    const isHere = store.place === id;
    const unread = id === HOME ? 0 : store.unread(id);
    const said = unread
      ? h("span", { class: "badge" }, unread > 99 ? "99+" : unread, h("span", { class: "visually-hidden" }, " unread"))
      : null;
    const look = `rail-row${isHere ? " is-here" : ""}${unread ? " is-unread" : ""}${marks.includes("archived") ? " is-archived" : ""}`;
    const props = { class: look, href: `#${id}`, "aria-current": isHere ? "page" : null, data: { key: id } };
    return h(
      "li",
      null,
      h(
        "a",
        props,
        sign,
        h("span", { class: "rail-name" }, name),
        marks.map((mark) => h("span", { class: "rail-mark-word" }, mark)),
        said,
      ),
    );
  }

  #foot() {
    const { me } = this.store;
    const { name, role } = names.parts(me);
    const isDark = theme.isDark();
    const who = h(
      "button",
      {
        type: "button",
        class: "me",
        title: "Act as somebody else (Alt+A)",
        "aria-haspopup": "dialog",
        data: { key: "me" },
        on: { click: this.acts.openPeople },
      },
      avatar(me),
      h(
        "span",
        { class: "me-text" },
        h("span", { class: "me-hint" }, "You act as"),
        h("strong", null, name),
        role ? h("span", { class: "me-role" }, role) : null,
      ),
      icon("people"),
    );
    const tools = h(
      "div",
      { class: "rail-tools" },
      h(
        "button",
        { type: "button", class: "jump-to", data: { key: "jump" }, on: { click: this.acts.openSwitcher } },
        "Jump to…",
        h("kbd", null, "Ctrl K"),
      ),
      iconButton(
        isDark ? "sun" : "moon",
        isDark ? "Use the light theme" : "Use the dark theme",
        () => {
          theme.toggle();
          this.draw();
        },
        { "data-key": "theme" },
      ),
      iconButton("help", "Keyboard and help", this.acts.openHelp, { "data-key": "help" }),
    );
    return h("div", { class: "rail-foot" }, who, tools);
  }
}
