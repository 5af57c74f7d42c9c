// A page that is not seen has no frames.
const LATEST_MILLISECONDS = 250;

/** Gathers what has changed and tells of it once a frame. */
export class ChangeNotice {
  #ids = new Set();
  #tell;
  #frame;
  #timer;

  /** @param {(ids: string[]) => void} tell */
  constructor(tell) {
    this.#tell = tell;
  }

  /** @param {string} id of what has changed */
  add(id) {
    if (this.#ids.size === 0) {
      this.#frame = requestAnimationFrame(() => this.#flush());
      this.#timer = setTimeout(() => this.#flush(), LATEST_MILLISECONDS);
    }
    this.#ids.add(id);
  }

  #flush() {
    cancelAnimationFrame(this.#frame);
    clearTimeout(this.#timer);
    const ids = [...this.#ids];
    this.#ids.clear();
    this.#tell(ids);
  }
}
