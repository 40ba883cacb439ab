/**
 * The app's modals: shown, filled in, checked, sent, and kept when something is wrong.
 * @module
 */

import * as api from "./api.js";
import { renderBlocks, inputsOf } from "./blocks.js";
import { fill, h, icon, iconButton, keyed } from "./dom.js";
import { complaint, keyOf, startingValue } from "./elements.js";
import { setPending } from "./message.js";
import { confirmed, toast } from "./popups.js";

/** @typedef {import("./store.js").Store} Store */

/**
 * Elements of a view: of a modal, or of the Home tab.
 * @param {Store} store
 * @param {any} view
 * @param {(problem: string) => void} onProblem
 * @returns {import("./blocks.js").Surface}
 */
export function viewSurface(store, view, onProblem) {
  const key = (/** @type {any} */ block, /** @type {any} */ element) => `${view.id}/${keyOf(block, element)}`;
  return {
    async act(block, element, value, node) {
      if (element.confirm && !(await confirmed(element.confirm))) return false;
      onProblem("");
      setPending(node, true);
      const what = element.saying ?? (element.text?.text ? `“${element.text.text}”` : "The choice");
      try {
        const outcome = await api.act("click_view", {
          user: store.me,
          view_id: view.id,
          action_id: element.action_id,
          block_id: block.block_id,
          value,
        });
        onProblem(api.inWords(outcome, what, store.botName));
      } catch (error) {
        onProblem(`${what} failed: ${/** @type {Error} */ (error).message}`);
      }
      setPending(node, false);
      return true;
    },
    known(block, element) {
      const typed = store.entered.get(key(block, element));
      if (typed !== undefined) return typed;
      const state = view.state?.values?.[block.block_id]?.[element.action_id];
      return state ? startingValue(element, state) : undefined;
    },
    remember: (block, element, value) => store.entered.set(key(block, element), value),
  };
}

export class Modals {
  /** @param {Store} store */
  constructor(store) {
    this.store = store;
    /** @type {HTMLDialogElement | null} */
    this.dialog = null;
    /** @type {any} */
    this.view = null;
    /** @type {Record<string, string>} */
    this.errors = {};
    this.problem = "";
    this.isSending = false;
    /** @type {HTMLElement | null} */
    this.before = null;
    store.on("views", () => this.draw());
  }

  draw() {
    const top = this.store.views.at(-1) ?? null;
    if (!top) {
      this.#shut();
      return;
    }
    const isSame = this.view?.id === top.id;
    if (isSame && this.view.hash === top.hash) return;
    this.view = top;
    this.errors = {};
    this.problem = "";
    if (!isSame) this.isSending = false;
    this.#render(isSame);
  }

  #shut() {
    if (!this.dialog) return;
    this.dialog.close();
    this.dialog.remove();
    this.dialog = this.view = null;
    this.isSending = false;
    if (this.before?.isConnected) this.before.focus();
  }

  #open() {
    if (this.dialog) return this.dialog;
    this.before = /** @type {HTMLElement | null} */ (document.activeElement);
    const dialog = /** @type {HTMLDialogElement} */ (
      h("dialog", { class: "dialog modal", "aria-labelledby": "modal-title" })
    );
    dialog.addEventListener("cancel", (event) => {
      event.preventDefault();
      this.#dismiss();
    });
    document.body.appendChild(dialog);
    dialog.showModal();
    this.dialog = dialog;
    return dialog;
  }

  /** @param {boolean} isAgain */
  #render(isAgain) {
    const { view } = this;
    const dialog = this.#open();
    const active = /** @type {HTMLElement | null} */ (document.activeElement);
    const key = isAgain && active && dialog.contains(active) ? active.dataset.key : undefined;
    const scrolled = isAgain ? (dialog.querySelector(".dialog-body")?.scrollTop ?? 0) : 0;
    const surface = {
      ...viewSurface(this.store, view, (problem) => this.#say(problem)),
      errors: this.errors,
      heading: "h3",
    };
    const canSubmit = Boolean(view.submit) || inputsOf(view.blocks).length > 0;
    const submit = canSubmit
      ? h("button", { type: "submit", class: "button button-primary modal-submit" }, view.submit?.text ?? "Submit")
      : null;
    const close = h(
      "button",
      { type: "button", class: "button", on: { click: () => this.#dismiss() } },
      view.close?.text ?? (canSubmit ? "Cancel" : "Close"),
    );
    const back = this.store.views.length > 1 ? iconButton("back", "Back", () => this.#dismiss()) : null;
    const head = h(
      "div",
      { class: "dialog-head" },
      back,
      h("h2", { id: "modal-title" }, view.title.text),
      iconButton("close", "Close", () => this.#dismiss()),
    );
    const problem = h("p", { class: "problem modal-problem", role: "alert" });
    const form = h(
      "form",
      { class: "modal-form", novalidate: true },
      head,
      h("div", { class: "dialog-body" }, renderBlocks(view.blocks, surface)),
      problem,
      h("div", { class: "dialog-foot" }, close, submit),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    dialog.replaceChildren(form);
    this.#say(this.problem);
    if (this.isSending && submit) setPending(submit, true);
    const body = /** @type {HTMLElement} */ (dialog.querySelector(".dialog-body"));
    body.scrollTop = scrolled;
    this.#focus(body, key);
  }

  /**
   * @param {HTMLElement} body
   * @param {string | undefined} key
   */
  #focus(body, key) {
    const same = key ? keyed(body, key) : null;
    const wanted = this.view.blocks.find((/** @type {any} */ block) => block.element?.focus_on_load);
    const first = wanted
      ? body.querySelector(`[data-block="${CSS.escape(wanted.block_id)}"] [data-key]`)
      : body.querySelector(".block-input :is(input, textarea, select)");
    const found = /** @type {HTMLElement | null} */ (
      same ?? first ?? this.dialog?.querySelector(".dialog-foot .button:last-child")
    );
    const inner = found?.matches(".boxes") ? /** @type {HTMLElement | null} */ (found.querySelector("input")) : found;
    inner?.focus();
  }

  /** @param {string} problem */
  #say(problem) {
    this.problem = problem;
    const line = this.dialog?.querySelector(".modal-problem");
    line?.replaceChildren();
    if (line && problem) fill(line, [icon("warn"), h("span", null, problem)]);
  }

  /** @param {Record<string, string>} errors */
  #showErrors(errors) {
    this.errors = errors;
    for (const node of this.dialog?.querySelectorAll("[data-block]") ?? []) {
      const said = errors[node.getAttribute("data-block") ?? ""] ?? "";
      node.classList.toggle("has-error", Boolean(said));
      const line = node.querySelector(".field-error");
      if (line) line.textContent = said;
      const field = node.querySelector("[data-key]");
      if (said) field?.setAttribute("aria-invalid", "true");
      else field?.removeAttribute("aria-invalid");
    }
    const first = this.dialog?.querySelector(".has-error [data-key]");
    const inner = /** @type {HTMLElement | null} */ (first?.matches(".boxes") ? first.querySelector("input") : first);
    inner?.focus();
  }

  /** What stands in the fields now, by block. */
  #values() {
    const surface = viewSurface(this.store, this.view, () => {});
    /** @type {Record<string, any>} */
    const values = {};
    for (const block of inputsOf(this.view.blocks)) {
      const known = surface.known(block, block.element);
      values[block.block_id] = known === undefined ? startingValue(block.element) : known;
    }
    return values;
  }

  async #submit() {
    if (this.isSending) return;
    const { view, store } = this;
    const values = this.#values();
    /** @type {Record<string, string>} */
    const errors = {};
    for (const block of inputsOf(view.blocks)) {
      const said = complaint(block, values[block.block_id]);
      if (said) errors[block.block_id] = said;
    }
    this.#say("");
    this.#showErrors(errors);
    if (Object.keys(errors).length) return;
    this.#sending(true);
    try {
      const outcome = await api.act("submit", { user: store.me, view_id: view.id, values });
      this.#sending(false);
      const said = api.inWords(outcome, `“${view.submit?.text ?? "Submit"}”`, store.botName);
      if (this.view?.id !== view.id) {
        if (said) toast(said, "bad");
      } else if (outcome.status === "errors" || outcome.status === "incomplete") this.#showErrors(outcome.errors);
      else if (said) this.#say(`${said} What you typed is still here.`);
      if (outcome.status === "ok") await store.syncViews();
    } catch (error) {
      this.#sending(false);
      this.#say(`Not sent: ${/** @type {Error} */ (error).message} What you typed is still here.`);
    }
  }

  /** @param {boolean} isSending */
  #sending(isSending) {
    this.isSending = isSending;
    const button = /** @type {HTMLElement | null} */ (this.dialog?.querySelector(".modal-submit"));
    if (button) setPending(button, isSending);
  }

  async #dismiss() {
    const { view, store } = this;
    if (!view) return;
    store.views = view.clear_on_close ? [] : store.views.filter((one) => one.id !== view.id);
    this.draw();
    try {
      await api.act("close", { user: store.me, view_id: view.id });
    } catch {
      // It was closed already, by the app or from another window.
    }
    await store.syncViews().catch(() => {});
  }
}
