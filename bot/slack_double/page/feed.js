/**
 * Hearing of every change as it happens, and trying again when the workspace is away.
 * @module
 */

const EVENTS = [
  "message",
  "ephemeral",
  "message_changed",
  "message_deleted",
  "view_opened",
  "view_updated",
  "view_closed",
  "home",
  "membership",
];
const WAITS = [500, 1000, 2000, 3000, 5000];

/** Follows the live feed as one person. */
export class Feed {
  /**
   * @param {(event: string, body: any) => void} onChange
   * @param {(isHere: boolean, isFirst: boolean) => void} onState told after every connection and every loss of one
   */
  constructor(onChange, onState) {
    this.onChange = onChange;
    this.onState = onState;
    /** @type {EventSource | null} */
    this.source = null;
    this.failures = 0;
    /** @type {number | undefined} */
    this.timer = undefined;
  }

  /** @param {string} viewer */
  follow(viewer) {
    this.stop();
    this.failures = 0;
    this.connect(viewer, true);
  }

  stop() {
    window.clearTimeout(this.timer);
    this.source?.close();
    this.source = null;
  }

  /**
   * @param {string} viewer
   * @param {boolean} isFirst
   */
  connect(viewer, isFirst) {
    const source = new EventSource(`/control/events?viewer=${encodeURIComponent(viewer)}`);
    this.source = source;
    source.onopen = () => {
      this.failures = 0;
      this.onState(true, isFirst);
    };
    source.onerror = () => {
      source.close();
      if (this.source !== source) return;
      this.onState(false, isFirst);
      const wait = WAITS[Math.min(this.failures, WAITS.length - 1)];
      this.failures += 1;
      this.timer = window.setTimeout(() => this.connect(viewer, false), wait);
    };
    for (const name of EVENTS) {
      source.addEventListener(name, (event) =>
        this.onChange(name, JSON.parse(/** @type {MessageEvent} */ (event).data)),
      );
    }
  }
}
