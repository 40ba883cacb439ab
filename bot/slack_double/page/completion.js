/**
 * What can be completed while somebody types: commands and their words, people, channels.
 * @module
 */

import { names } from "./names.js";

/** @typedef {import("./store.js").Command} Command */
/** @typedef {{label: string, detail: string, insert: string, from: number, isChosenAtOnce: boolean}} Suggestion */
/** @typedef {{title: string, suggestions: Suggestion[]}} Suggestions */

const MOST = 50;

/**
 * The ways a command can be written, from its usage hint: "engage [REASON] | release REASON".
 * @param {Command} command
 */
export function usages(command) {
  return (command.usage_hint ?? "")
    .split(/\s+\|\s+/)
    .map((usage) => usage.trim())
    .filter(Boolean);
}

/**
 * @param {string} text
 * @param {Command[]} commands
 * @returns {Suggestions | null}
 */
function commandNames(text, commands) {
  const typed = text.slice(1).toLowerCase();
  const starting = commands.filter(({ command }) => command.slice(1).toLowerCase().startsWith(typed));
  const other =
    typed.length > 1
      ? commands.filter(
          (one) => !starting.includes(one) && `${one.command} ${one.description}`.toLowerCase().includes(typed),
        )
      : [];
  const suggestions = [...starting, ...other].map((one) => ({
    label: one.command,
    detail: one.description,
    insert: `${one.command} `,
    from: 0,
    isChosenAtOnce: true,
  }));
  return suggestions.length ? { title: "Commands", suggestions } : null;
}

/**
 * The word a usage begins with, to be typed as it stands; none where it begins with an argument or is a remark.
 * @param {string} usage
 */
function literal(usage) {
  return /^[a-z][\w-]*(?=$|\s+[^a-z\s])/.exec(usage)?.[0] ?? "";
}

/**
 * @param {string} text
 * @param {Command} command
 * @returns {Suggestions | null}
 */
function commandWords(text, command) {
  const rest = text.slice(command.command.length + 1);
  const fitting = usages(command).filter((usage) => {
    const word = literal(usage);
    return rest.includes(" ") ? word && rest.startsWith(`${word} `) : !rest || (word && word.startsWith(rest));
  });
  if (!fitting.length) return null;
  const suggestions = fitting.map((usage) => {
    const word = literal(usage);
    const insert = word && !rest.includes(" ") ? `${command.command} ${word} ` : text;
    const label = word || /^\W/.test(usage) ? `${command.command} ${usage}` : usage;
    return { label, detail: "", insert, from: 0, isChosenAtOnce: false };
  });
  return { title: command.description, suggestions };
}

/**
 * @param {string} typed
 * @param {number} from
 * @returns {Suggestions | null}
 */
function people(typed, from) {
  const fits = (/** @type {import("./names.js").User} */ user) =>
    `${user.name} ${user.real_name}`
      .toLowerCase()
      .split(/\s+/)
      .some((word) => word.startsWith(typed));
  const found = [...names.users.values()].filter((user) => !user.deleted && fits(user));
  const suggestions = found.map((user) => ({
    label: `@${user.name}`,
    detail: user.is_bot ? "app" : user.real_name,
    insert: `@${user.name} `,
    from,
    isChosenAtOnce: true,
  }));
  return suggestions.length ? { title: "People", suggestions } : null;
}

/**
 * @param {string} typed
 * @param {number} from
 * @returns {Suggestions | null}
 */
function channels(typed, from) {
  const found = [...names.channels.values()].filter((channel) => !channel.is_im && channel.name?.includes(typed));
  const suggestions = found.map((channel) => ({
    label: `#${channel.name}`,
    detail: channel.is_private ? "private" : "",
    insert: `#${channel.name} `,
    from,
    isChosenAtOnce: true,
  }));
  return suggestions.length ? { title: "Channels", suggestions } : null;
}

/**
 * What fits at the cursor.
 * @param {string} text
 * @param {number} cursor
 * @param {Command[]} commands
 * @returns {Suggestions | null}
 */
export function suggest(text, cursor, commands) {
  const before = text.slice(0, cursor);
  const sign = /(?:^|\s)([@#])([\w.-]*)$/.exec(before);
  let found = null;
  if (sign) found = (sign[1] === "@" ? people : channels)(sign[2].toLowerCase(), cursor - sign[2].length - 1);
  else if (/^\/[\w-]*$/.test(before) && cursor === text.length) found = commandNames(before, commands);
  else if (before.startsWith("/")) {
    const command = commands.find(({ command }) => before.startsWith(`${command} `));
    found = command ? commandWords(before, command) : null;
  }
  return found ? { ...found, suggestions: found.suggestions.slice(0, MOST) } : null;
}
