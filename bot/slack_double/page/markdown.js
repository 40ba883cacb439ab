/**
 * Standard Markdown, as `markdown` blocks hold it, into nodes. HTML in it stays text.
 * @module
 */

import { h, preformatted } from "./dom.js";
import { link } from "./mrkdwn.js";
import { tableOf } from "./table.js";

const SPANS = [
  { pattern: /^(`+)([\s\S]*?[^`])\1(?!`)/, make: (/** @type {RegExpExecArray} */ m) => h("code", null, m[2].trim()) },
  {
    pattern: /^\*\*(?=\S)([\s\S]*?\S)\*\*/,
    make: (/** @type {RegExpExecArray} */ m) => h("strong", null, spans(m[1])),
  },
  { pattern: /^__(?=\S)([\s\S]*?\S)__/, make: (/** @type {RegExpExecArray} */ m) => h("strong", null, spans(m[1])) },
  { pattern: /^~~(?=\S)([\s\S]*?\S)~~/, make: (/** @type {RegExpExecArray} */ m) => h("s", null, spans(m[1])) },
  { pattern: /^\*(?=\S)([^*\n]*[^*\s])\*/, make: (/** @type {RegExpExecArray} */ m) => h("em", null, spans(m[1])) },
  {
    pattern: /^_(?=\S)([^_\n]*[^_\s])_(?![\p{L}\p{N}])/u,
    make: (/** @type {RegExpExecArray} */ m) => h("em", null, spans(m[1])),
  },
  {
    pattern: /^!?\[([^\]]*)\]\(\s*([^\s)]+)(?:\s+"[^"]*")?\s*\)/,
    make: (/** @type {RegExpExecArray} */ m) => link(m[2], m[1] || m[2]),
  },
  { pattern: /^<((?:https?|mailto):[^>\s]+)>/, make: (/** @type {RegExpExecArray} */ m) => link(m[1], m[1]) },
  { pattern: /^https?:\/\/[^\s<>]+[^\s<>.,;:!?)\]"']/, make: (/** @type {RegExpExecArray} */ m) => link(m[0], m[0]) },
  {
    pattern: /^\\([\\`*_{}[\]()#+\-.!~|>])/,
    make: (/** @type {RegExpExecArray} */ m) => document.createTextNode(m[1]),
  },
  { pattern: /^ {2,}\n/, make: () => h("br") },
];

/**
 * @param {string} text
 * @returns {Node[]}
 */
function spans(text) {
  /** @type {Node[]} */
  const nodes = [];
  let plain = "";
  for (let at = 0; at < text.length;) {
    const rest = text.slice(at);
    const span =
      /[\w]/.test(text[at - 1] ?? "") && text[at] === "_" ? undefined : SPANS.find(({ pattern }) => pattern.test(rest));
    const match = span?.pattern.exec(rest);
    if (span && match) {
      if (plain) nodes.push(document.createTextNode(plain));
      plain = "";
      nodes.push(span.make(match));
      at += match[0].length;
    } else {
      plain += text[at];
      at += 1;
    }
  }
  if (plain) nodes.push(document.createTextNode(plain));
  return nodes;
}

const BULLET = /^(\s*)(?:([-*+])|(\d+)[.)])\s+(.*)$/;

/** @param {string} line */
function cells(line) {
  return line
    .trim()
    .replace(/^\||\|$/g, "")
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim().replace(/\\\|/g, "|"));
}

/** Takes lines one after the other. */
class Lines {
  /** @param {string} text */
  constructor(text) {
    this.lines = text.replace(/\r\n?/g, "\n").split("\n");
    this.at = 0;
  }

  get line() {
    return this.lines[this.at] ?? "";
  }

  get isOver() {
    return this.at >= this.lines.length;
  }

  /**
   * Take lines as long as they fit.
   * @param {(line: string) => boolean} fits
   */
  take(fits) {
    const start = this.at;
    while (!this.isOver && fits(this.line)) this.at += 1;
    return this.lines.slice(start, this.at);
  }
}

/**
 * @param {Lines} lines
 * @param {number} indent
 * @returns {Node}
 */
function list(lines, indent) {
  const first = /** @type {RegExpExecArray} */ (BULLET.exec(lines.line));
  const node = h(first[3] ? "ol" : "ul", first[3] && first[3] !== "1" ? { start: first[3] } : null);
  while (!lines.isOver) {
    const match = BULLET.exec(lines.line);
    if (!match || match[1].length < indent) break;
    if (match[1].length > indent + 1 && node.lastElementChild) {
      node.lastElementChild.appendChild(list(lines, match[1].length));
      continue;
    }
    lines.at += 1;
    const more = lines.take((line) => /^\s+\S/.test(line) && !BULLET.test(line)).map((line) => line.trim());
    const box = /^\[([ xX])\] /.exec(match[4]);
    const text = [box ? match[4].slice(4) : match[4], ...more].join("\n");
    node.appendChild(h("li", null, box ? (box[1] === " " ? "☐ " : "☑ ") : null, spans(text)));
  }
  return node;
}

/**
 * @param {Lines} lines
 * @returns {Node | null}
 */
function block(lines) {
  const { line } = lines;
  const heading = /^(#{1,6})\s+(.*?)\s*#*$/.exec(line);
  const fence = /^\s*(```+|~~~+)/.exec(line);
  if (!line.trim()) {
    lines.at += 1;
    return null;
  }
  if (heading) {
    lines.at += 1;
    return h(`h${Math.min(heading[1].length + 1, 6)}`, { class: `md-${heading[1].length}` }, spans(heading[2]));
  }
  if (fence) {
    lines.at += 1;
    const code = lines.take((inside) => !inside.trim().startsWith(fence[1]));
    lines.at += 1;
    return preformatted(code.join("\n"));
  }
  if (/^\s*([-*_])(\s*\1){2,}\s*$/.test(line)) {
    lines.at += 1;
    return h("hr");
  }
  if (/^\s*>/.test(line)) {
    const inside = lines.take((one) => /^\s*>/.test(one)).map((one) => one.replace(/^\s*> ?/, ""));
    return h("blockquote", null, markdown(inside.join("\n")));
  }
  if (line.includes("|") && /^\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$/.test(lines.lines[lines.at + 1] ?? "")) {
    const rows = lines.take((one) => one.includes("|")).map(cells);
    const aligns = rows[1].map((cell) => (/^:-+:$/.test(cell) ? "center" : cell.endsWith(":") ? "right" : "left"));
    return tableOf(
      [rows[0], ...rows.slice(2)].map((row) =>
        row.map((cell, index) => ({ nodes: spans(cell), align: aligns[index] })),
      ),
    );
  }
  if (BULLET.test(line)) return list(lines, /^\s*/.exec(line)?.[0].length ?? 0);
  const start = lines.at;
  lines.at += 1;
  lines.take((one) => Boolean(one.trim()) && !/^(#{1,6}\s|\s*(```|~~~)|\s*>)/.test(one) && !BULLET.test(one));
  return h("p", null, spans(lines.lines.slice(start, lines.at).join("\n")));
}

/**
 * @param {string} text
 * @returns {Node[]}
 */
export function markdown(text) {
  const lines = new Lines(text);
  /** @type {Node[]} */
  const nodes = [];
  while (!lines.isOver) {
    const made = block(lines);
    if (made) nodes.push(made);
  }
  return nodes;
}
