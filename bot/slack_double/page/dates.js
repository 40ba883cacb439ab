/**
 * Moments as the reader's own clock shows them.
 * @module
 */

let offset = 0;

/**
 * Take over the workspace's time, which a demo may have moved on.
 * @param {number} seconds
 */
export function setClock(seconds) {
  offset = seconds * 1000 - Date.now();
}

/** The workspace's time. */
export function now() {
  return new Date(Date.now() + offset);
}

/** @param {string} ts a message's stamp */
export function momentOf(ts) {
  return new Date(Number(ts) * 1000);
}

/** @type {Map<string, Intl.DateTimeFormat>} */
const formats = new Map();

/**
 * @param {Date} moment
 * @param {Intl.DateTimeFormatOptions} options
 */
function shown(moment, options) {
  const key = JSON.stringify(options);
  let format = formats.get(key);
  if (!format) formats.set(key, (format = new Intl.DateTimeFormat(undefined, options)));
  return format.format(moment);
}

/** @param {Date} moment */
export function clock(moment) {
  return shown(moment, { hour: "numeric", minute: "2-digit" });
}

/** @param {Date} moment */
export function full(moment) {
  return shown(moment, { dateStyle: "full", timeStyle: "medium" });
}

/** @param {Date} moment */
function daysAgo(moment) {
  const day = (/** @type {Date} */ date) => Date.UTC(date.getFullYear(), date.getMonth(), date.getDate()) / 86_400_000;
  return day(now()) - day(moment);
}

/** @param {Date} moment */
function nearDay(moment) {
  return { 0: "today", 1: "yesterday", "-1": "tomorrow" }[daysAgo(moment)] ?? null;
}

/**
 * The line between two days.
 * @param {Date} moment
 */
export function dayLabel(moment) {
  const near = nearDay(moment);
  if (near) return near[0].toUpperCase() + near.slice(1);
  const year = moment.getFullYear() === now().getFullYear() ? undefined : "numeric";
  return shown(moment, { weekday: "long", day: "numeric", month: "long", year });
}

/**
 * When something happened, short: the time today, else the day.
 * @param {Date} moment
 */
export function brief(moment) {
  const near = nearDay(moment);
  if (near === "today") return `today at ${clock(moment)}`;
  return near
    ? `${near} at ${clock(moment)}`
    : `${shown(moment, { day: "numeric", month: "short" })} at ${clock(moment)}`;
}

/** @param {Date} moment */
function ago(moment) {
  const seconds = Math.round((now().getTime() - moment.getTime()) / 1000);
  const size = Math.abs(seconds);
  const [count, unit] =
    size < 60
      ? [size, "second"]
      : size < 3600
        ? [Math.round(size / 60), "minute"]
        : size < 86_400
          ? [Math.round(size / 3600), "hour"]
          : [Math.round(size / 86_400), "day"];
  const said = `${count} ${unit}${count === 1 ? "" : "s"}`;
  return seconds >= 0 ? `${said} ago` : `in ${said}`;
}

/** @type {Record<string, (moment: Date) => string>} */
const TOKENS = {
  date_num: (moment) =>
    `${moment.getFullYear()}-${String(moment.getMonth() + 1).padStart(2, "0")}-${String(moment.getDate()).padStart(2, "0")}`,
  date: (moment) => shown(moment, { year: "numeric", month: "long", day: "numeric" }),
  date_short: (moment) => shown(moment, { year: "numeric", month: "short", day: "numeric" }),
  date_long: (moment) => shown(moment, { weekday: "long", year: "numeric", month: "long", day: "numeric" }),
  date_pretty: (moment) => nearDay(moment) ?? TOKENS.date(moment),
  date_short_pretty: (moment) => nearDay(moment) ?? shown(moment, { weekday: "short", month: "short", day: "numeric" }),
  date_long_pretty: (moment) => nearDay(moment) ?? TOKENS.date_long(moment),
  time: clock,
  time_secs: (moment) => shown(moment, { hour: "numeric", minute: "2-digit", second: "2-digit" }),
  ago,
};

/**
 * A moment by a format of tokens such as `{date_short} {time}`.
 * @param {number} seconds
 * @param {string} format
 */
export function formatted(seconds, format) {
  const moment = new Date(seconds * 1000);
  return format.replace(/\{(\w+)\}/g, (whole, name) => TOKENS[name]?.(moment) ?? whole);
}
