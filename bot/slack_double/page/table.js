/**
 * Tables that scroll by themselves and never widen what they stand in.
 * @module
 */

import { h } from "./dom.js";
import { richText } from "./richtext.js";

/** @typedef {{nodes: Node[], align?: string, isWrapped?: boolean}} Cell */

/** @param {Node[]} nodes */
function isShort(nodes) {
  return nodes.reduce((length, node) => length + (node.textContent?.length ?? 0), 0) <= 20;
}

/**
 * @param {Cell[][]} rows the first one is the heading
 * @returns {HTMLElement}
 */
export function tableOf(rows) {
  const cell =
    (/** @type {string} */ tag) =>
    (/** @type {Cell} */ { nodes, align, isWrapped }) =>
      h(
        tag,
        {
          class: `align-${align ?? "left"}${isWrapped === false || (!isWrapped && isShort(nodes)) ? " no-wrap" : ""}`,
          scope: tag === "th" ? "col" : null,
        },
        nodes,
      );
  const [head = [], ...body] = rows;
  const table = h(
    "table",
    null,
    h("thead", null, h("tr", null, head.map(cell("th")))),
    h(
      "tbody",
      null,
      body.map((row) => h("tr", null, row.map(cell("td")))),
    ),
  );
  const label = `Table: ${head.map(({ nodes }) => nodes.map((node) => node.textContent).join("")).join(", ")}`;
  return h("div", { class: "table-frame", role: "region", tabindex: "0", "aria-label": label }, table);
}

/**
 * @param {any} cell
 * @returns {Node[]}
 */
function content(cell) {
  if (cell.type === "rich_text") return richText(cell);
  if (cell.type === "raw_number") return [document.createTextNode(cell.text ?? cell.value.toLocaleString())];
  return [document.createTextNode(cell.text ?? "")];
}

/**
 * A `table` block.
 * @param {any} block
 */
export function table(block) {
  const columns = block.column_settings ?? [];
  return tableOf(
    block.rows.map((/** @type {any[]} */ row) =>
      row.map((cell, index) => ({
        nodes: content(cell),
        align: columns[index]?.align ?? (cell.type === "raw_number" ? "right" : "left"),
        isWrapped: columns[index]?.is_wrapped,
      })),
    ),
  );
}
