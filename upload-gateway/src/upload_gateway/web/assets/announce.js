/** What a screen reader says while the page works: often enough to follow, too seldom to annoy. */

const PAUSE_MS = 5000;

/** Speaks through a live region. */
export class Announcer {
  #region;
  #pending = null;
  #timer = null;

  /** @param {HTMLElement} region with aria-live */
  constructor(region) {
    this.#region = region;
  }

  /**
   * Says where things stand, at most every 5 s; of what comes meanwhile only the last is said.
   * @param {string} text
   */
  summary(text) {
    if (this.#timer !== null) {
      this.#pending = text;
      return;
    }
    this.#say(text);
    this.#timer = setTimeout(() => this.#afterPause(), PAUSE_MS);
  }

  /**
   * Says at once what must not wait: an error, an end. A summary that waits is out of date then.
   * @param {string} text
   */
  now(text) {
    clearTimeout(this.#timer);
    this.#pending = null;
    this.#say(text);
    this.#timer = setTimeout(() => this.#afterPause(), PAUSE_MS);
  }

  #afterPause() {
    this.#timer = null;
    if (this.#pending !== null) {
      const text = this.#pending;
      this.#pending = null;
      this.summary(text);
    }
  }

  #say(text) {
    const line = document.createElement("p");
    line.textContent = text;
    // A new element is read even when it says the same again.
    this.#region.replaceChildren(line);
  }
}
