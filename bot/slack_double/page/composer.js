/**
 * Where messages and commands are typed.
 * @module
 */

import * as api from "./api.js";
import { suggest } from "./completion.js";
import { freshId, h, icon } from "./dom.js";
import { announce } from "./popups.js";

/** @typedef {import("./store.js").Store} Store */
/** @typedef {{channel: string, threadTs?: string, placeholder: string, note?: Node | null}} Where */

export class Composer {
  /**
   * @param {Store} store
   * @param {HTMLElement} frame
   */
  constructor(store, frame) {
    this.store = store;
    this.frame = frame;
    /** @type {Where | null} */
    this.where = null;
    /** What was typed in each place and not sent. @type {Map<string, string>} */
    this.drafts = new Map();
    /** @type {import("./completion.js").Suggestions | null} */
    this.found = null;
    this.chosen = -1;
    this.backwards = 0;
    this.draftBeforeHistory = "";
    const id = freshId("completions");
    this.list = h("div", { class: "completions", id, role: "listbox", "aria-label": "Suggestions", hidden: true });
    this.input = /** @type {HTMLTextAreaElement} */ (
      h("textarea", {
        class: "composer-input",
        rows: "1",
        "aria-autocomplete": "list",
        "aria-controls": id,
        "aria-haspopup": "listbox",
        spellcheck: "true",
      })
    );
    this.sendButton = h(
      "button",
      { type: "submit", class: "send", "aria-label": "Send", title: "Send (Enter)" },
      icon("send"),
    );
    this.status = h("div", { class: "composer-status", role: "status" });
    this.form = h(
      "form",
      { class: "composer" },
      this.list,
      h("div", { class: "composer-box" }, this.input, this.sendButton),
    );
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.send();
    });
    this.input.addEventListener("input", () => this.#typed());
    this.input.addEventListener("keydown", (event) => this.#key(event));
    this.input.addEventListener("click", () => this.#suggest());
    this.input.addEventListener("blur", () =>
      window.setTimeout(() => document.activeElement !== this.input && this.#close(), 150),
    );
  }

  /** @param {Where | null} where */
  show(where) {
    if (this.where) this.drafts.set(this.#key_(this.where), this.input.value);
    this.where = where;
    this.#close();
    this.status.replaceChildren();
    if (!where) {
      this.frame.replaceChildren();
      return;
    }
    if (where.note) {
      this.frame.replaceChildren(h("div", { class: "composer-note" }, where.note));
      return;
    }
    this.input.placeholder = where.placeholder;
    this.input.setAttribute("aria-label", where.placeholder);
    this.input.value = this.drafts.get(this.#key_(where)) ?? "";
    this.backwards = 0;
    if (!this.form.isConnected || this.form.parentElement !== this.frame)
      this.frame.replaceChildren(this.status, this.form);
    this.#grow();
  }

  /** @param {Where} where */
  #key_(where) {
    return `${this.store.me}/${where.channel}/${where.threadTs ?? ""}`;
  }

  focus() {
    this.input.focus();
  }

  /** @param {string} text */
  type(text) {
    this.input.value = text;
    this.focus();
    this.#typed();
  }

  #typed() {
    this.backwards = 0;
    this.#grow();
    this.#suggest();
  }

  #grow() {
    this.input.style.blockSize = "auto";
    this.input.style.blockSize = `${Math.min(this.input.scrollHeight, 220)}px`;
    this.sendButton.classList.toggle("is-ready", Boolean(this.input.value.trim()));
  }

  // --- suggestions ----------------------------------------------------------------------------------------

  #suggest() {
    const { selectionStart, value } = this.input;
    const title = this.found?.title;
    this.found = suggest(value, selectionStart, this.where?.threadTs ? [] : this.store.commands);
    this.chosen = this.found?.suggestions[0]?.isChosenAtOnce ? 0 : -1;
    // A text area cannot say that a list has opened, so it is said once for each kind of list.
    if (this.found && this.found.title !== title)
      announce(`${this.found.title}: ${this.found.suggestions.length} to choose from, arrow down and Tab.`);
    this.#draw();
  }

  #draw() {
    const { found, list, input } = this;
    list.hidden = !found;
    input.removeAttribute("aria-activedescendant");
    if (!found) {
      list.replaceChildren();
      return;
    }
    const rows = found.suggestions.map((suggestion, index) => {
      const id = `${list.id}-${index}`;
      const row = h(
        "div",
        { id, class: "completion", role: "option", "aria-selected": String(index === this.chosen) },
        h("span", { class: "completion-label" }, suggestion.label),
        h("span", { class: "completion-detail" }, suggestion.detail),
      );
      row.addEventListener("pointerdown", (event) => {
        event.preventDefault();
        this.#complete(suggestion);
      });
      if (index === this.chosen) input.setAttribute("aria-activedescendant", id);
      return row;
    });
    const hint = this.chosen >= 0 ? "Tab or Enter to take" : "↓ to choose";
    list.replaceChildren(
      h(
        "div",
        { class: "completions-title", role: "presentation" },
        h("span", null, found.title),
        h("span", { class: "completions-hint" }, hint),
      ),
      ...rows,
    );
    rows[this.chosen]?.scrollIntoView({ block: "nearest" });
  }

  #close() {
    if (!this.found) return;
    this.found = null;
    this.#draw();
  }

  /** @param {import("./completion.js").Suggestion} suggestion */
  #complete(suggestion) {
    const { input } = this;
    const after = input.value.slice(input.selectionStart);
    input.value = input.value.slice(0, suggestion.from) + suggestion.insert + after.replace(/^ /, "");
    input.selectionStart = input.selectionEnd = suggestion.from + suggestion.insert.length;
    this.#grow();
    this.#suggest();
    input.focus();
  }

  // --- keys -----------------------------------------------------------------------------------------------

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.isComposing || event.altKey || event.ctrlKey || event.metaKey) return;
    if (this.found && this.#suggestionKey(event, this.found)) event.preventDefault();
    else if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      this.send();
    } else if (
      (event.key === "ArrowUp" || event.key === "ArrowDown") &&
      this.#history(event.key === "ArrowUp" ? 1 : -1)
    )
      event.preventDefault();
  }

  /**
   * @param {KeyboardEvent} event
   * @param {import("./completion.js").Suggestions} found
   */
  #suggestionKey(event, found) {
    const count = found.suggestions.length;
    const suggestion = found.suggestions[this.chosen];
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (event.key === "ArrowUp" && this.chosen < 0) return false;
      const step = event.key === "ArrowDown" ? 1 : -1;
      this.chosen = (this.chosen + step + count) % count;
      this.#draw();
      return true;
    }
    if (event.key === "Escape") {
      event.stopPropagation();
      this.#close();
      return true;
    }
    if (event.key === "Tab" && !event.shiftKey) {
      this.#complete(suggestion ?? found.suggestions[0]);
      return true;
    }
    // A command that is written out whole is sent, not completed once more.
    if (
      event.key === "Enter" &&
      !event.shiftKey &&
      suggestion &&
      suggestion.insert.trim() !== this.input.value.trim()
    ) {
      this.#complete(suggestion);
      return true;
    }
    return false;
  }

  /**
   * @param {number} step
   * @returns {boolean}
   */
  #history(step) {
    const { input } = this;
    const { texts } = this.store.sent;
    if (this.backwards === 0 && (step < 0 || input.value)) return false;
    const next = this.backwards + step;
    if (next > texts.length) return true;
    if (this.backwards === 0) this.draftBeforeHistory = input.value;
    this.backwards = next;
    input.value = next ? texts[texts.length - next] : this.draftBeforeHistory;
    input.selectionStart = input.selectionEnd = input.value.length;
    this.#grow();
    this.#close();
    return true;
  }

  // --- sending --------------------------------------------------------------------------------------------

  async send() {
    const text = this.input.value.trim();
    if (!text || !this.where) return;
    const { where } = this;
    this.input.value = "";
    this.backwards = 0;
    this.#grow();
    this.#close();
    this.store.sent.add(text);
    const isCommand = /^\/[a-z][\w-]*(\s|$)/i.test(text);
    if (isCommand && where.threadTs)
      this.store.notice(
        where.channel,
        `\`${text.split(" ")[0]}\` cannot be used in a thread. Type it in the channel.`,
        where.threadTs,
      );
    else if (isCommand) await this.#command(text, where);
    else await this.#say(text, where);
  }

  /**
   * @param {string} text
   * @param {Where} where
   */
  async #say(text, where) {
    try {
      await api.act("say", { user: this.store.me, channel: where.channel, text, thread_ts: where.threadTs ?? null });
      if (where.channel === "@bot") await this.store.refresh();
    } catch (error) {
      this.#keep(text, where, /** @type {Error} */ (error));
    }
  }

  /**
   * @param {string} text
   * @param {Where} where
   */
  async #command(text, where) {
    const name = text.split(/\s/)[0];
    const waiting = h(
      "p",
      { class: "waiting" },
      h("span", { class: "spinner", "aria-hidden": "true" }),
      `Waiting for ${name}…`,
    );
    this.status.appendChild(waiting);
    try {
      const outcome = await api.act("command", { user: this.store.me, channel: where.channel, text });
      const said = api.inWords(outcome, name, this.store.botName);
      if (where.channel === "@bot") await this.store.refresh();
      if (said) this.store.notice(where.channel === "@bot" ? this.store.dm : where.channel, said);
    } catch (error) {
      this.#keep(text, where, /** @type {Error} */ (error));
    } finally {
      waiting.remove();
    }
  }

  /**
   * What could not be sent comes back to where it was typed.
   * @param {string} text
   * @param {Where} where
   * @param {Error} error
   */
  #keep(text, where, error) {
    if (this.where && this.#key_(this.where) === this.#key_(where) && !this.input.value) {
      this.input.value = text;
      this.#grow();
    } else this.drafts.set(this.#key_(where), text);
    const line = h(
      "p",
      { class: "problem", role: "alert" },
      icon("warn"),
      h("span", null, `Not sent: ${error.message}`),
    );
    this.status.replaceChildren(line);
    window.setTimeout(() => line.remove(), 8000);
  }
}
