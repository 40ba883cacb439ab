/**
 * Slack's mrkdwn into nodes. What a text says can never become markup: only nodes are made here.
 * @module
 */

import { formatted, full } from "./dates.js";
import { h, preformatted } from "./dom.js";
import { names } from "./names.js";

/** @typedef {{links?: boolean}} Options whether bare addresses become links */

const STYLES = /** @type {Record<string, string>} */ ({ "*": "strong", _: "em", "~": "s" });
const ENTITIES = /** @type {Record<string, string>} */ ({ "&amp;": "&", "&lt;": "<", "&gt;": ">" });
const JOINER = "\u2060";
const ADDRESS = /^https?:\/\/[^\s<>|]+[^\s<>|.,;:!?)\]"'’”]/;

/** @param {string} text */
export function unescaped(text) {
  return text.replace(/&(?:amp|lt|gt);/g, (entity) => ENTITIES[entity]);
}

/** @param {string | undefined} character */
function isBoundary(character) {
  return character === undefined || (character !== JOINER && !/[\p{L}\p{N}]/u.test(character));
}

/**
 * Where the span that begins at `start` ends; -1 if there is none.
 * @param {string} text
 * @param {number} start
 */
function closing(text, start) {
  const sign = text[start];
  const next = text[start + 1];
  if (
    !isBoundary(text[start - 1]) ||
    text[start - 1] === sign ||
    next === undefined ||
    next === sign ||
    next === JOINER ||
    /\s/.test(next)
  )
    return -1;
  for (let at = start + 1; at < text.length && text[at] !== "\n"; at += 1) {
    if (text[at] === "<") {
      const end = text.indexOf(">", at);
      if (end > 0) at = end;
    } else if (text[at] === "`") {
      const end = text.indexOf("`", at + 1);
      if (end > 0) at = end;
    } else if (
      text[at] === sign &&
      at > start + 1 &&
      !/[\s\u2060]/.test(text[at - 1]) &&
      isBoundary(text[at + 1]) &&
      text[at + 1] !== sign
    ) {
      return at;
    }
  }
  return -1;
}

/**
 * The place on this page that a message's own address means; nothing for any other address.
 * @param {string} address
 * @returns {string}
 */
export function placeBehind(address) {
  const match = /^https:\/\/([\w-]+)\.slack\.com\/archives\/([A-Z0-9]+)\/p(\d{10})(\d{6})/.exec(address);
  return match && match[1] === names.team ? `#${match[2]}/${match[3]}.${match[4]}` : "";
}

/**
 * A link, if its address is one that may be followed.
 * @param {string} address
 * @param {Node | string} label
 * @returns {Node}
 */
export function link(address, label) {
  if (!/^(https?|mailto|tel):/i.test(address)) return h("span", null, label);
  const here = placeBehind(address);
  if (here) return h("a", { href: here }, label);
  return h("a", { href: address, target: "_blank", rel: "noopener noreferrer" }, label);
}

/**
 * A person's name; the reader's own stands out.
 * @param {string} id
 * @returns {Node}
 */
export function person(id) {
  const isMe = id === names.me;
  return h("span", { class: isMe ? "mention mention-me" : "mention", title: names.real(id) }, `@${names.user(id)}`);
}

/**
 * A channel's name, as a way to it.
 * @param {string} id
 * @param {string} [label]
 * @returns {Node}
 */
export function channel(id, label) {
  const known = names.channel(id);
  if (known) return h("a", { class: "mention", href: `#${id}` }, `#${known}`);
  return h("span", { class: "mention" }, label ? `#${label}` : "a private channel");
}

/**
 * A moment in the reader's zone.
 * @param {number} seconds
 * @param {string} format
 * @param {string} [address]
 * @param {boolean} [isStart] whether a sentence begins here
 * @returns {Node}
 */
export function moment(seconds, format, address, isStart = false) {
  const at = new Date(seconds * 1000);
  const said = formatted(seconds, format);
  const shown = h(
    "time",
    { datetime: at.toISOString(), title: full(at) },
    isStart ? said.charAt(0).toUpperCase() + said.slice(1) : said,
  );
  return address ? link(address, shown) : shown;
}

/**
 * What stands between < and >.
 * @param {string} inside
 * @param {string} before
 * @returns {Node}
 */
function bracketed(inside, before) {
  const [target, ...rest] = inside.split("|");
  const label = rest.length ? unescaped(rest.join("|")) : "";
  if (target.startsWith("@")) return person(target.slice(1));
  if (target.startsWith("#")) return channel(target.slice(1), label);
  if (target.startsWith("!subteam^")) {
    const handle = names.group(target.slice(9)) ?? label.replace(/^@/, "");
    return h(
      "span",
      { class: names.isMine(target.slice(9)) ? "mention mention-me" : "mention" },
      `@${handle || "a group"}`,
    );
  }
  if (target.startsWith("!date^")) {
    const [, seconds, format, address] = target.split("^");
    const isKnown = /^\d{1,11}$/.test(seconds) && format;
    return isKnown
      ? moment(Number(seconds), unescaped(format), address, /(^|\n|[.!?] +)$/.test(before))
      : h("span", null, label);
  }
  if (/^!(here|channel|everyone)$/.test(target))
    return h("span", { class: "mention mention-me" }, `@${target.slice(1)}`);
  if (target.startsWith("!")) return h("span", null, label || target.slice(1));
  return link(unescaped(target), label || unescaped(target).replace(/^mailto:/, ""));
}

/**
 * One stretch of text without blocks.
 * @param {string} text
 * @param {Options} options
 * @returns {Node[]}
 */
export function inline(text, options = {}) {
  /** @type {Node[]} */
  const nodes = [];
  let plain = "";
  const flush = () => {
    if (plain) nodes.push(document.createTextNode(plain));
    plain = "";
  };
  for (let at = 0; at < text.length;) {
    const sign = text[at];
    if (sign === "&") {
      const entity = /^&(?:amp|lt|gt);/.exec(text.slice(at, at + 5))?.[0];
      plain += entity ? ENTITIES[entity] : sign;
      at += entity ? entity.length : 1;
      continue;
    }
    if (sign === "<") {
      const end = text.indexOf(">", at);
      if (end > at + 1) {
        flush();
        nodes.push(bracketed(text.slice(at + 1, end), text.slice(0, at)));
        at = end + 1;
        continue;
      }
    } else if (sign === "`") {
      const end = text.indexOf("`", at + 1);
      const inside = end > 0 ? text.slice(at + 1, end) : "";
      if (inside.trim() && !inside.includes("\n") && text[at - 1] !== JOINER) {
        flush();
        nodes.push(h("code", { class: inside.startsWith("/") ? "is-command" : null }, unescaped(inside)));
        at = end + 1;
        continue;
      }
    } else if (sign in STYLES) {
      const end = closing(text, at);
      if (end > 0) {
        flush();
        nodes.push(h(STYLES[sign], null, inline(text.slice(at + 1, end), options)));
        at = end + 1;
        continue;
      }
    } else if (options.links && sign === "h" && isBoundary(text[at - 1])) {
      const address = ADDRESS.exec(text.slice(at))?.[0];
      if (address) {
        flush();
        nodes.push(link(unescaped(address), unescaped(address)));
        at += address.length;
        continue;
      }
    }
    plain += sign;
    at += 1;
  }
  flush();
  return nodes;
}

/**
 * A whole mrkdwn text: preformatted parts, quotes, and lines.
 * @param {string} text
 * @param {Options} [options]
 * @returns {Node[]}
 */
export function mrkdwn(text, options = {}) {
  return text.split(/```\n?([\s\S]+?)\n?```/).flatMap((part, index) => {
    if (index % 2) return [preformatted(unescaped(part))];
    return quoted(part.replace(index > 0 ? /^\n/ : /^(?!)/, ""), options);
  });
}

/**
 * @param {string} text
 * @param {Options} options
 * @returns {Node[]}
 */
function quoted(text, options) {
  /** @type {{isQuote: boolean, lines: string[]}[]} */
  const runs = [];
  for (const line of text.split("\n")) {
    const match = /^(?:&gt;|>) ?(.*)$/.exec(line);
    const last = runs.at(-1);
    if (last && last.isQuote === Boolean(match)) last.lines.push(match ? match[1] : line);
    else runs.push({ isQuote: Boolean(match), lines: [match ? match[1] : line] });
  }
  return runs.flatMap(({ isQuote, lines }) => {
    const nodes = inline(lines.join("\n"), options);
    return isQuote ? [h("blockquote", null, nodes)] : nodes;
  });
}

/**
 * The same text as it is read aloud: no signs, no markup.
 * @param {string} text
 */
export function spoken(text) {
  return h("span", null, mrkdwn(text)).textContent ?? "";
}
