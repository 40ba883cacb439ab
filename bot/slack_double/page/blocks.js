/**
 * Block Kit blocks into nodes.
 * @module
 */

import { freshId, h, icon } from "./dom.js";
import { field, interactive, isField, keyOf, startingValue } from "./elements.js";
import { markdown } from "./markdown.js";
import { link, mrkdwn } from "./mrkdwn.js";
import { textNodes } from "./popups.js";
import { richText } from "./richtext.js";
import { table } from "./table.js";

/** @typedef {import("./elements.js").Surface & {errors?: Record<string, string>, heading?: string}} Surface `heading`: h2 where nothing else is given */

/**
 * The address of an image on this machine; nothing for one elsewhere, which is not fetched.
 * @param {any} image
 * @returns {string | null}
 */
function localAddress(image) {
  if (image.slack_file?.id) return `/files/${encodeURIComponent(image.slack_file.id)}`;
  const given = image.slack_file?.url ?? image.image_url;
  try {
    const address = new URL(given, window.location.href);
    return address.origin === window.location.origin ? address.pathname : null;
  } catch {
    return null;
  }
}

/**
 * A picture, or what it would say where it cannot be shown.
 * @param {any} image
 * @param {string} look
 * @returns {HTMLElement}
 */
export function picture(image, look) {
  const address = localAddress(image);
  if (!address) {
    const shown = image.image_url ? link(image.image_url, "open the image") : null;
    return h(
      "span",
      { class: `${look} image-away` },
      icon("file"),
      h("span", null, image.alt_text, shown ? [" (", shown, ")"] : null),
    );
  }
  const node = /** @type {HTMLImageElement} */ (
    h("img", { class: look, src: address, alt: image.alt_text ?? "", loading: "lazy", decoding: "async" })
  );
  node.addEventListener(
    "error",
    () => node.replaceWith(h("span", { class: `${look} image-away` }, icon("file"), h("span", null, image.alt_text))),
    { once: true },
  );
  return node;
}

/**
 * Names in bold beside values, as cards list facts; else the two even columns of any fields.
 * @param {any[]} fields
 * @returns {HTMLElement}
 */
function columns(fields) {
  const isFacts =
    fields.length % 2 === 0 &&
    fields.every(
      (text, index) => index % 2 === 1 || (text.type === "mrkdwn" && /^\*[^*\n]+\*$/.test(text.text.trim())),
    );
  if (!isFacts)
    return h(
      "div",
      { class: "fields" },
      fields.map((text) => h("div", { class: "text" }, textNodes(text))),
    );
  const rows = [];
  for (let at = 0; at < fields.length; at += 2) {
    const name = { ...fields[at], text: fields[at].text.trim().slice(1, -1) };
    rows.push(
      h(
        "div",
        { class: "fact" },
        h("dt", null, textNodes(name)),
        h("dd", { class: "text" }, textNodes(fields[at + 1])),
      ),
    );
  }
  return h("dl", { class: "facts" }, rows);
}

/**
 * @param {any} block
 * @param {Surface} surface
 */
function section(block, surface) {
  const said = [
    block.text ? h("div", { class: "text" }, textNodes(block.text)) : null,
    block.fields ? columns(block.fields) : null,
  ];
  const { accessory } = block;
  if (!accessory) return h("div", { class: "block-section" }, said);
  const beside =
    accessory.type === "image" ? picture(accessory, "accessory-image") : interactive(surface, block, accessory);
  return h(
    "div",
    { class: "block-section has-accessory" },
    h("div", { class: "section-main" }, said),
    h("div", { class: "accessory" }, beside),
  );
}

/** @param {any} block */
function context(block) {
  const parts = block.elements.map((/** @type {any} */ element) =>
    element.type === "image" ? picture(element, "context-image") : h("span", null, textNodes(element)),
  );
  return h("div", { class: "block-context" }, parts);
}

/**
 * @param {any} block
 * @param {Surface} surface
 */
function actions(block, surface) {
  return h(
    "div",
    { class: "block-actions" },
    block.elements.map((/** @type {any} */ element) => interactive(surface, block, element)),
  );
}

/** @param {any} block */
function image(block) {
  const shown = picture(block, "block-image");
  const address = localAddress(block);
  const whole = address
    ? h("a", { href: address, target: "_blank", rel: "noopener", class: "image-link" }, shown)
    : shown;
  return h("figure", null, block.title ? h("figcaption", null, block.title.text) : null, whole);
}

/**
 * One field of a form with its label, hint, and what is wrong with it.
 * @param {any} block
 * @param {Surface} surface
 */
function input(block, surface) {
  const { element } = block;
  const id = freshId("field");
  const known = surface.known(block, element);
  const error = surface.errors?.[block.block_id] ?? "";
  const isGroup = ["checkboxes", "radio_buttons"].includes(element.type) || element.type.startsWith("multi_");
  const hint = block.hint ? h("p", { class: "field-hint", id: `${id}-hint` }, block.hint.text) : null;
  const complaintLine = h("p", { class: "field-error", id: `${id}-error` }, error);
  const counter = element.max_length ? h("span", { class: "field-count", "aria-hidden": "true" }) : null;
  const count = (/** @type {any} */ value) => {
    const left = element.max_length - [...String(value ?? "")].length;
    if (counter) counter.textContent = left <= Math.max(20, element.max_length / 10) ? String(left) : "";
  };
  const starting = known === undefined ? startingValue(element) : known;
  count(starting);
  const node = field(element, starting, {
    id,
    label: undefined,
    describedBy: [`${id}-error`, hint ? `${id}-hint` : ""].filter(Boolean).join(" "),
    isRequired: !block.optional,
    onChange: (value) => {
      count(value);
      surface.remember(block, element, value);
      if (block.dispatch_action && element.type !== "plain_text_input") surface.act(block, element, value, node);
    },
  });
  if (block.dispatch_action && element.type === "plain_text_input") {
    node.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !element.multiline) {
        event.preventDefault();
        surface.act(block, element, /** @type {HTMLInputElement} */ (node).value || null, node);
      }
    });
  }
  node.dataset.key = keyOf(block, element);
  if (error) node.setAttribute("aria-invalid", "true");
  const said = [block.label.text, block.optional ? h("span", { class: "optional" }, " (optional)") : null];
  const label = isGroup
    ? h("span", { class: "field-label", id: `${id}-label` }, said)
    : h("label", { class: "field-label", for: id }, said);
  if (isGroup) node.setAttribute("aria-labelledby", `${id}-label`);
  const look = `block-input${error ? " has-error" : ""}`;
  return h(
    "div",
    { class: look, data: { block: block.block_id } },
    h("div", { class: "field-top" }, label, counter),
    node,
    complaintLine,
    hint,
  );
}

/**
 * @param {any} block
 * @param {Surface} surface
 * @returns {Node}
 */
function rendered(block, surface) {
  switch (block.type) {
    case "header":
      return h(surface.heading ?? "h2", { class: "block-header" }, block.text.text);
    case "section":
      return section(block, surface);
    case "context":
      return context(block);
    case "actions":
      return actions(block, surface);
    case "divider":
      return h("hr", { class: "block-divider" });
    case "image":
      return image(block);
    case "input":
      return input(block, surface);
    case "rich_text":
      return h("div", { class: "block-rich text" }, richText(block));
    case "markdown":
      return h("div", { class: "block-markdown" }, markdown(block.text));
    case "table":
      return table(block);
    default:
      return h("p", { class: "block-context" }, `A block of the kind "${block.type}" cannot be shown here.`);
  }
}

/**
 * @param {any[]} blocks
 * @param {Surface} surface
 * @returns {Node[]}
 */
export function renderBlocks(blocks, surface) {
  return blocks.map((block) => rendered(block, surface));
}

/**
 * Every field of a view that was there before anybody touched it, by block and action.
 * @param {any[]} blocks
 */
export function inputsOf(blocks) {
  return blocks.filter((block) => block.type === "input" && isField(block.element));
}

/**
 * A message's plain text.
 * @param {string} text
 */
export function plainMessage(text) {
  return h("div", { class: "text" }, mrkdwn(text, { links: true }));
}
