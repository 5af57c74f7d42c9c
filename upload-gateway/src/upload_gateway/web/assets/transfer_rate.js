const WINDOW_SECONDS = 6;
// Before that, a figure would only jump about.
const LEAST_SECONDS = 0.5;

/** The speed of what is being sent, smoothed over some seconds. */
export class TransferRate {
  #samples = [];
  #bytes = 0;

  /** Forget what was: sending begins, or begins again after a pause. */
  reset() {
    this.#samples = [];
    this.#bytes = 0;
  }

  /**
   * @param {number} bytes that went out since the last call
   * @param {number} now seconds on any clock that never goes back
   */
  add(bytes, now) {
    this.#bytes += bytes;
    this.#samples.push({ now, bytes: this.#bytes });
    while (this.#samples[0].now < now - WINDOW_SECONDS && this.#samples.length > 2) {
      this.#samples.shift();
    }
  }

  /**
   * @param {number} now in seconds, as for `add`
   * @returns {number | null} null as long as too little is known
   */
  bytesPerSecond(now) {
    const first = this.#samples[0];
    const seconds = first ? now - first.now : 0;
    return seconds < LEAST_SECONDS ? null : (this.#bytes - first.bytes) / seconds;
  }

  /**
   * @param {number} bytes that are still to go
   * @param {number} now in seconds, as for `add`
   * @returns {number | null} null where nobody can tell
   */
  secondsLeft(bytes, now) {
    const speed = this.bytesPerSecond(now);
    return speed ? bytes / speed : null;
  }
}
