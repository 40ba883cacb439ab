/**
 * Puts the page together and keeps it in step with its address: /?as=PERSON#PLACE or #PLACE/MESSAGE.
 * @module
 */

import * as api from "./api.js";
import { Composer } from "./composer.js";
import { byId, h, icon, iconButton, keepingFocus } from "./dom.js";
import { Home } from "./home.js";
import { listenForKeys, openHelp } from "./keys.js";
import { keep, recall } from "./memory.js";
import { spoken } from "./mrkdwn.js";
import { names } from "./names.js";
import { everybody, openPeople, openSwitcher } from "./people.js";
import { announce, toast } from "./popups.js";
import { Rail } from "./rail.js";
import { Side } from "./side.js";
import { DM, HOME, KEPT, Store } from "./store.js";
import { Timeline } from "./timeline.js";
import { Modals } from "./views.js";

const store = new Store();
const place = byId("place");
const timelineFrame = h("div", { class: "place-inner" });
const homeFrame = h("div", { class: "place-inner" });
const timeline = new Timeline(store, timelineFrame, { onRead: () => read() });
const composer = new Composer(store, byId("composer"));
const home = new Home(store, homeFrame);
const side = new Side(store, byId("side"));
const drawer = {
  /** @param {boolean} isOpen */
  set(isOpen) {
    if (document.body.classList.contains("rail-open") === isOpen) return;
    document.body.classList.toggle("rail-open", isOpen);
    byId("main").inert = isOpen;
    const next = isOpen
      ? byId("rail").querySelector("[aria-current], .rail-row")
      : byId("head").querySelector(".open-rail");
    /** @type {HTMLElement | null} */ (next)?.focus();
  },
};
const choosePerson = () => openPeople(store, become);
const chooseTarget = () => openSwitcher(store, { go, become });
const rail = new Rail(store, byId("rail"), {
  openPeople: choosePerson,
  openHelp,
  openSwitcher: chooseTarget,
  close: () => drawer.set(false),
});
new Modals(store);

// --- who and where ----------------------------------------------------------------------------------------

/**
 * A conversation by id or name; nothing if the reader cannot see it.
 * @param {string} reference
 */
function placeOf(reference) {
  if (reference === HOME) return HOME;
  if (reference === "bot" || reference === DM || reference === `@${store.botName}`) return store.dm;
  if (names.channels.has(reference)) return reference;
  return [...names.channels.values()].find((channel) => channel.name === reference)?.id ?? "";
}

/** What the address asks for. */
function asked() {
  const [reference, ts] = decodeURIComponent(window.location.hash.slice(1)).split("/");
  return { reference, ts };
}

/** Where somebody begins who was nowhere yet. */
function usualPlace() {
  const all = store.conversations();
  const last = recall(`place:${store.me}`, "");
  if (placeOf(last)) return placeOf(last);
  return placeOf("general") || all.find(({ id, isDm }) => !isDm && names.channels.get(id)?.is_member)?.id || all[0].id;
}

/** @param {string} target */
function go(target) {
  if (window.location.hash === `#${target}`) show();
  else window.location.hash = target;
}

/** @param {string} person */
function become(person) {
  const address = new URL(window.location.href);
  address.searchParams.set("as", person);
  window.history.replaceState(null, "", address);
  keep("me", person);
  welcomed();
  toast(`You act as ${names.real(person)} now.`);
  store.become(person);
}

/**
 * Show what the address asks for.
 * @param {boolean} [isAgain] after the workspace was away, when a message pointed at was pointed at already
 */
async function show(isAgain = false) {
  const { reference, ts: wanted } = asked();
  const ts = isAgain ? undefined : wanted;
  const target = placeOf(reference) || usualPlace();
  const isElsewhere = target !== store.place;
  drawer.set(false);
  if (!isElsewhere && !ts) {
    drawHead();
    return;
  }
  store.logs.get(store.place)?.trim(KEPT);
  store.place = target;
  keep(`place:${store.me}`, target);
  if (isElsewhere && store.thread && store.thread.channel !== target) store.closeThread();
  store.tell("place");
  drawHead();
  drawHint();
  if (target === HOME) {
    place.replaceChildren(homeFrame);
    composer.show(null);
    await home.open();
    return;
  }
  if (isElsewhere) {
    place.replaceChildren(timelineFrame);
    drawComposer();
    await drawTimeline();
  }
  if (ts && store.place === target) await reveal(target, ts);
  // Whoever has never been here reads the tour from its beginning.
  else if (isElsewhere && !recall("welcomed", false) && store.tour?.channel === target)
    await timeline.reveal(store.tour.ts, false);
}

/**
 * @param {string} channel
 * @param {string} ts
 */
async function reveal(channel, ts) {
  if (await timeline.reveal(ts)) return;
  // What is not in the timeline may be a reply.
  try {
    await store.openThread(channel, ts);
  } catch {
    toast("That message is no longer here.", "bad");
  }
}

async function drawTimeline() {
  const channel = store.place;
  const known = store.logs.get(channel);
  const isKnown = Boolean(known?.isLoaded);
  const options = { label: `Messages in ${titleOf(channel)}`, empty: emptyState(channel) };
  if (isKnown && known) timeline.show(channel, known, { ...options, newFrom: firstUnread(channel) });
  const log = await store.log(channel);
  if (store.place !== channel) return;
  if (!isKnown) timeline.show(channel, log, { ...options, newFrom: firstUnread(channel) });
  drawHint();
}

/** @param {string} channel */
function firstUnread(channel) {
  if (!store.unread(channel)) return "";
  const log = store.logs.get(channel);
  const mark = store.marks.of(channel);
  return log?.order.find((ts) => ts > mark && log.get(ts)?.user !== store.me) ?? "";
}

function read() {
  if (store.place && store.place !== HOME && document.visibilityState === "visible" && timeline.isAtEnd)
    store.markRead(store.place);
}

// --- what stands around the messages ----------------------------------------------------------------------

/** @param {string} id */
function titleOf(id) {
  if (id === HOME) return `${store.botName} Home`;
  const channel = names.channels.get(id);
  return !channel || channel.is_im ? store.botName : `#${channel.name}`;
}

function drawHead() {
  keepingFocus(byId("head"), fillHead);
}

function fillHead() {
  const id = store.place;
  const channel = names.channels.get(id);
  const isBot = id === HOME || !channel || channel.is_im;
  const marks = [channel?.is_private && !channel.is_im ? "private" : "", channel?.is_archived ? "archived" : ""].filter(
    Boolean,
  );
  const sign = isBot ? icon("chat") : icon(channel.is_archived ? "archive" : channel.is_private ? "lock" : "hash");
  const count = channel?.members.length ?? 0;
  const members =
    isBot || !channel
      ? null
      : h(
          "span",
          { class: "head-members", title: channel.members.map((member) => names.real(member)).join(", ") },
          `${count} ${count === 1 ? "member" : "members"}`,
        );
  const tabs =
    isBot && (store.hasHomeTab || store.home)
      ? h(
          "div",
          { class: "tabs", role: "group", "aria-label": "Parts of this app" },
          [
            ["Home", HOME],
            ["Messages", store.dm],
          ].map(([label, target]) =>
            h(
              "a",
              {
                class: "tab",
                data: { key: target },
                href: `#${target}`,
                "aria-current": id === target ? "page" : null,
              },
              label,
            ),
          ),
        )
      : null;
  const waiting = store.conversations().some(({ id: other }) => other !== id && store.unread(other));
  const menu = iconButton("menu", waiting ? "Conversations, some unread" : "Conversations", () => drawer.set(true), {
    class: `icon-button open-rail${waiting ? " has-unread" : ""}`,
    "data-key": "menu",
  });
  const tour = store.tour
    ? h(
        "button",
        { type: "button", class: "button head-button", data: { key: "tour" }, on: { click: openTour } },
        icon("flag"),
        h("span", null, "Tour"),
      )
    : null;
  const stage = side.actions.length
    ? h(
        "button",
        {
          type: "button",
          class: "button head-button stage-toggle",
          data: { key: "stage" },
          "aria-pressed": String(side.isStageOpen && !store.thread),
          on: { click: () => toggleStage() },
        },
        icon("bolt"),
        h("span", null, "Make things happen"),
      )
    : null;
  const title = h("h1", null, sign, h("span", null, id ? (isBot ? store.botName : channel.name) : "…"));
  byId("head").replaceChildren(
    menu,
    h(
      "div",
      { class: "head-title" },
      title,
      marks.map((mark) => h("span", { class: "tag" }, mark)),
      isBot ? h("span", { class: "tag" }, "app") : null,
      members,
    ),
    tabs ?? "",
    tour ?? "",
    stage ?? "",
  );
  drawTitle();
}

function drawTitle() {
  const unread = store.conversations().reduce((sum, { id }) => sum + (id === store.place ? 0 : store.unread(id)), 0);
  document.title = `${unread ? `(${unread}) ` : ""}${titleOf(store.place)} · Local workspace`;
}

function toggleStage() {
  side.toggleStage(!(side.isStageOpen && !store.thread));
  keep("stage", side.isStageOpen);
}

function drawComposer() {
  const id = store.place;
  const channel = names.channels.get(id);
  composer.show({
    channel: id,
    placeholder: window.innerWidth < 520 ? `Message ${titleOf(id)}` : `Message ${titleOf(id)}, or / for commands`,
    note: noteFor(id, channel),
  });
}

/**
 * Why nothing can be typed here, and what to do about it.
 * @param {string} id
 * @param {import("./names.js").Channel | undefined} channel
 * @returns {Node | null}
 */
function noteFor(id, channel) {
  if (!channel || channel.is_im) return null;
  if (channel.is_archived)
    return h("span", null, `#${channel.name} is archived: it can be read, and nothing more is said here.`);
  if (channel.is_member) return null;
  const join = h("button", { type: "button", class: "button button-primary" }, "Join the channel");
  join.addEventListener("click", async () => {
    try {
      await api.act("join", { user: store.me, channel: id });
      await store.refresh();
      drawComposer();
      composer.focus();
    } catch (error) {
      toast(/** @type {Error} */ (error).message, "bad");
    }
  });
  return h("span", { class: "join" }, h("span", null, `${names.real(store.me)} is not in #${channel.name}.`), join);
}

/** @param {string} id */
function emptyState(id) {
  const channel = names.channels.get(id);
  const command = store.commands.find((one) => /help|valhalla/.test(one.command)) ?? store.commands[0];
  const start = command
    ? h(
        "button",
        { type: "button", class: "button", on: { click: () => composer.type(`${command.command} `) } },
        `Try ${command.command}`,
      )
    : null;
  if (!channel || channel.is_im) {
    return h(
      "div",
      { class: "empty" },
      h("h2", null, `Nothing from ${store.botName} yet`),
      h(
        "p",
        null,
        `What concerns ${names.real(store.me)} alone arrives here: requests to decide, pages, answers. Commands typed here are answered here.`,
      ),
      start,
    );
  }
  const hasBot = channel.members.includes(store.bot);
  return h(
    "div",
    { class: "empty" },
    h("h2", null, `Nothing in #${channel.name} yet`),
    h("p", null, "Say something, or type / to see every command with what it takes."),
    hasBot
      ? null
      : h("p", null, `${store.botName} is not in this channel: its commands work here, and only you see the answers.`),
    channel.is_member && !channel.is_archived ? start : null,
  );
}

function openTour() {
  const { tour } = store;
  if (tour) go(`${tour.channel}/${tour.ts}`);
}

/** Whoever has found the way needs no hint any more. */
function welcomed() {
  if (recall("welcomed", false)) return;
  keep("welcomed", true);
  drawHint();
}

/** Point a newcomer to the tour, once. */
function drawHint() {
  const frame = byId("hint");
  const general = placeOf("general");
  if (recall("welcomed", false) || !general || !store.me) {
    frame.replaceChildren();
    return;
  }
  const { tour } = store;
  const look = tour
    ? h(
        "button",
        {
          type: "button",
          class: "button",
          on: {
            click: () => {
              welcomed();
              openTour();
            },
          },
        },
        "Show me the tour",
      )
    : null;
  const said = tour
    ? "The tour in #general leads through everything in a few minutes."
    : "Type / in the box below to see the commands, and try one.";
  frame.replaceChildren(
    h(
      "div",
      { class: "hint", role: "note" },
      h("p", null, h("strong", null, "New here? "), `You act as ${names.real(store.me)}. ${said}`),
      h(
        "span",
        { class: "hint-acts" },
        look,
        h("button", { type: "button", class: "button", on: { click: choosePerson } }, "Act as…"),
      ),
      iconButton("close", "Dismiss this hint", welcomed),
    ),
  );
}

/** @param {boolean} isHere */
function drawAway(isHere) {
  document.body.classList.toggle("is-away", !isHere);
  byId("away").replaceChildren(
    ...(isHere ? [] : [h("span", { class: "spinner", "aria-hidden": "true" }), "The workspace is away. Trying again…"]),
  );
}

// --- what happens -----------------------------------------------------------------------------------------

/** @param {{channel: string, message: import("./log.js").Message}} arrived */
function onArrived({ channel, message }) {
  if (message.user === store.me) return;
  if (message.is_ephemeral) welcomed();
  const who = message.is_notice ? "Workspace" : names.real(message.user);
  const text = spoken(message.text || "a message").slice(0, 200);
  const isReply = message.thread_ts && message.thread_ts !== message.ts;
  announce(
    `${who} in ${titleOf(channel)}${isReply ? ", in a thread" : ""}${message.is_ephemeral ? ", only visible to you" : ""}: ${text}`,
  );
  if (channel === store.place && !isReply) read();
}

/** @param {number} by */
function step(by) {
  const all = [...store.conversations().map(({ id }) => id), ...(store.hasHomeTab || store.home ? [HOME] : [])];
  go(all[(all.indexOf(store.place) + by + all.length) % all.length]);
}

function nextUnread() {
  const all = store.conversations().map(({ id }) => id);
  const at = all.indexOf(store.place);
  const next = [...all.slice(at + 1), ...all.slice(0, at + 1)].find((id) => id !== store.place && store.unread(id));
  if (next) go(next);
  else announce("Nothing is unread.");
}

store.on("log", ({ channel, ts }) => {
  if (channel === store.place && ts) timeline.update(ts);
});
store.on("arrived", onArrived);
store.on("unread", () => {
  const waiting = store.conversations().some(({ id }) => id !== store.place && store.unread(id));
  byId("head").querySelector(".open-rail")?.classList.toggle("has-unread", waiting);
  drawTitle();
});
store.on("state", drawAway);
store.on("stage", drawHead);
store.on("thread", drawHead);
store.on("home", drawHead);
store.on("gone", () => begin());
store.on("failed", (error) => toast(error.message, "bad"));
store.on("moved", (id) => {
  store.place = "";
  go(id);
});
store.on("people", () => {
  if (!store.place) return;
  drawHead();
  if (store.place !== HOME) drawComposer();
});
store.on("loaded", ({ isAgain }) => {
  store.place = "";
  show(isAgain).catch((error) => toast(error.message, "bad"));
});
window.addEventListener("hashchange", () => show().catch((error) => toast(error.message, "bad")));
document.addEventListener("visibilitychange", read);
// Channels and people may be added without a word; whoever comes back finds them.
window.addEventListener("focus", () => {
  if (store.me && store.isHere) store.refresh().catch(() => {});
});
window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => rail.draw());
// A command that stands in a message can be put into the box; it is sent by whoever reads it there, not by the press.
place.addEventListener("click", (event) => {
  const code = /** @type {HTMLElement} */ (event.target).closest?.(".message-list .is-command")?.textContent ?? "";
  const isKnown = store.commands.some(({ command }) => command === code.split(" ")[0]);
  const draft = composer.input.value;
  const isFree = !draft || draft.startsWith("/");
  if (isKnown && isFree && window.getSelection()?.isCollapsed) composer.type(code);
});
byId("scrim").addEventListener("click", () => drawer.set(false));
for (const link of document.querySelectorAll("[data-skip]")) {
  link.addEventListener("click", (event) => {
    event.preventDefault();
    if (link.getAttribute("data-skip") === "composer") composer.focus();
    else /** @type {HTMLElement | null} */ (place.querySelector(".timeline"))?.focus();
  });
}
listenForKeys({
  people: choosePerson,
  switcher: chooseTarget,
  composer(text) {
    if (text !== undefined && !composer.input.value) composer.type(text);
    else composer.focus();
  },
  step,
  unread: nextUnread,
  messages: () => /** @type {HTMLElement | null} */ (place.querySelector(".timeline"))?.focus(),
  help: openHelp,
  dm: () => go(store.dm),
  stage: () => side.actions.length && toggleStage(),
  back() {
    if (document.body.classList.contains("rail-open")) drawer.set(false);
    else if (store.thread) side.closeThread();
    else if (side.isStageOpen && side.isAbove) toggleStage();
  },
});

async function begin() {
  try {
    await store.readPeople();
  } catch {
    drawAway(false);
    window.setTimeout(begin, 1500);
    return;
  }
  drawAway(true);
  const people = everybody();
  if (!people.length) {
    place.replaceChildren(
      h(
        "div",
        { class: "empty" },
        h("h2", null, "Nobody is here yet"),
        h(
          "p",
          null,
          "People and channels are added by whoever started this workspace. This page fills itself when they are there.",
        ),
      ),
    );
    window.setTimeout(begin, 2000);
    return;
  }
  const wanted = new URL(window.location.href).searchParams.get("as") ?? "";
  const named = people.find((user) => user.id === wanted || user.name === wanted.replace(/^@/, ""));
  const last = people.find((user) => user.id === recall("me", ""));
  const usual = people.find((user) => user.name === store.beginsAs);
  store.become((named ?? last ?? usual ?? people[0]).id);
  await side.readActions();
}

begin();
