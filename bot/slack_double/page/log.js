/**
 * The messages of one conversation or thread, in the order of their stamps.
 * @module
 */

/** @typedef {{ts: string, user: string, text: string, blocks?: any[], attachments?: any[], files?: any[], edited?: any, thread_ts?: string, subtype?: string, bot_id?: string, is_ephemeral?: boolean, is_notice?: boolean, reply_count?: number, reply_users?: string[], latest_reply?: string}} Message */

export class Log {
  constructor() {
    /** @type {Map<string, Message>} */
    this.messages = new Map();
    /** @type {string[]} */
    this.order = [];
    this.hasEarlier = false;
    this.isLoaded = false;
    /** What changed while older messages were on their way. @type {Set<string>} */
    this.touched = new Set();
  }

  /** @param {string} ts */
  get(ts) {
    return this.messages.get(ts);
  }

  get last() {
    return this.order.at(-1);
  }

  /** @param {Message} message */
  put(message) {
    this.touched.add(message.ts);
    this.#insert(message);
  }

  /** @param {Message} message */
  #insert(message) {
    if (!this.messages.has(message.ts)) {
      let at = this.order.length;
      while (at > 0 && this.order[at - 1] > message.ts) at -= 1;
      this.order.splice(at, 0, message.ts);
    }
    this.messages.set(message.ts, message);
  }

  /** @param {string} ts */
  drop(ts) {
    this.touched.add(ts);
    if (!this.messages.delete(ts)) return false;
    this.order.splice(this.order.indexOf(ts), 1);
    return true;
  }

  /**
   * Take in what was read; what has changed since it was asked for is newer and stays.
   * @param {Message[]} messages
   * @param {boolean} hasEarlier
   */
  merge(messages, hasEarlier) {
    for (const message of messages) if (!this.touched.has(message.ts)) this.#insert(message);
    this.hasEarlier = hasEarlier;
    this.isLoaded = true;
    this.touched.clear();
  }

  /**
   * Forget the oldest, which can be read again.
   * @param {number} most
   */
  trim(most) {
    const extra = this.order.length - most;
    if (extra <= 0) return;
    for (const ts of this.order.splice(0, extra)) this.messages.delete(ts);
    this.hasEarlier = true;
  }
}
