/**
 * Choosing who to act as, and jumping anywhere by name.
 * @module
 */

import * as api from "./api.js";
import { freshId, h } from "./dom.js";
import { ReadMarks } from "./memory.js";
import { avatar } from "./message.js";
import { names } from "./names.js";
import { openDialog, toast } from "./popups.js";
import { HOME } from "./store.js";

/** @typedef {import("./store.js").Store} Store */

/** Everybody one can be. */
export function everybody() {
  return [...names.users.values()].filter((user) => !user.is_bot && !user.deleted);
}

/**
 * The people, with what waits for each of them from the bot.
 * @param {Store} store
 * @param {(person: string) => void} onPick
 */
export function openPeople(store, onPick) {
  const rows = everybody().map((user) => {
    const { name, role } = names.parts(user.id);
    const isMe = user.id === store.me;
    const waiting = h("span", { class: "person-waiting" });
    const row = h(
      "button",
      { type: "button", class: `person${isMe ? " is-me" : ""}`, "aria-current": isMe ? "true" : null },
      avatar(user.id),
      h(
        "span",
        { class: "person-text" },
        h("strong", null, name),
        h("span", { class: "person-role" }, role ? `${role} · @${user.name}` : `@${user.name}`),
      ),
      waiting,
      isMe ? h("span", { class: "tag" }, "you") : null,
    );
    row.addEventListener("click", () => {
      dialog.close();
      if (!isMe) onPick(user.id);
    });
    if (!isMe) showWaiting(store, user.id, waiting);
    return row;
  });
  const said = h(
    "p",
    { class: "dialog-lead" },
    "Everything you type and press is done by the person you choose, with that person's rights.",
  );
  const dialog = openDialog("Act as", [said, h("div", { class: "people" }, rows)], { class: "dialog-small" });
  (rows.find((row) => row.matches(".is-me")) ?? rows[0])?.focus();
  dialog.addEventListener("keydown", (event) => {
    const at = rows.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || at < 0) return;
    event.preventDefault();
    rows[(at + step + rows.length) % rows.length].focus();
  });
}

/**
 * How many of the bot's direct messages a person has not seen here.
 * @param {Store} store
 * @param {string} person
 * @param {HTMLElement} node
 */
async function showWaiting(store, person, node) {
  try {
    const { messages } = await api.history("@bot", person, { limit: 50 });
    const dm = [...(await api.read("channels", { viewer: person }))].find((channel) => channel.is_im)?.id;
    const mark = new ReadMarks(person, store.marks.since).of(dm ?? "");
    const count = messages.filter(
      (message) => message.ts > mark && message.user !== person && !message.is_ephemeral,
    ).length;
    if (count) node.replaceChildren(h("span", { class: "badge" }, count), " unread");
  } catch {
    // It is only a hint.
  }
}

/**
 * @param {Store} store
 * @param {import("./store.js").Shortcut} shortcut
 */
async function useShortcut(store, shortcut) {
  try {
    const outcome = await api.act("shortcut", { user: store.me, callback_id: shortcut.callback_id });
    const said = api.inWords(outcome, shortcut.name, store.botName);
    if (said) toast(said, "bad");
  } catch (error) {
    toast(/** @type {Error} */ (error).message, "bad");
  }
}

/**
 * @typedef {{label: string, detail: string, go: () => void}} Target
 * @param {Store} store
 * @param {{go: (place: string) => void, become: (person: string) => void}} acts
 */
export function openSwitcher(store, acts) {
  /** @type {Target[]} */
  const targets = [
    ...store.conversations().map(({ id, isDm }) => ({
      label: isDm ? store.botName : `#${names.channel(id)}`,
      detail: isDm ? "direct messages" : store.unread(id) ? `${store.unread(id)} unread` : "channel",
      go: () => acts.go(id),
    })),
    ...(store.hasHomeTab || store.home
      ? [{ label: `${store.botName} Home`, detail: "Home tab", go: () => acts.go(HOME) }]
      : []),
    ...store.shortcuts
      .filter((shortcut) => shortcut.type === "global")
      .map((shortcut) => ({
        label: shortcut.name,
        detail: `shortcut${shortcut.description ? `: ${shortcut.description}` : ""}`,
        go: () => useShortcut(store, shortcut),
      })),
    ...everybody()
      .filter((user) => user.id !== store.me)
      .map((user) => ({
        label: `Act as ${names.real(user.id)}`,
        detail: names.parts(user.id).role || `@${user.name}`,
        go: () => acts.become(user.id),
      })),
  ];
  const id = freshId("targets");
  const list = h("div", { class: "switcher-list", id, role: "listbox", "aria-label": "Where to go" });
  const input = /** @type {HTMLInputElement} */ (
    h("input", {
      class: "input",
      type: "text",
      role: "combobox",
      "aria-expanded": "true",
      "aria-controls": id,
      "aria-autocomplete": "list",
      "aria-label": "Channel or person",
      placeholder: "Channel or person",
      autocomplete: "off",
    })
  );
  /** @type {Target[]} */
  let shown = [];
  let chosen = 0;
  const draw = () => {
    const typed = input.value.trim().toLowerCase().replace(/^[#@]/, "");
    shown = targets.filter(({ label, detail }) => `${label} ${detail}`.toLowerCase().includes(typed));
    chosen = Math.max(0, Math.min(chosen, shown.length - 1));
    const rows = shown.map((target, index) => {
      const row = h(
        "div",
        { id: `${id}-${index}`, class: "completion", role: "option", "aria-selected": String(index === chosen) },
        h("span", { class: "completion-label" }, target.label),
        h("span", { class: "completion-detail" }, target.detail),
      );
      row.addEventListener("click", () => pick(target));
      return row;
    });
    list.replaceChildren(...(rows.length ? rows : [h("p", { class: "rail-none" }, "Nothing is called that.")]));
    if (rows.length) input.setAttribute("aria-activedescendant", `${id}-${chosen}`);
    else input.removeAttribute("aria-activedescendant");
    rows[chosen]?.scrollIntoView({ block: "nearest" });
  };
  const pick = (/** @type {Target | undefined} */ target) => {
    if (!target) return;
    dialog.close();
    target.go();
  };
  input.addEventListener("input", () => {
    chosen = 0;
    draw();
  });
  input.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && shown.length) {
      event.preventDefault();
      chosen = (chosen + step + shown.length) % shown.length;
      draw();
    } else if (event.key === "Enter") {
      event.preventDefault();
      pick(shown[chosen]);
    }
  });
  const dialog = openDialog("Jump to", [input, list], { class: "dialog-small switcher" });
  draw();
  input.focus();
}
