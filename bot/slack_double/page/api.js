/**
 * Asking the local workspace: reading it, and acting in it as a person.
 * @module
 */

/**
 * What became of an action: see the outcome's `status` in the workspace's own documentation.
 * @typedef {{status: string, errors: Record<string, string>, problems: string[], message: any, view: any}} Outcome
 */

/** The workspace answered, and said no. */
export class Refused extends Error {}

/** The workspace did not answer at all. */
export class Away extends Error {}

/**
 * @param {string} address
 * @param {RequestInit} [options]
 * @returns {Promise<any>}
 */
async function ask(address, options) {
  let response;
  try {
    response = await fetch(address, options);
  } catch {
    throw new Away("The workspace does not answer. It may be stopped.");
  }
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw new Refused(body.error ?? `The workspace answered ${response.status}.`);
  return body;
}

/** @param {Record<string, string | number | undefined>} given */
function query(given) {
  const known = Object.entries(given).filter(([, value]) => value !== undefined);
  return new URLSearchParams(known.map(([name, value]) => [name, String(value)])).toString();
}

/**
 * Act as a person.
 * @param {string} verb
 * @param {Record<string, any>} body
 * @returns {Promise<any>}
 */
export function act(verb, body) {
  const headers = { "Content-Type": "application/json" };
  return ask(`/control/${verb}`, { method: "POST", headers, body: JSON.stringify(body) });
}

/**
 * Read what can be read.
 * @param {string} verb
 * @param {Record<string, string | undefined>} given
 * @returns {Promise<any>}
 */
export async function read(verb, given) {
  return (await ask(`/control/${verb}?${query(given)}`)).result;
}

/** @param {string | undefined} viewer */
export function workspace(viewer) {
  return ask(`/page/workspace?${query({ viewer })}`);
}

/**
 * A conversation's messages, the latest or those before a stamp.
 * @param {string} channel
 * @param {string} viewer
 * @param {{before?: string, limit?: number}} [options]
 * @returns {Promise<{messages: any[], has_earlier: boolean}>}
 */
export function history(channel, viewer, options = {}) {
  return ask(`/page/history?${query({ channel, viewer, ...options })}`);
}

/**
 * What the demo can make happen; nothing where there is no demo.
 * @returns {Promise<{id: string, label: string, help: string, group: string}[]>}
 */
export async function demoActions() {
  try {
    const found = await ask("/demo/actions");
    return Array.isArray(found) ? found : [];
  } catch {
    return [];
  }
}

/** @param {string} id */
export function makeHappen(id) {
  const headers = { "Content-Type": "application/json" };
  return ask(`/demo/actions/${encodeURIComponent(id)}`, { method: "POST", headers, body: "{}" });
}

/**
 * The reason an action came to nothing, in words; nothing where it went well.
 * @param {{status: string, problems?: string[]}} outcome
 * @param {string} what what was done: "/golive", "Approve"
 * @param {string} app
 * @returns {string}
 */
export function inWords(outcome, what, app) {
  const problems = (outcome.problems ?? []).join("; ");
  switch (outcome.status) {
    case "operation_timeout":
      return `${what} failed: ${app} did not answer in time (operation_timeout). It may still have been done: look before you try again.`;
    case "dispatch_failed":
      return `${what} failed: ${app} could not be reached (dispatch_failed). Nothing was done. Is the bot running?`;
    case "invalid_response":
      return `${what}: ${app} gave an answer that cannot be shown (invalid_response${problems ? `: ${problems}` : ""}).`;
    case "unknown_command":
      return `${what} is not a command here. Type / to see the commands there are.`;
    default:
      return "";
  }
}
