/**
 * A list of messages that changes one row at a time and shows no more of them than can be read.
 * @module
 */

import { dayLabel, momentOf } from "./dates.js";
import { h, icon, keyed } from "./dom.js";
import { messageNode } from "./message.js";
import { dayOf, KEPT } from "./store.js";

/** @typedef {import("./store.js").Store} Store */
/** @typedef {import("./log.js").Log} Log */

const PAGE = 50;
const TOGETHER = 300;
const NEAR = 90;

export class Timeline {
  /**
   * @param {Store} store
   * @param {HTMLElement} frame
   * @param {{isThread?: boolean, onRead?: () => void}} [options]
   */
  constructor(store, frame, options = {}) {
    this.store = store;
    this.options = options;
    this.channel = "";
    /** @type {Log | null} */
    this.log = null;
    /** @type {Map<string, HTMLElement>} */
    this.rows = new Map();
    /** The stamps that have a row, in order. @type {string[]} */
    this.shown = [];
    /** The first message that had not been read when the conversation was opened. */
    this.newFrom = "";
    this.isAtEnd = true;
    this.waiting = 0;
    this.list = h("ol", { class: "message-list" });
    this.top = h("div", { class: "timeline-top" });
    this.scroller = h("div", { class: "timeline", tabindex: "0" }, this.top, this.list);
    this.jump = h("button", { type: "button", class: "jump", hidden: true, on: { click: () => this.toEnd() } });
    frame.replaceChildren(this.scroller, this.jump);
    this.scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    // Pictures arrive late, fields grow: whoever was at the end stays there.
    new ResizeObserver(() => this.isAtEnd && this.#pin()).observe(this.list);
    new ResizeObserver(() => this.isAtEnd && this.#pin()).observe(this.scroller);
  }

  /**
   * Show a conversation from its end.
   * @param {string} channel
   * @param {Log} log
   * @param {{label: string, empty: Node, newFrom?: string}} options
   */
  show(channel, log, options) {
    this.channel = channel;
    this.log = log;
    this.newFrom = options.newFrom ?? "";
    this.empty = options.empty;
    this.list.setAttribute("aria-label", options.label);
    this.scroller.setAttribute("role", "region");
    this.scroller.setAttribute("aria-label", options.label);
    this.rows.clear();
    const first = this.newFrom ? log.order.findIndex((ts) => ts >= this.newFrom) : -1;
    const latest = this.options.isThread ? 0 : Math.max(0, log.order.length - PAGE);
    this.shown = log.order.slice(first >= 0 ? Math.max(0, Math.min(first - 5, latest)) : latest);
    this.list.replaceChildren(...this.shown.map((ts) => this.#row(ts)));
    this.shown.forEach((_, index) => this.#dress(index));
    this.#drawTop();
    this.toEnd();
  }

  /**
   * Take over what has changed about one message.
   * @param {string} ts
   */
  update(ts) {
    const { log } = this;
    if (!log) return;
    const isIn = Boolean(log.get(ts));
    const at = this.shown.indexOf(ts);
    if (isIn && at >= 0) this.#redraw(ts, at);
    else if (isIn) this.#insert(ts);
    else if (at >= 0) {
      this.rows.get(ts)?.remove();
      this.rows.delete(ts);
      this.shown.splice(at, 1);
      this.#dress(at);
    }
    if (this.options.isThread && this.shown.length > 1) this.#dress(1);
    this.#drawTop();
    if (this.isAtEnd) this.#pin();
  }

  /**
   * @param {string} ts
   * @param {number} at
   */
  #redraw(ts, at) {
    const old = this.rows.get(ts);
    if (!old) return;
    const active = /** @type {HTMLElement | null} */ (document.activeElement);
    const hadFocus = Boolean(active && old.contains(active));
    const key = active?.dataset.key ?? active?.closest("[data-key]")?.getAttribute("data-key");
    const row = this.#row(ts);
    old.replaceWith(row);
    this.#dress(at);
    if (!hadFocus) return;
    const same = key ? keyed(row, key) : null;
    /** @type {HTMLElement | null} */ (same ?? row.querySelector("article"))?.focus({ preventScroll: true });
  }

  /** @param {string} ts */
  #insert(ts) {
    // Something older than the first row is shown when earlier messages are.
    if (this.shown.length && ts < this.shown[0] && (this.log?.order[0] !== ts || this.log.hasEarlier)) return;
    let at = this.shown.length;
    while (at > 0 && this.shown[at - 1] > ts) at -= 1;
    const row = this.#row(ts);
    row.classList.add("is-new");
    this.list.insertBefore(row, this.list.children[at] ?? null);
    this.shown.splice(at, 0, ts);
    this.#dress(at);
    this.#dress(at + 1);
    // Whoever says something, or is answered, sees it, wherever he was reading.
    const arrived = this.log?.get(ts);
    if (arrived?.user === this.store.me || arrived?.is_ephemeral) this.isAtEnd = true;
    if (!this.isAtEnd) {
      this.waiting += 1;
      this.#drawJump();
    } else if (this.shown.length > KEPT) {
      const gone = this.shown.splice(0, this.shown.length - KEPT);
      for (const old of gone) {
        this.rows.get(old)?.remove();
        this.rows.delete(old);
      }
      this.#dress(0);
    }
  }

  /** @param {string} ts */
  #row(ts) {
    const message = this.log?.get(ts);
    const row = h(
      "li",
      { data: { ts } },
      message ? messageNode(this.store, this.channel, message, this.options.isThread) : null,
    );
    this.rows.set(ts, row);
    return row;
  }

  /**
   * What a row shows depends on the one before it: a new day, a new author, the first unread.
   * @param {number} at
   */
  #dress(at) {
    const ts = this.shown[at];
    const row = this.rows.get(ts);
    const message = this.log?.get(ts);
    if (!row || !message) return;
    row.querySelectorAll(":scope > .rule").forEach((rule) => rule.remove());
    const before = at > 0 ? this.log?.get(this.shown[at - 1]) : undefined;
    const isNewDay = !this.options.isThread && (!before || dayOf(before) !== dayOf(message));
    const isFirstNew = Boolean(this.newFrom) && ts >= this.newFrom && (!before || before.ts < this.newFrom);
    const isRest = Boolean(this.options.isThread) && at === 1;
    const isFollowUp =
      Boolean(before) &&
      !isNewDay &&
      !isFirstNew &&
      !isRest &&
      before?.user === message.user &&
      !message.blocks?.length &&
      !message.is_ephemeral &&
      !before?.is_ephemeral &&
      !message.subtype &&
      Number(ts) - Number(before?.ts) < TOGETHER;
    row.classList.toggle("is-follow-up", isFollowUp);
    if (isRest) {
      const count = this.shown.slice(1).filter((reply) => !this.log?.get(reply)?.is_ephemeral).length;
      row.prepend(h("div", { class: "rule" }, h("span", null, count === 1 ? "1 reply" : `${count} replies`)));
    }
    if (isFirstNew) row.prepend(h("div", { class: "rule rule-new" }, h("span", null, "New")));
    if (isNewDay) row.prepend(h("div", { class: "rule" }, h("span", null, dayLabel(momentOf(ts)))));
  }

  #drawTop() {
    const { log } = this;
    if (!log) return;
    if (!log.order.length) {
      if (log.isLoaded) this.top.replaceChildren(this.empty ?? "");
      else this.top.replaceChildren(h("p", { class: "loading" }, "Loading…"));
      return;
    }
    const hasMore = !this.options.isThread && (log.hasEarlier || log.order[0] < this.shown[0]);
    if (!hasMore) this.top.replaceChildren();
    else if (!this.top.querySelector(".earlier"))
      this.top.replaceChildren(
        h(
          "button",
          { type: "button", class: "button earlier", on: { click: () => this.#earlier() } },
          "Load earlier messages",
        ),
      );
  }

  async #earlier() {
    const { log, scroller } = this;
    if (!log) return;
    if (log.order[0] >= this.shown[0]) await this.store.earlier(this.channel);
    const from = Math.max(0, log.order.indexOf(this.shown[0]) - PAGE);
    const more = log.order.slice(from, log.order.indexOf(this.shown[0]));
    const below = scroller.scrollHeight - scroller.scrollTop;
    this.isAtEnd = false;
    this.list.prepend(...more.map((ts) => this.#row(ts)));
    this.shown = [...more, ...this.shown];
    for (let at = 0; at <= more.length; at += 1) this.#dress(at);
    this.#drawTop();
    scroller.scrollTop = scroller.scrollHeight - below;
  }

  #pin() {
    this.scroller.scrollTop = this.scroller.scrollHeight;
  }

  toEnd() {
    this.isAtEnd = true;
    this.waiting = 0;
    this.#pin();
    this.#drawJump();
    this.options.onRead?.();
  }

  #scrolled() {
    const { scroller } = this;
    const wasAtEnd = this.isAtEnd;
    this.isAtEnd = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < NEAR;
    if (this.isAtEnd && !wasAtEnd) {
      this.waiting = 0;
      this.options.onRead?.();
    }
    this.#drawJump();
  }

  #drawJump() {
    this.jump.hidden = this.isAtEnd;
    if (!this.isAtEnd)
      this.jump.replaceChildren(
        icon("down"),
        this.waiting ? `${this.waiting} new ${this.waiting === 1 ? "message" : "messages"}` : "To the latest",
      );
  }

  /**
   * Bring a message into view and point at it.
   * @param {string} ts
   * @param {boolean} [isAsked] whether somebody asked for it, so that the focus goes there too
   */
  async reveal(ts, isAsked = true) {
    const { log } = this;
    while (log && !log.get(ts) && log.hasEarlier && log.order[0] > ts) await this.#earlier();
    while (log?.get(ts) && this.shown[0] > ts) await this.#earlier();
    const row = this.rows.get(ts);
    if (!row) return false;
    this.isAtEnd = false;
    // What fills most of the view begins at its top, so that its title is seen.
    const isLong = row.offsetHeight > this.scroller.clientHeight * 0.6;
    row.scrollIntoView({ block: isLong ? "start" : "center" });
    if (!isAsked) return true;
    row.classList.add("is-pointed-at");
    window.setTimeout(() => row.classList.remove("is-pointed-at"), 2500);
    /** @type {HTMLElement | null} */ (row.querySelector("article"))?.focus({ preventScroll: true });
    return true;
  }
}
