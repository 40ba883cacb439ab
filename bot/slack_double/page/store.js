/**
 * Everything the page knows, kept current by the live feed; the parts of the page listen for what concerns them.
 * @module
 */

import * as api from "./api.js";
import { momentOf, now, setClock } from "./dates.js";
import { Feed } from "./feed.js";
import { Log } from "./log.js";
import { ReadMarks, Sent } from "./memory.js";
import { names } from "./names.js";

/** @typedef {import("./log.js").Message} Message */
/** @typedef {{command: string, description: string, usage_hint: string}} Command */
/** @typedef {{name: string, type: string, callback_id: string, description: string}} Shortcut */

export const KEPT = 300;
const BACKGROUND = 120;
export const HOME = "home";
export const DM = "@bot";

export class Store {
  constructor() {
    this.me = "";
    this.bot = "";
    /** @type {Command[]} */
    this.commands = [];
    /** @type {Shortcut[]} */
    this.shortcuts = [];
    this.hasHomeTab = false;
    /** Whom one acts as where nobody is remembered, by name. */
    this.beginsAs = "";
    /** Where the tour stands. @type {{channel: string, ts: string} | null} */
    this.tour = null;
    this.place = "";
    /** @type {Map<string, Log>} */
    this.logs = new Map();
    /** The open thread. @type {{channel: string, ts: string, log: Log} | null} */
    this.thread = null;
    /** @type {any[]} */
    this.views = [];
    /** @type {any} */
    this.home = null;
    /** What was chosen or typed in messages and views. @type {Map<string, any>} */
    this.entered = new Map();
    /** Why the last click on a message came to nothing. @type {Map<string, string>} */
    this.problems = new Map();
    this.marks = new ReadMarks("", "");
    this.sent = new Sent("");
    this.isHere = true;
    /** @type {Map<string, ((detail: any) => void)[]>} */
    this.listeners = new Map();
    this.feed = new Feed(
      (event, body) => this.take(event, body),
      (isHere, isFirst) => this.onState(isHere, isFirst),
    );
  }

  /**
   * @param {string} event
   * @param {(detail: any) => void} listener
   */
  on(event, listener) {
    this.listeners.set(event, [...(this.listeners.get(event) ?? []), listener]);
  }

  /**
   * @param {string} event
   * @param {any} [detail]
   */
  tell(event, detail) {
    for (const listener of this.listeners.get(event) ?? []) listener(detail);
  }

  // --- coming in ------------------------------------------------------------------------------------------

  /** Read who is there, before anybody is chosen. */
  async readPeople() {
    this.#takeWorkspace(await api.workspace(undefined));
  }

  /**
   * Be this person from now on.
   * @param {string} person
   */
  become(person) {
    this.me = names.me = person;
    this.#forget();
    this.entered.clear();
    this.problems.clear();
    this.thread = null;
    this.place = "";
    this.marks = new ReadMarks(person, String(now().getTime() / 1000));
    this.sent = new Sent(person);
    this.feed.follow(person);
  }

  #forget() {
    this.logs.clear();
    this.views = [];
    this.home = null;
  }

  /**
   * @param {boolean} isHere
   * @param {boolean} isFirst
   */
  async onState(isHere, isFirst) {
    const wasHere = this.isHere;
    this.isHere = isHere;
    this.tell("state", isHere);
    if (!isHere) {
      await this.#lookForMe();
      return;
    }
    try {
      await this.#load(!isFirst || !wasHere);
    } catch (error) {
      this.tell("failed", error);
    }
  }

  /** Where the workspace answers but the feed does not, it may be another one, without this person. */
  async #lookForMe() {
    try {
      const { users } = await api.workspace(undefined);
      if (!users.some((/** @type {any} */ user) => user.id === this.me)) {
        this.feed.stop();
        this.tell("gone");
      }
    } catch {
      // It is away as a whole; the feed tries again.
    }
  }

  /** @param {boolean} isAgain */
  async #load(isAgain) {
    const { me } = this;
    if (isAgain) this.#forget();
    this.#takeWorkspace(await api.workspace(me));
    if (this.me !== me) return;
    this.tell("loaded", { isAgain });
    const before = { views: this.views, home: this.home };
    const [views, home] = await Promise.all([api.read("views", { user: me }), api.read("home", { user: me })]);
    if (this.me !== me) return;
    // What the feed brought meanwhile is newer than what was read.
    if (this.home === before.home) this.home = home;
    if (this.views === before.views) {
      this.views = views;
      this.tell("views");
    } else await this.syncViews();
    this.tell("home");
    if (this.thread) await this.openThread(this.thread.channel, this.thread.ts);
    for (const { id } of this.conversations()) if (this.me === me) await this.log(id, BACKGROUND);
  }

  /** @param {any} found */
  #takeWorkspace(found) {
    setClock(found.now);
    names.team = found.team;
    this.bot = found.bot;
    this.commands = found.commands;
    this.shortcuts = found.shortcuts;
    this.hasHomeTab = found.has_home_tab;
    this.beginsAs = found.begins_as ?? "";
    this.tour = found.tour;
    names.users = new Map(found.users.map((/** @type {any} */ user) => [user.id, user]));
    names.channels = new Map(found.channels.map((/** @type {any} */ channel) => [channel.id, channel]));
    names.groups = new Map(found.groups.map((/** @type {any} */ group) => [group.id, group]));
    this.tell("people");
  }

  /** Read again who and what is there. */
  async refresh() {
    const { me } = this;
    const found = await api.workspace(me);
    if (this.me !== me) return;
    this.#takeWorkspace(found);
    if (this.place === DM && this.dm !== DM) this.tell("moved", this.dm);
  }

  // --- conversations --------------------------------------------------------------------------------------

  /** The reader's conversation with the bot; there may be none yet. */
  get dm() {
    return [...names.channels.values()].find((channel) => channel.is_im && channel.members.includes(this.me))?.id ?? DM;
  }

  get botName() {
    return names.user(this.bot);
  }

  /** Those in the rail, in its order: first the channels the reader is in. */
  conversations() {
    const channels = [...names.channels.values()].filter((channel) => !channel.is_im);
    channels.sort(
      (a, b) =>
        Number(a.is_archived) - Number(b.is_archived) ||
        Number(b.is_member) - Number(a.is_member) ||
        String(a.name).localeCompare(String(b.name)),
    );
    return [...channels.map(({ id }) => ({ id, isDm: false })), { id: this.dm, isDm: true }];
  }

  /**
   * The messages of a conversation, read the first time they are asked for.
   * @param {string} channel
   * @param {number} [limit]
   * @returns {Promise<Log>}
   */
  async log(channel, limit = KEPT) {
    let log = this.logs.get(channel);
    if (!log) this.logs.set(channel, (log = new Log()));
    if (log.isLoaded) return log;
    const { messages, has_earlier } = await api.history(channel, this.me, { limit });
    if (!log.isLoaded) {
      log.merge(messages, has_earlier);
      this.tell("log", { channel });
      this.tell("unread");
    }
    return log;
  }

  /**
   * Read what was said before.
   * @param {string} channel
   */
  async earlier(channel) {
    const log = this.logs.get(channel);
    if (!log?.hasEarlier) return;
    const { messages, has_earlier } = await api.history(channel, this.me, { before: log.order[0], limit: BACKGROUND });
    log.merge(messages, has_earlier);
  }

  /**
   * How many messages wait to be read.
   * @param {string} channel
   */
  unread(channel) {
    const known = names.channels.get(channel);
    if (known && !known.is_im && !known.is_member) return 0;
    const log = this.logs.get(channel);
    if (!log) return 0;
    const mark = this.marks.of(channel);
    let count = 0;
    for (let at = log.order.length - 1; at >= 0 && log.order[at] > mark; at -= 1) {
      const message = log.get(log.order[at]);
      if (message && message.user !== this.me && !message.is_ephemeral && message.subtype !== "tombstone") count += 1;
    }
    return count;
  }

  /** @param {string} channel */
  markRead(channel) {
    const last = this.logs.get(channel)?.last;
    if (last && this.marks.mark(channel, last)) this.tell("unread");
  }

  /**
   * @param {string} channel
   * @param {string} ts
   */
  async openThread(channel, ts) {
    const isSame = this.thread?.channel === channel && this.thread.ts === ts;
    const thread = (this.thread = { channel, ts, log: new Log() });
    if (!isSame) this.tell("thread");
    const messages = await api.read("thread", { channel, ts, viewer: this.me });
    if (this.thread !== thread) return;
    thread.log.merge(messages, false);
    this.tell("thread");
  }

  closeThread() {
    this.thread = null;
    this.tell("thread");
  }

  // --- what comes live ------------------------------------------------------------------------------------

  /**
   * @param {string} event
   * @param {any} body
   */
  take(event, body) {
    if (event.startsWith("view_")) this.#takeView(event, body.view);
    else if (event === "home") this.#takeHome(body.view);
    else if (event === "membership") this.refresh();
    else this.#takeMessage(event, body.channel, body.message);
  }

  /**
   * @param {string} event
   * @param {string} channel
   * @param {Message} message
   */
  #takeMessage(event, channel, message) {
    if (!names.channels.has(channel)) this.refresh();
    if (!names.users.has(message.user)) this.refresh();
    const isReply = Boolean(message.thread_ts && message.thread_ts !== message.ts);
    const isGone = event === "message_deleted" && message.subtype !== "tombstone";
    const isNew = event === "message" || event === "ephemeral";
    this.problems.delete(`${channel}/${message.ts}`);
    const thread = this.thread;
    if (thread?.channel === channel && (message.ts === thread.ts || message.thread_ts === thread.ts)) {
      if (isGone) thread.log.drop(message.ts);
      else thread.log.put(message);
      this.tell("thread-log", { ts: message.ts });
    }
    if (isReply && (isNew || isGone) && !message.is_ephemeral) this.#countReply(channel, message, isGone ? -1 : 1);
    if (!isReply || message.subtype === "thread_broadcast") this.#put(channel, message, isGone);
    if (isNew) this.tell("arrived", { channel, message });
  }

  /**
   * @param {string} channel
   * @param {Message} message
   * @param {boolean} isGone
   */
  #put(channel, message, isGone) {
    const log = this.logs.get(channel);
    if (!log) return;
    if (isGone) log.drop(message.ts);
    // What is older than everything kept was trimmed and is read again when it is wanted.
    else if (log.get(message.ts) || !log.hasEarlier || !log.isLoaded || message.ts > log.order[0]) log.put(message);
    if (channel !== this.place && log.order.length > 2 * KEPT) log.trim(KEPT);
    this.tell("log", { channel, ts: message.ts });
    this.tell("unread");
  }

  /**
   * Keep the figures under a thread's first message.
   * @param {string} channel
   * @param {Message} reply
   * @param {number} change
   */
  #countReply(channel, reply, change) {
    const ts = /** @type {string} */ (reply.thread_ts);
    const parent = this.logs.get(channel)?.get(ts);
    if (!parent) return;
    parent.reply_count = Math.max(0, (parent.reply_count ?? 0) + change);
    parent.reply_users = [...new Set([...(parent.reply_users ?? []), reply.user])];
    if (change > 0) parent.latest_reply = reply.ts;
    this.tell("log", { channel, ts });
  }

  /**
   * @param {string} event
   * @param {any} view
   */
  #takeView(event, view) {
    const others = this.views.filter((one) => one.id !== view.id);
    if (event === "view_closed") this.views = others;
    else if (view.type === "home") this.#takeHome(view);
    else if (event === "view_updated") this.views = this.views.map((one) => (one.id === view.id ? view : one));
    else this.views = view.previous_view_id ? [...others, view] : [view];
    this.tell("views");
  }

  /** @param {any} view */
  #takeHome(view) {
    this.home = view;
    this.tell("home");
  }

  /** Ask again which modals are open, after something that changes them. */
  async syncViews() {
    const { me } = this;
    const views = await api.read("views", { user: me });
    if (this.me !== me) return;
    this.views = views;
    this.tell("views");
  }

  // --- acting ---------------------------------------------------------------------------------------------

  /**
   * Say something only the reader sees, as the workspace itself.
   * @param {string} channel
   * @param {string} text
   * @param {string} [threadTs]
   */
  notice(channel, text, threadTs) {
    const ts = (now().getTime() / 1000).toFixed(6);
    const last = threadTs ? this.thread?.log.last : this.logs.get(channel)?.last;
    const after = last && last >= ts ? (Number(last) + 0.001).toFixed(6) : ts;
    this.#takeMessage("ephemeral", channel, {
      ts: after,
      user: "",
      text,
      is_ephemeral: true,
      is_notice: true,
      ...(threadTs ? { thread_ts: threadTs } : {}),
    });
  }

  /**
   * Use an element of a message.
   * @param {string} channel
   * @param {string} ts
   * @param {any} block
   * @param {any} element
   * @param {any} value
   */
  async click(channel, ts, block, element, value) {
    this.setProblem(channel, ts, "");
    const what = element.saying ?? (element.text?.text ? `“${element.text.text}”` : "The choice");
    try {
      const outcome = await api.act("click", {
        user: this.me,
        channel,
        ts,
        action_id: element.action_id,
        block_id: block.block_id,
        value,
      });
      this.setProblem(channel, ts, api.inWords(outcome, what, this.botName));
    } catch (error) {
      this.setProblem(channel, ts, `${what} failed: ${/** @type {Error} */ (error).message}`);
    }
  }

  /**
   * @param {string} channel
   * @param {string} ts
   * @param {string} text
   */
  setProblem(channel, ts, text) {
    const key = `${channel}/${ts}`;
    if (!text && !this.problems.has(key)) return;
    if (text) this.problems.set(key, text);
    else this.problems.delete(key);
    this.tell("log", { channel, ts });
    if (this.thread?.channel === channel) this.tell("thread-log", { ts });
  }
}

/** @param {Message} message */
export function dayOf(message) {
  return momentOf(message.ts).toDateString();
}
