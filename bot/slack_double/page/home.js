/**
 * The bot's Home tab.
 * @module
 */

import * as api from "./api.js";
import { renderBlocks } from "./blocks.js";
import { h, icon } from "./dom.js";
import { viewSurface } from "./views.js";

export class Home {
  /**
   * @param {import("./store.js").Store} store
   * @param {HTMLElement} frame
   */
  constructor(store, frame) {
    this.store = store;
    this.frame = frame;
    this.problem = "";
    this.isOpening = false;
    store.on("home", () => this.draw());
  }

  get isShown() {
    return this.store.place === "home";
  }

  /** Tell the app that the tab was opened; it may then publish it anew. */
  async open() {
    this.isOpening = true;
    this.draw();
    try {
      const outcome = await api.act("open_home", { user: this.store.me });
      this.problem = api.inWords(outcome, "Opening the Home tab", this.store.botName);
    } catch (error) {
      this.problem = /** @type {Error} */ (error).message;
    }
    this.isOpening = false;
    this.draw();
  }

  draw() {
    if (!this.isShown) return;
    const { home, botName } = this.store;
    const problem = this.problem
      ? h("p", { class: "problem", role: "alert" }, icon("warn"), h("span", null, this.problem))
      : null;
    const say = (/** @type {string} */ text) => {
      this.problem = text;
      this.draw();
    };
    const content = home
      ? h("div", { class: "home-view" }, renderBlocks(home.blocks, viewSurface(this.store, home, say)))
      : h(
          "div",
          { class: "empty" },
          h("h2", null, this.isOpening ? "Opening…" : "Nothing published yet"),
          h(
            "p",
            null,
            this.isOpening
              ? `${botName} was told that you are here.`
              : `${botName} has not put anything on this tab for you. Its messages and commands work without it.`,
          ),
        );
    this.frame.replaceChildren(
      h(
        "div",
        { class: "timeline", tabindex: "0", role: "region", "aria-label": `Home of ${botName}` },
        problem ?? "",
        content,
      ),
    );
  }
}
