/**
 * Building the document: nodes only, never HTML out of strings.
 * @module
 */

/** @typedef {Node | string | number | null | undefined | false | Child[]} Child */

/**
 * Make an element. `on` holds listeners, `data` the data attributes; true and false set or leave out an attribute.
 * @param {string} tag
 * @param {Record<string, any> | null} [props]
 * @param {...Child} children
 * @returns {HTMLElement}
 */
export function h(tag, props, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "on") {
      for (const [event, listener] of Object.entries(value)) node.addEventListener(event, listener);
    } else if (name === "data") {
      for (const [key, entry] of Object.entries(value)) if (entry !== undefined) node.dataset[key] = String(entry);
    } else if (name === "value") {
      /** @type {HTMLInputElement} */ (node).value = value;
    } else {
      node.setAttribute(name, value === true ? "" : String(value));
    }
  }
  fill(node, children);
  return node;
}

/**
 * Append children, leaving out what is empty.
 * @param {Node} node
 * @param {Child[]} children
 */
export function fill(node, children) {
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue;
    if (Array.isArray(child)) fill(node, child);
    else node.appendChild(child instanceof Node ? child : document.createTextNode(String(child)));
  }
}

/**
 * Put other children into an element.
 * @param {Element} node
 * @param {...Child} children
 */
export function replace(node, ...children) {
  const fragment = document.createDocumentFragment();
  fill(fragment, children);
  node.replaceChildren(fragment);
}

/**
 * Text as it is, in equal widths; reachable by keyboard where it may have to be scrolled.
 * @param {...Child} children
 */
export function preformatted(...children) {
  const node = h("pre", null, h("code", null, children));
  const lines = (node.textContent ?? "").split("\n");
  if (lines.length > 14 || lines.some((line) => line.length > 36)) node.tabIndex = 0;
  return node;
}

/**
 * The element with this id, which the page always has.
 * @param {string} id
 * @returns {HTMLElement}
 */
export function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return found;
}

/**
 * Draw something anew, and give the focus back to the part of it that had it: parts are known by their `data-key`.
 * @param {HTMLElement} frame
 * @param {() => void} draw
 */
export function keepingFocus(frame, draw) {
  const active = /** @type {HTMLElement | null} */ (document.activeElement);
  const key = active && frame.contains(active) ? active.dataset.key : undefined;
  draw();
  if (key) keyed(frame, key)?.focus({ preventScroll: true });
}

/**
 * The part of something with this `data-key`.
 * @param {Element} frame
 * @param {string} key
 * @returns {HTMLElement | null}
 */
export function keyed(frame, key) {
  return frame.querySelector(`[data-key="${CSS.escape(key)}"]`);
}

let lastId = 0;

/**
 * An id nobody else has, to tie labels to their fields.
 * @param {string} prefix
 */
export function freshId(prefix) {
  lastId += 1;
  return `${prefix}-${lastId}`;
}

const SVG = "http://www.w3.org/2000/svg";
/** @type {Record<string, string[]>} */
const ICONS = {
  hash: ["M9 4 7 20", "M17 4 15 20", "M4 9h16", "M3.5 15h16"],
  lock: ["M6 11h12v9H6z", "M9 11V8a3 3 0 0 1 6 0v3"],
  archive: ["M4 5h16v4H4z", "M6 9v10h12V9", "M10 13h4"],
  close: ["M6 6l12 12", "M18 6 6 18"],
  menu: ["M4 7h16", "M4 12h16", "M4 17h16"],
  more: [
    "M5 12a.8.8 0 1 0 1.6 0 .8.8 0 1 0-1.6 0",
    "M11.2 12a.8.8 0 1 0 1.6 0 .8.8 0 1 0-1.6 0",
    "M17.4 12a.8.8 0 1 0 1.6 0 .8.8 0 1 0-1.6 0",
  ],
  send: ["M5 12 20 4l-4 16-4-7z", "M12 13l8-9"],
  sun: [
    "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8z",
    "M12 2v3",
    "M12 19v3",
    "M2 12h3",
    "M19 12h3",
    "m5 5 2 2",
    "m17 17 2 2",
    "m5 19 2-2",
    "m17 7 2-2",
  ],
  moon: ["M20 14.5A8 8 0 1 1 9.5 4a6.5 6.5 0 0 0 10.5 10.5z"],
  help: ["M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z", "M9.5 9.5a2.5 2.5 0 1 1 3.5 2.3c-.7.3-1 .8-1 1.7", "M12 17h.01"],
  home: ["m4 11 8-7 8 7", "M6 10v10h12V10", "M10 20v-6h4v6"],
  chat: ["M4 5h16v11H10l-5 4v-4H4z"],
  thread: ["M20 12a8 7 0 0 1-11.5 6.3L4 20l1.400-4A7 7 0 1 1 20 12z"],
  flag: ["M5 21V4", "M5 5h13l-3 4 3 4H5"],
  bolt: ["M13 3 5 14h6l-1 7 8-11h-6z"],
  eye: ["M2.5 12S6 6 12 6s9.5 6 9.5 6-3.5 6-9.5 6-9.5-6-9.5-6z", "M12 9.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5z"],
  people: [
    "M9 5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7z",
    "M2.5 20c.5-4 3-6 6.5-6s6 2 6.5 6",
    "M16 5.5a3.5 3.5 0 0 1 0 6.5",
    "M18 14.5c2 .8 3.2 2.600 3.5 5.5",
  ],
  warn: ["M12 4 2.5 20h19z", "M12 10v4", "M12 17h.01"],
  file: ["M6 3h8l4 4v14H6z", "M14 3v4h4"],
  down: ["m6 9 6 6 6-6"],
  back: ["M19 12H5", "m11 6-6 6 6 6"],
};

/**
 * A drawn sign; what it means is always said beside it in words.
 * @param {string} name
 * @returns {SVGElement}
 */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  for (const line of ICONS[name] ?? []) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", line);
    svg.appendChild(path);
  }
  return svg;
}

/**
 * A button that shows a sign alone and says its name to screen readers and under the pointer.
 * @param {string} sign
 * @param {string} label
 * @param {(event: Event) => void} onClick
 * @param {Record<string, any>} [props]
 */
export function iconButton(sign, label, onClick, props = {}) {
  return h(
    "button",
    { type: "button", class: "icon-button", "aria-label": label, title: label, on: { click: onClick }, ...props },
    icon(sign),
  );
}
