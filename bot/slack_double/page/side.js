/**
 * The panel on the right: an open thread, or what the demo can make happen.
 * @module
 */

import * as api from "./api.js";
import { Composer } from "./composer.js";
import { h, icon, iconButton } from "./dom.js";
import { keep, recall } from "./memory.js";
import { setPending } from "./message.js";
import { names } from "./names.js";
import { Timeline } from "./timeline.js";

/** @typedef {import("./store.js").Store} Store */

export class Side {
  /**
   * @param {Store} store
   * @param {HTMLElement} frame
   */
  constructor(store, frame) {
    this.store = store;
    this.frame = frame;
    /** @type {{id: string, label: string, help: string, group: string}[]} */
    this.actions = [];
    this.isStageOpen = false;
    /** What each button last said was done. @type {Map<string, {text: string, isBad: boolean}>} */
    this.said = new Map();
    /** @type {HTMLElement | null} */
    this.before = null;
    const place = h("div", { class: "side-place" });
    const foot = h("div", { class: "side-foot" });
    this.title = h("h2", { tabindex: "-1" });
    this.threadView = h(
      "div",
      { class: "side-inner" },
      h(
        "div",
        { class: "side-head" },
        this.title,
        iconButton("close", "Close the thread", () => this.closeThread()),
      ),
      place,
      foot,
    );
    this.timeline = new Timeline(store, place, { isThread: true });
    this.composer = new Composer(store, foot);
    store.on("thread", () => this.draw());
    store.on("thread-log", ({ ts }) => this.timeline.update(ts));
  }

  /** Ask whether there is a demo behind this workspace. */
  async readActions() {
    this.actions = await api.demoActions();
    if (this.actions.length && recall("stage", true) && window.innerWidth >= 1180) this.toggleStage(true);
    this.store.tell("stage");
  }

  /** Whether the panel covers the messages, for want of room beside them. */
  get isAbove() {
    return getComputedStyle(this.frame).position === "fixed";
  }

  /** @param {boolean} [isOpen] */
  toggleStage(isOpen = !this.isStageOpen) {
    this.isStageOpen = isOpen;
    if (isOpen && this.store.thread) this.store.thread = null;
    this.draw();
    this.store.tell("stage");
  }

  closeThread() {
    const ts = this.store.thread?.ts;
    this.store.closeThread();
    // The message may have been drawn anew meanwhile, with the line one came from.
    const row = document.querySelector(`#place [data-ts="${ts}"]`);
    const line = row?.querySelector("[data-key=thread]") ?? row?.querySelector("article");
    /** @type {HTMLElement | null} */ (this.before?.isConnected ? this.before : line)?.focus();
  }

  draw() {
    const { thread } = this.store;
    const isOpen = Boolean(thread) || this.isStageOpen;
    this.frame.hidden = !isOpen;
    document.body.classList.toggle("has-side", isOpen);
    if (thread) this.#drawThread(thread);
    else if (this.isStageOpen) this.#drawStage();
    else this.frame.replaceChildren();
  }

  /** @param {{channel: string, ts: string, log: import("./log.js").Log}} thread */
  #drawThread(thread) {
    const { store } = this;
    const channel = names.channels.get(thread.channel);
    const where = channel?.is_im ? store.botName : `#${channel?.name ?? "channel"}`;
    this.title.replaceChildren("Thread ", h("span", { class: "side-where" }, where));
    this.frame.setAttribute("aria-label", `Thread in ${where}`);
    const isFresh = !this.threadView.isConnected;
    if (isFresh) {
      this.before = /** @type {HTMLElement | null} */ (document.activeElement);
      this.frame.replaceChildren(this.threadView);
    }
    this.timeline.show(thread.channel, thread.log, {
      label: `Thread in ${where}`,
      empty: h("p", { class: "loading" }, "This message is no longer there."),
    });
    const note = channel?.is_archived
      ? h("span", null, "This channel is archived.")
      : !channel?.is_im && !channel?.is_member
        ? h("span", null, "Join the channel to reply.")
        : null;
    this.composer.show({ channel: thread.channel, threadTs: thread.ts, placeholder: "Reply…", note });
    if (!thread.log.isLoaded) (note ? this.title : this.composer).focus();
  }

  #drawStage() {
    this.frame.setAttribute("aria-label", "Make things happen");
    /** @type {Map<string, typeof this.actions>} */
    const groups = new Map();
    for (const action of this.actions)
      groups.set(action.group ?? "", [...(groups.get(action.group ?? "") ?? []), action]);
    const close = iconButton("close", "Close the panel", () => {
      keep("stage", false);
      this.toggleStage(false);
    });
    const made = [...groups].map(([group, actions]) =>
      h(
        "section",
        { class: "stage-group" },
        group ? h("h3", null, group) : null,
        actions.map((action) => this.#action(action)),
      ),
    );
    const lead = h(
      "p",
      { class: "side-lead" },
      "Play the world outside: each button makes something happen, and the bot reacts as it would for real.",
    );
    this.frame.replaceChildren(
      h(
        "div",
        { class: "side-inner" },
        h("div", { class: "side-head" }, h("h2", null, "Make things happen"), close),
        h("div", { class: "stage", tabindex: "0", role: "region", "aria-label": "Things to make happen" }, lead, made),
      ),
    );
  }

  /** @param {{id: string, label: string, help: string}} action */
  #action(action) {
    const button = h(
      "button",
      { type: "button", class: "stage-button", data: { key: `stage-${action.id}` } },
      h("span", { class: "stage-label" }, icon("bolt"), action.label),
      action.help ? h("span", { class: "stage-help" }, action.help) : null,
    );
    const said = h("p", { class: "stage-said", role: "status" });
    /**
     * @param {string} text
     * @param {boolean} isBad
     */
    const say = (text, isBad) => {
      this.said.set(action.id, { text, isBad });
      said.textContent = text;
      said.classList.toggle("is-bad", isBad);
    };
    const before = this.said.get(action.id);
    if (before) say(before.text, before.isBad);
    button.addEventListener("click", async () => {
      if (button.getAttribute("aria-disabled") === "true") return;
      setPending(button, true);
      try {
        const { text } = await api.makeHappen(action.id);
        say(text || "Done.", false);
      } catch (error) {
        say(/** @type {Error} */ (error).message, true);
      }
      setPending(button, false);
      said.scrollIntoView({ block: "nearest" });
    });
    return h("div", { class: "stage-action" }, button, said);
  }
}
