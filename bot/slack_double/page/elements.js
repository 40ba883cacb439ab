/**
 * Everything in a block that can be pressed, chosen or filled in.
 * @module
 */

import { freshId, h, icon } from "./dom.js";
import { placeBehind, spoken } from "./mrkdwn.js";
import { names } from "./names.js";
import { openMenu, textNodes } from "./popups.js";

/**
 * Where elements stand: a message, a modal or the Home tab.
 * @typedef {object} Surface
 * @property {(block: any, element: any, value: any, node: HTMLElement) => Promise<boolean>} act
 *   use an element; false if it was not used after all
 * @property {(block: any, element: any) => any} known what was entered here before; undefined if nothing was
 * @property {(block: any, element: any, value: any) => void} remember
 */

/** @typedef {string | number | string[] | null} Value */
/** @typedef {{id: string, describedBy?: string, label?: string, isRequired?: boolean, onChange: (value: Value) => void}} Wiring */

/** Where a view's state and an element's definition keep the value. @type {Record<string, string>} */
const FIELDS = {
  plain_text_input: "value",
  number_input: "value",
  email_text_input: "value",
  url_text_input: "value",
  static_select: "option",
  radio_buttons: "option",
  checkboxes: "options",
  multi_static_select: "options",
  users_select: "user",
  multi_users_select: "users",
  channels_select: "channel",
  multi_channels_select: "channels",
  conversations_select: "conversation",
  multi_conversations_select: "conversations",
  datepicker: "date",
  timepicker: "time",
  datetimepicker: "date_time",
};

/**
 * What an element holds before anybody touches it here.
 * @param {any} element
 * @param {any} [state] what the workspace knows was entered
 * @returns {Value}
 */
export function startingValue(element, state) {
  const field = FIELDS[element.type];
  if (!field) return null;
  const given = state ? state[field === "value" ? field : `selected_${field}`] : element[`initial_${field}`];
  if (Array.isArray(given)) return given.map((one) => (typeof one === "string" ? one : one.value));
  if (given === undefined || given === null) return field.endsWith("s") ? [] : null;
  return typeof given === "object" ? given.value : given;
}

/** @param {any} element */
export function isField(element) {
  return element.type in FIELDS;
}

/** @param {any} element */
function optionsOf(element) {
  return element.option_groups
    ? element.option_groups.flatMap((/** @type {any} */ group) => group.options)
    : (element.options ?? []);
}

/**
 * The choices of a menu in groups: people and channels are filled in from the workspace.
 * @param {any} element
 * @returns {{label: string, options: {value: string, text: string}[]}[]}
 */
function choices(element) {
  const kind = element.type.replace("multi_", "");
  const said = (/** @type {any} */ option) => ({ value: option.value, text: option.text.text });
  if (element.option_groups)
    return element.option_groups.map((/** @type {any} */ group) => ({
      label: group.label.text,
      options: group.options.map(said),
    }));
  if (kind === "users_select") {
    const people = [...names.users.values()].filter((user) => !user.deleted && !user.is_bot);
    return [
      {
        label: "",
        options: people.map((user) => ({ value: user.id, text: `${names.real(user.id)} (@${user.name})` })),
      },
    ];
  }
  if (kind === "channels_select" || kind === "conversations_select") {
    const isOnlyPublic = kind === "channels_select";
    const shown = [...names.channels.values()].filter(
      (channel) => !channel.is_im && !channel.is_archived && !(isOnlyPublic && channel.is_private),
    );
    return [{ label: "", options: shown.map((channel) => ({ value: channel.id, text: `#${channel.name}` })) }];
  }
  return [{ label: "", options: optionsOf(element).map(said) }];
}

/** @param {HTMLSelectElement} select */
function optionsIn(select) {
  return [...select.options].map((option) => option.value);
}

/** @param {string} id */
function nameOf(id) {
  if (names.users.has(id)) return `${names.real(id)} (@${names.user(id)})`;
  const channel = names.channel(id);
  return channel ? `#${channel}` : id;
}

/**
 * @param {any} element
 * @param {Value} value
 * @param {Wiring} wiring
 * @returns {HTMLElement}
 */
function singleMenu(element, value, wiring) {
  const empty = h("option", { value: "" }, element.placeholder?.text ?? "Choose…");
  const select = /** @type {HTMLSelectElement} */ (h("select", attributes("select", wiring), empty));
  for (const { label, options } of choices(element)) {
    const made = options.map(({ value, text }) => h("option", { value }, text));
    select.append(...(label ? [h("optgroup", { label }, made)] : made));
  }
  // What the app chose may be nothing one could choose oneself, a private channel for example.
  if (value && !optionsIn(select).includes(String(value)))
    select.append(h("option", { value: String(value) }, nameOf(String(value))));
  select.value = String(value ?? "");
  select.addEventListener("change", () => wiring.onChange(select.value || null));
  return select;
}

/**
 * @param {string} look
 * @param {Wiring} wiring
 */
function attributes(look, wiring) {
  return {
    id: wiring.id,
    class: look,
    "aria-label": wiring.label,
    "aria-describedby": wiring.describedBy,
    "aria-required": wiring.isRequired ? "true" : null,
  };
}

/**
 * Boxes to tick, or one of several to choose.
 * @param {any} element
 * @param {Value} value
 * @param {Wiring} wiring
 * @returns {HTMLElement}
 */
function boxes(element, value, wiring) {
  const isSingle = element.type === "radio_buttons";
  const name = freshId("boxes");
  const isMenu = element.type.startsWith("multi_");
  const options = isMenu
    ? choices(element).flatMap(({ options }) =>
        options.map(({ value, text }) => ({ value, text: { type: "plain_text", text } })),
      )
    : optionsOf(element);
  const chosen = new Set(Array.isArray(value) ? value : [String(value ?? "")]);
  const group = h("div", {
    ...attributes(isMenu ? "boxes boxes-menu" : "boxes", wiring),
    "aria-required": null,
    role: isSingle ? "radiogroup" : "group",
  });
  for (const option of options) {
    const box = /** @type {HTMLInputElement} */ (
      h("input", { type: isSingle ? "radio" : "checkbox", name, value: option.value })
    );
    box.checked = chosen.has(option.value);
    const description = option.description ? h("span", { class: "box-hint" }, textNodes(option.description)) : null;
    group.appendChild(
      h("label", { class: "box" }, box, h("span", { class: "box-text" }, textNodes(option.text), description)),
    );
  }
  group.addEventListener("change", () => {
    const ticked = /** @type {HTMLInputElement[]} */ ([...group.querySelectorAll("input:checked")]).map(
      (box) => box.value,
    );
    wiring.onChange(isSingle ? (ticked[0] ?? null) : ticked);
  });
  return group;
}

/** @param {number} seconds */
function localMoment(seconds) {
  const at = new Date(seconds * 1000);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/**
 * @param {any} element
 * @param {Value} value
 * @param {Wiring} wiring
 * @returns {HTMLElement}
 */
function picker(element, value, wiring) {
  const isMoment = element.type === "datetimepicker";
  const type = isMoment ? "datetime-local" : element.type === "datepicker" ? "date" : "time";
  const input = /** @type {HTMLInputElement} */ (h("input", { ...attributes("input input-short", wiring), type }));
  input.value = isMoment && value ? localMoment(Number(value)) : String(value ?? "");
  let last = input.value;
  // A date being typed changes with every digit; it counts once it is whole and left.
  const settle = () => {
    if (input.value === last) return;
    last = input.value;
    wiring.onChange(!last ? null : isMoment ? Math.floor(new Date(last).getTime() / 1000) : last);
  };
  input.addEventListener("blur", settle);
  input.addEventListener("change", () => {
    if (document.activeElement !== input || !input.value) settle();
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter") settle();
  });
  return input;
}

/** @type {Record<string, string>} */
const INPUT_TYPES = { email_text_input: "email", url_text_input: "url" };

/**
 * @param {any} element
 * @param {Value} value
 * @param {Wiring} wiring
 * @returns {HTMLElement}
 */
function typed(element, value, wiring) {
  const props = { ...attributes("input", wiring), placeholder: element.placeholder?.text, autocomplete: "off" };
  const isNumber = element.type === "number_input";
  const kind = {
    type: INPUT_TYPES[element.type] ?? "text",
    inputmode: isNumber ? (element.is_decimal_allowed ? "decimal" : "numeric") : null,
  };
  const input = /** @type {HTMLInputElement} */ (
    element.multiline ? h("textarea", { ...props, rows: 4 }) : h("input", { ...props, ...kind })
  );
  input.value = String(value ?? "");
  input.addEventListener("input", () => wiring.onChange(input.value || null));
  return input;
}

/**
 * Something that holds a value.
 * @param {any} element
 * @param {Value} value
 * @param {Wiring} wiring
 * @returns {HTMLElement}
 */
export function field(element, value, wiring) {
  const { type } = element;
  if (type === "checkboxes" || type === "radio_buttons" || type.startsWith("multi_"))
    return boxes(element, value, wiring);
  if (type.endsWith("_select")) return singleMenu(element, value, wiring);
  if (type.endsWith("picker")) return picker(element, value, wiring);
  return typed(element, value, wiring);
}

/**
 * Go where a button or a line of a menu leads.
 * @param {string} address
 */
function follow(address) {
  const here = placeBehind(address);
  if (here) window.location.hash = here;
  else if (/^(https?|mailto|tel):/i.test(address)) window.open(address, "_blank", "noopener,noreferrer");
}

/**
 * @param {Surface} surface
 * @param {any} block
 * @param {any} element
 * @returns {HTMLElement}
 */
function button(surface, block, element) {
  const look = { primary: " button-primary", danger: " button-danger" }[/** @type {string} */ (element.style)] ?? "";
  const props = {
    type: "button",
    class: `button${look}`,
    "aria-label": element.accessibility_label,
    data: { key: keyOf(block, element) },
  };
  const node = h(
    "button",
    props,
    element.text.text,
    element.url && !placeBehind(element.url) ? h("span", { class: "visually-hidden" }, " (opens in a new tab)") : null,
  );
  node.addEventListener("click", async () => {
    if (node.getAttribute("aria-disabled") === "true") return;
    if (element.url) follow(element.url);
    await surface.act(block, element, element.value ?? null, node);
  });
  return node;
}

/**
 * @param {Surface} surface
 * @param {any} block
 * @param {any} element
 * @param {string} about
 * @returns {HTMLElement}
 */
function overflow(surface, block, element, about) {
  const label = about ? `More: ${about.slice(0, 80)}` : "More";
  const props = {
    type: "button",
    class: "button button-more",
    "aria-label": label,
    title: "More",
    "aria-haspopup": "menu",
    "aria-expanded": "false",
    data: { key: keyOf(block, element) },
  };
  const node = h("button", props, icon("more"));
  node.addEventListener("click", () => {
    if (node.getAttribute("aria-disabled") === "true") return;
    const items = element.options.map((/** @type {any} */ option) => ({
      label: textNodes(option.text),
      hint: option.description?.text,
      pick: async () => {
        if (option.url) follow(option.url);
        await surface.act(block, { ...element, saying: option.text.text }, option.value, node);
      },
    }));
    openMenu(node, label, items);
  });
  return node;
}

/**
 * Names an element across a redraw of what it stands in.
 * @param {any} block
 * @param {any} element
 */
export function keyOf(block, element) {
  return `${block.block_id}/${element.action_id}`;
}

/**
 * Any interactive element of an actions block or beside a section.
 * @param {Surface} surface
 * @param {any} block
 * @param {any} element
 * @returns {HTMLElement}
 */
export function interactive(surface, block, element) {
  const about = block.text ? spoken(block.text.text).split("\n")[0] : "";
  if (element.type === "button") return button(surface, block, element);
  if (element.type === "overflow") return overflow(surface, block, element, about);
  const known = surface.known(block, element);
  let value = known === undefined ? startingValue(element) : known;
  const label = [about, element.placeholder?.text].filter(Boolean).join(": ") || "Choose";
  const slot = h("div", { class: "element" });
  const draw = () => {
    const node = field(element, value, {
      id: freshId("element"),
      label,
      onChange: async (chosen) => {
        const isUsed = await surface.act(block, element, chosen, node);
        if (isUsed) {
          value = chosen;
          surface.remember(block, element, chosen);
        } else {
          draw();
          /** @type {HTMLElement | null} */ (slot.firstElementChild)?.focus();
        }
      },
    });
    node.dataset.key = keyOf(block, element);
    slot.replaceChildren(node);
  };
  draw();
  return slot;
}

/** @type {Record<string, [RegExp, string]>} */
const FORMATS = {
  email_text_input: [/^[^@\s]+@[^@\s]+\.[^@\s]+$/, "Please enter a valid e-mail address."],
  url_text_input: [/^https?:\/\/\S+$/, "Please enter an address that begins with https:// or http://."],
};

/**
 * What is wrong with a value before it is sent; nothing if it may go.
 * @param {any} block an input block
 * @param {Value} value
 * @returns {string}
 */
export function complaint(block, value) {
  const { element } = block;
  const isEmpty = value === null || value === "" || (Array.isArray(value) && !value.length);
  if (isEmpty) return block.optional ? "" : "Please complete this required field.";
  if (Array.isArray(value)) {
    const most = element.max_selected_items ?? 100;
    return value.length > most ? `Please choose at most ${most}.` : "";
  }
  const text = String(value);
  if (element.type === "number_input") return wrongNumber(element, text);
  const [format, said] = FORMATS[element.type] ?? [];
  if (format && !format.test(text)) return said ?? "";
  if (FIELDS[element.type] !== "value") return "";
  const length = [...text].length;
  const most = element.max_length ?? 3000;
  if (element.min_length && length < element.min_length) return `Please use at least ${element.min_length} characters.`;
  return length > most ? `Please use at most ${most} characters; there are ${length}.` : "";
}

/**
 * @param {any} element
 * @param {string} text
 */
function wrongNumber(element, text) {
  if (!(element.is_decimal_allowed ? /^-?\d+(\.\d+)?$/ : /^-?\d+$/).test(text))
    return element.is_decimal_allowed ? "Please enter a number." : "Please enter a whole number.";
  if (element.min_value !== undefined && Number(text) < Number(element.min_value))
    return `Please enter a number of at least ${element.min_value}.`;
  if (element.max_value !== undefined && Number(text) > Number(element.max_value))
    return `Please enter a number of at most ${element.max_value}.`;
  return "";
}
