/**
 * One message: who, when, what, and what hangs on it.
 * @module
 */

import * as api from "./api.js";
import { picture, plainMessage, renderBlocks } from "./blocks.js";
import { brief, clock, dayLabel, full, momentOf } from "./dates.js";
import { h, icon, iconButton } from "./dom.js";
import { keyOf } from "./elements.js";
import { names } from "./names.js";
import { confirmed, openMenu, toast } from "./popups.js";

/** @typedef {import("./store.js").Store} Store */
/** @typedef {import("./log.js").Message} Message */

const TINTS = 8;

/**
 * A person's sign: initials on a colour of his or her own.
 * @param {string} id
 * @param {string} [look]
 */
export function avatar(id, look = "") {
  const user = names.users.get(id);
  if (!user) return h("span", { class: `avatar avatar-notice ${look}`, "aria-hidden": "true" }, icon("eye"));
  if (user.is_bot)
    return h(
      "span",
      { class: `avatar avatar-bot ${look}`, "aria-hidden": "true" },
      h("img", { src: "/page/mark.svg", alt: "" }),
    );
  const initials = names
    .real(id)
    .split(/\s+/)
    .map((word) => [...word][0] ?? "")
    .slice(0, 2)
    .join("")
    .toUpperCase();
  const tint = [...user.name].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 997, 7) % TINTS;
  return h("span", { class: `avatar tint-${tint} ${look}`, "aria-hidden": "true" }, initials);
}

/**
 * Show that something is on its way, and let nobody press it twice.
 * @param {HTMLElement} node
 * @param {boolean} isPending
 */
export function setPending(node, isPending) {
  node.classList.toggle("is-pending", isPending);
  if (isPending) {
    node.setAttribute("aria-disabled", "true");
    node.setAttribute("aria-busy", "true");
  } else {
    node.removeAttribute("aria-disabled");
    node.removeAttribute("aria-busy");
  }
}

/**
 * @param {Store} store
 * @param {string} channel
 * @param {Message} message
 * @returns {import("./blocks.js").Surface}
 */
function surfaceOf(store, channel, message) {
  const key = (/** @type {any} */ block, /** @type {any} */ element) =>
    `${channel}/${message.ts}/${keyOf(block, element)}`;
  return {
    async act(block, element, value, node) {
      if (element.confirm && !(await confirmed(element.confirm))) return false;
      setPending(node, true);
      await store.click(channel, message.ts, block, element, value);
      setPending(node, false);
      return true;
    },
    known: (block, element) => store.entered.get(key(block, element)),
    remember: (block, element, value) => store.entered.set(key(block, element), value),
  };
}

/**
 * An uploaded file: a picture as it is, anything else as a line to open.
 * @param {any} file
 */
function fileNode(file) {
  const address = `/files/${encodeURIComponent(file.id)}`;
  if (String(file.mimetype).startsWith("image/")) {
    const shown = picture(
      { slack_file: { id: file.id }, alt_text: file.alt_txt || file.title || file.name },
      "block-image",
    );
    return h(
      "figure",
      null,
      h("figcaption", null, file.title || file.name),
      h("a", { href: address, target: "_blank", rel: "noopener", class: "image-link" }, shown),
    );
  }
  const size =
    file.size > 1_000_000
      ? `${(file.size / 1_000_000).toFixed(1)} MB`
      : file.size > 1000
        ? `${Math.round(file.size / 1000)} kB`
        : `${file.size} bytes`;
  return h(
    "a",
    { class: "file", href: address, download: file.name },
    icon("file"),
    h("span", null, file.title || file.name),
    h("span", { class: "file-size" }, size),
  );
}

/**
 * @param {any} attachment
 * @param {import("./blocks.js").Surface} surface
 */
function attachmentNode(attachment, surface) {
  const node = h(
    "div",
    { class: "attachment" },
    attachment.blocks
      ? renderBlocks(attachment.blocks, surface)
      : plainMessage(attachment.text ?? attachment.fallback ?? ""),
  );
  if (/^#?[0-9a-f]{6}$/i.test(attachment.color ?? "")) node.style.borderColor = `#${attachment.color.replace("#", "")}`;
  return node;
}

/**
 * @param {Store} store
 * @param {string} channel
 * @param {Message} message
 */
function body(store, channel, message) {
  if (message.subtype === "tombstone") return [h("p", { class: "tombstone" }, "This message was deleted.")];
  const surface = surfaceOf(store, channel, message);
  const parts = [];
  if (message.blocks?.length)
    parts.push(h("div", { class: message.bot_id ? "card" : "blocks" }, renderBlocks(message.blocks, surface)));
  else if (message.text) parts.push(plainMessage(message.text));
  for (const attachment of message.attachments ?? []) parts.push(attachmentNode(attachment, surface));
  for (const file of message.files ?? []) parts.push(fileNode(file));
  return parts;
}

/**
 * @param {Store} store
 * @param {string} channel
 * @param {Message} message
 */
function threadLine(store, channel, message) {
  const count = message.reply_count ?? 0;
  if (!count) return null;
  const said = `${count} ${count === 1 ? "reply" : "replies"}`;
  const faces = (message.reply_users ?? []).slice(0, 3).map((user) => avatar(user, "avatar-small"));
  const latest = message.latest_reply
    ? h("span", { class: "thread-latest" }, `last ${brief(momentOf(message.latest_reply))}`)
    : null;
  const props = {
    type: "button",
    class: "thread-line",
    data: { key: "thread" },
    on: { click: () => store.openThread(channel, message.ts) },
  };
  return h("button", props, faces, h("span", { class: "thread-count" }, said), latest);
}

/**
 * What can be done with a message as a whole.
 * @param {Store} store
 * @param {string} channel
 * @param {Message} message
 * @param {boolean} isInThread
 */
function tools(store, channel, message, isInThread) {
  if (message.is_ephemeral || message.subtype === "tombstone") return null;
  const made = [];
  if (!isInThread)
    made.push(
      iconButton("thread", "Reply in thread", () => store.openThread(channel, message.ts), { "data-key": "reply" }),
    );
  const shortcuts = store.shortcuts.filter((shortcut) => shortcut.type === "message");
  if (shortcuts.length) {
    const button = iconButton(
      "more",
      "Shortcuts for this message",
      () => {
        const use = async (/** @type {any} */ shortcut) => {
          const outcome = await api.act("message_shortcut", {
            user: store.me,
            channel,
            ts: message.ts,
            callback_id: shortcut.callback_id,
          });
          store.setProblem(channel, message.ts, api.inWords(outcome, shortcut.name, store.botName));
        };
        openMenu(
          button,
          "Shortcuts for this message",
          shortcuts.map((shortcut) => ({
            label: shortcut.name,
            hint: shortcut.description,
            pick: () => use(shortcut).catch((error) => toast(error.message, "bad")),
          })),
        );
      },
      { "aria-haspopup": "menu", "aria-expanded": "false" },
    );
    made.push(button);
  }
  return made.length ? h("div", { class: "message-tools" }, made) : null;
}

/**
 * @param {Store} store
 * @param {string} channel
 * @param {Message} message
 * @param {boolean} [isInThread]
 * @returns {HTMLElement}
 */
export function messageNode(store, channel, message, isInThread = false) {
  const at = momentOf(message.ts);
  const author = message.is_notice ? "Workspace" : names.real(message.user);
  const role = names.parts(message.user).role;
  const time = h(
    "a",
    {
      class: "message-time",
      href: `#${channel}/${message.ts}`,
      title: full(at),
      "aria-label": `${clock(at)}, ${dayLabel(at)}: link to this message`,
    },
    h("time", { datetime: at.toISOString() }, clock(at)),
  );
  const head = h(
    "div",
    { class: "message-head" },
    h("span", { class: "message-author" }, author),
    names.users.get(message.user)?.is_bot ? h("span", { class: "tag" }, "app") : null,
    role ? h("span", { class: "message-role" }, role) : null,
    time,
    message.edited
      ? h("span", { class: "message-edited", title: `Edited ${brief(momentOf(message.edited.ts))}` }, "(edited)")
      : null,
  );
  const only = message.is_ephemeral ? h("p", { class: "only-you" }, icon("eye"), "Only visible to you") : null;
  const problem = store.problems.get(`${channel}/${message.ts}`);
  const problemLine = problem
    ? h("p", { class: "problem", role: "alert" }, icon("warn"), h("span", null, problem))
    : null;
  return h(
    "article",
    {
      class: `message${message.is_ephemeral ? " is-ephemeral" : ""}`,
      tabindex: "-1",
      "aria-label": `${author}, ${clock(at)}`,
    },
    h("div", { class: "message-gutter" }, avatar(message.user)),
    h(
      "div",
      { class: "message-main" },
      only,
      head,
      h("div", { class: "message-body" }, body(store, channel, message)),
      problemLine,
      isInThread ? null : threadLine(store, channel, message),
    ),
    tools(store, channel, message, isInThread),
  );
}
