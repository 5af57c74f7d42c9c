import { TransferRate } from "./transfer_rate.js";

const APART_MILLISECONDS = 100;
const COUNTED = new Set(["waiting", "sending", "paused", "accepted", "rejected"]);
const ANSWERED = new Set(["accepted", "rejected"]);

/** How far all that was sent for has come, told at most ten times a second. */
export class UploadProgress {
  #entries = new Set();
  #rate = new TransferRate();
  #stateNow;
  #tell;
  #timer = null;
  #toldAt = -Infinity;
  #told = { sentBytes: 0, state: "idle" };

  /**
   * @param {() => string} stateNow
   * @param {(progress: object) => void} tell gets `{sentBytes, totalBytes, bytesPerSecond,
   *   secondsLeft, state}`; the last two numbers are null as long as nobody can tell
   */
  constructor(stateNow, tell) {
    this.#stateNow = stateNow;
    this.#tell = tell;
  }

  /** Count from zero: what was sent for earlier is over. */
  begin() {
    this.#entries.clear();
    this.#told = { sentBytes: 0, state: "idle" };
  }

  /** @param {object[]} entries that are sent for */
  add(entries) {
    for (const entry of entries) {
      this.#entries.add(entry);
    }
  }

  /** @param {object} entry that is gone from the queue */
  remove(entry) {
    this.#entries.delete(entry);
    this.changed();
  }

  /** Tell now: what was told before is out of date. */
  tell() {
    clearTimeout(this.#timer);
    this.#tellNow();
  }

  /** Something has changed: tell, unless it was told just now; then a little later. */
  changed() {
    this.#timer ??= setTimeout(
      () => this.#tellNow(),
      Math.max(0, this.#toldAt + APART_MILLISECONDS - performance.now()),
    );
  }

  #tellNow() {
    this.#timer = null;
    this.#toldAt = performance.now();
    const state = this.#stateNow();
    let sentBytes = 0;
    let totalBytes = 0;
    for (const entry of this.#entries) {
      if (COUNTED.has(entry.state)) {
        sentBytes += ANSWERED.has(entry.state) ? entry.size : entry.sentBytes;
        totalBytes += entry.size;
      }
    }
    const now = this.#toldAt / 1000;
    if (this.#told.state !== "sending") {
      this.#rate.reset();
    }
    this.#rate.add(Math.max(0, sentBytes - this.#told.sentBytes), now);
    this.#told = {
      sentBytes,
      totalBytes,
      bytesPerSecond: this.#rate.bytesPerSecond(now),
      secondsLeft: this.#rate.secondsLeft(totalBytes - sentBytes, now),
      state,
    };
    this.#tell(this.#told);
  }
}
