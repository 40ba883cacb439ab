/**
 * rich_text blocks: typed pieces, in which nothing is parsed.
 * @module
 */

import { h, preformatted } from "./dom.js";
import { channel, link, moment, person } from "./mrkdwn.js";
import { names } from "./names.js";

const STYLES = [
  ["code", "code"],
  ["bold", "strong"],
  ["italic", "em"],
  ["strike", "s"],
  ["underline", "u"],
  ["highlight", "mark"],
];

/**
 * @param {any} piece
 * @returns {Node}
 */
function inner(piece) {
  switch (piece.type) {
    case "text":
      return document.createTextNode(piece.text);
    case "link":
      return link(piece.url, piece.text || piece.url);
    case "user":
      return person(piece.user_id);
    case "channel":
      return channel(piece.channel_id);
    case "usergroup":
      return h(
        "span",
        { class: names.isMine(piece.usergroup_id) ? "mention mention-me" : "mention" },
        `@${names.group(piece.usergroup_id) ?? "a group"}`,
      );
    case "broadcast":
      return h("span", { class: "mention mention-me" }, `@${piece.range}`);
    case "date":
      return moment(piece.timestamp, piece.format, piece.url);
    case "emoji":
      return h("span", { role: "img", "aria-label": piece.name }, emoji(piece));
    case "color":
      return swatch(piece.value);
    default:
      return document.createTextNode(piece.text ?? "");
  }
}

/** @param {any} piece */
function emoji(piece) {
  const codes = String(piece.unicode ?? "")
    .split("-")
    .map((code) => Number.parseInt(code, 16));
  return codes.every(Number.isFinite) ? String.fromCodePoint(...codes) : `:${piece.name}:`;
}

/** @param {string} value */
function swatch(value) {
  const sample = h("span", { class: "swatch", "aria-hidden": "true" });
  sample.style.backgroundColor = value;
  return h("span", null, sample, value);
}

/**
 * @param {any[]} pieces
 * @returns {Node[]}
 */
function pieces(pieces) {
  return pieces.map((piece) => {
    let node = inner(piece);
    for (const [style, tag] of STYLES) if (piece.style?.[style]) node = h(tag, null, node);
    return node;
  });
}

/**
 * A list of one level; Slack sends each change of level as a list of its own.
 * @param {any} part
 */
function list(part) {
  const indent = Number(part.indent ?? 0);
  const start = part.style === "ordered" && part.offset ? part.offset + 1 : null;
  const node = h(
    part.style === "ordered" ? "ol" : "ul",
    { class: `rich-list rich-level-${indent % 3}`, start },
    part.elements.map((/** @type {any} */ item) => h("li", null, pieces(item.elements))),
  );
  node.style.marginInlineStart = `${indent * 1.5}rem`;
  return node;
}

/**
 * @param {any} part
 * @returns {Node}
 */
function rendered(part) {
  switch (part.type) {
    case "rich_text_quote":
      return h("blockquote", null, pieces(part.elements));
    case "rich_text_preformatted":
      return preformatted(pieces(part.elements));
    case "rich_text_list":
      return list(part);
    default:
      return h("div", { class: "rich-section" }, pieces(part.elements));
  }
}

/**
 * @param {any} block
 * @returns {Node[]}
 */
export function richText(block) {
  return block.elements.map(rendered);
}
