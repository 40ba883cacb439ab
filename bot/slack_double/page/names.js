/**
 * The names behind ids, for everything that mentions somebody or something.
 * @module
 */

/** @typedef {{id: string, name: string, real_name: string, is_bot: boolean, deleted: boolean, profile?: any, tz?: string}} User */
/** @typedef {{id: string, name?: string, is_im: boolean, is_private: boolean, is_archived: boolean, is_member?: boolean, user?: string, members: string[]}} Channel */

class Names {
  constructor() {
    this.me = "";
    this.team = "";
    /** @type {Map<string, User>} */
    this.users = new Map();
    /** @type {Map<string, Channel>} */
    this.channels = new Map();
    /** @type {Map<string, {handle: string, users: string[]}>} */
    this.groups = new Map();
  }

  /** @param {string} id */
  user(id) {
    return this.users.get(id)?.name ?? "somebody unknown";
  }

  /** @param {string} id */
  real(id) {
    return this.parts(id).name;
  }

  /** @param {string} id */
  channel(id) {
    return this.channels.get(id)?.name;
  }

  /** @param {string} id */
  group(id) {
    return this.groups.get(id)?.handle;
  }

  /** @param {string} id a user group; whether the reader is in it */
  isMine(id) {
    return this.groups.get(id)?.users.includes(this.me) ?? false;
  }

  /**
   * A person's name and what he or she does: "Dana Ortiz (manager)" and "Dana Ortiz, manager" are taken apart.
   * @param {string} id
   * @returns {{name: string, role: string}}
   */
  parts(id) {
    const user = this.users.get(id);
    if (!user) return { name: "Somebody unknown", role: "" };
    const match = /^(.+?)\s*(?:\((.+)\)|,\s*(.+))$/.exec(user.real_name ?? "");
    const role = user.profile?.title || match?.[2] || match?.[3] || "";
    return { name: match?.[1] ?? (user.real_name || user.name), role };
  }
}

export const names = new Names();
