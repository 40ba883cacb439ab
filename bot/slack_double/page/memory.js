/**
 * What this browser keeps: what was read, what was typed, what was dismissed.
 * @module
 */

const PREFIX = "workspace:";

/**
 * @template T
 * @param {string} name
 * @param {T} otherwise
 * @returns {T}
 */
export function recall(name, otherwise) {
  try {
    const kept = localStorage.getItem(PREFIX + name);
    return kept === null ? otherwise : JSON.parse(kept);
  } catch {
    return otherwise;
  }
}

/**
 * @param {string} name
 * @param {unknown} value
 */
export function keep(name, value) {
  try {
    localStorage.setItem(PREFIX + name, JSON.stringify(value));
  } catch {
    // Storage may be full or switched off; the page works without it.
  }
}

/** The theme, kept as plain text so that the script before the first paint need not parse it. */
export const theme = {
  isDark() {
    const set = document.documentElement.dataset.theme;
    return set ? set === "dark" : window.matchMedia("(prefers-color-scheme: dark)").matches;
  },
  toggle() {
    const next = theme.isDark() ? "light" : "dark";
    document.documentElement.dataset.theme = next;
    try {
      localStorage.setItem(`${PREFIX}theme`, next);
    } catch {
      // As above.
    }
  },
};

/** How far each person has read, by conversation. */
export class ReadMarks {
  /**
   * @param {string} person
   * @param {string} since the stamp of the first visit: what was there before counts as read
   */
  constructor(person, since) {
    this.name = `read:${person}`;
    const first = recall("since", "");
    if (!first) keep("since", since);
    this.since = first || since;
    /** @type {Record<string, string>} */
    this.marks = recall(this.name, {});
  }

  /** @param {string} channel */
  of(channel) {
    return this.marks[channel] ?? this.since;
  }

  /**
   * @param {string} channel
   * @param {string} ts
   */
  mark(channel, ts) {
    if (ts <= this.of(channel)) return false;
    this.marks[channel] = ts;
    keep(this.name, this.marks);
    return true;
  }
}

/** What was sent before, to come back with the Up key. */
export class Sent {
  /** @param {string} person */
  constructor(person) {
    this.name = `sent:${person}`;
    /** @type {string[]} */
    this.texts = recall(this.name, []);
  }

  /** @param {string} text */
  add(text) {
    this.texts = [...this.texts.filter((one) => one !== text), text].slice(-60);
    keep(this.name, this.texts);
  }
}
