/**
 * The keyboard: everything that can be done by hand has a key, and a dialog that lists them.
 * @module
 */

import { h } from "./dom.js";
import { openDialog } from "./popups.js";

/** @typedef {{people: () => void, switcher: () => void, composer: (text?: string) => void, step: (by: number) => void, unread: () => void, messages: () => void, help: () => void, back: () => void, stage: () => void, dm: () => void}} Acts */

const LISTED = [
  ["Ctrl K", "Jump to a channel or a person"],
  ["Alt ↑ / Alt ↓", "Previous or next conversation"],
  ["Alt U", "Next conversation with something unread"],
  ["Alt A", "Act as somebody else"],
  ["Alt C or /", "Go to the message box"],
  ["Alt M", "Go to the messages; arrows scroll"],
  ["Alt D", "Direct messages with the bot"],
  ["Alt S", "Make things happen (in a demo)"],
  ["Esc", "Close a menu, a thread, a form or the list"],
  ["?", "This help"],
];
const TYPING = [
  ["/", "Commands, with what each takes"],
  ["@ and #", "People and channels"],
  ["Tab or Enter", "Take the suggestion"],
  ["↑ in an empty box", "What you sent before"],
  ["Enter", "Send"],
  ["Shift Enter", "A new line"],
];

/**
 * @param {string[][]} rows
 */
function keyList(rows) {
  return h(
    "dl",
    { class: "keys" },
    rows.map(([keys, what]) =>
      h(
        "div",
        null,
        h(
          "dt",
          null,
          keys
            .split(/( or | \/ | and | in an empty box)/)
            .map((part, index) => (index % 2 || !part ? part : h("kbd", null, part))),
        ),
        h("dd", null, what),
      ),
    ),
  );
}

export function openHelp() {
  openDialog("Keyboard and help", [
    h(
      "p",
      { class: "dialog-lead" },
      "This workspace runs on your machine alone. Choose who you are, type commands as that person, press the buttons on cards, and watch what the bot does.",
    ),
    h("h3", null, "Anywhere"),
    keyList(LISTED),
    h("h3", null, "In the message box"),
    keyList(TYPING),
  ]);
}

/** @param {Element | null} node */
function isTyping(node) {
  return Boolean(node?.closest("input, textarea, select, [role=menu]"));
}

/** @param {Acts} acts */
export function listenForKeys(acts) {
  /** By the key's place, since Option types other signs on a Mac. @type {Record<string, () => void>} */
  const withAlt = {
    ArrowUp: () => acts.step(-1),
    ArrowDown: () => acts.step(1),
    KeyU: acts.unread,
    KeyA: acts.people,
    KeyC: () => acts.composer(),
    KeyM: acts.messages,
    KeyD: acts.dm,
    KeyS: acts.stage,
  };
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || document.querySelector("dialog[open]")) return;
    const act = event.altKey && !event.ctrlKey && !event.metaKey ? withAlt[event.code] : undefined;
    const isJump = (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.code === "KeyK";
    const isPlain = !event.ctrlKey && !event.metaKey && !event.altKey && !isTyping(document.activeElement);
    if (act) act();
    else if (isJump) acts.switcher();
    else if (isPlain && event.key === "?") acts.help();
    else if (isPlain && event.key === "/") acts.composer("/");
    else if (event.key === "Escape") acts.back();
    else return;
    if (event.key !== "Escape") event.preventDefault();
  });
}
