/** Asking how tasks stand, again and again. */

import { request } from "./api.js";

/** As many tasks as GET /api/task-status/ tells of at once. */
const MOST_IDS = 100;
/** Milliseconds between two rounds: short after news, then longer and longer. */
const SHORTEST_PAUSE = 2_000;
const LONGEST_PAUSE = 10_000;
const LONGER = 1.5;
/** Milliseconds that an answer may take. */
const ANSWER_WITHIN = 20_000;

/** Rounds of GET /api/task-status/ with a pause between them. */
export class TaskPoll {
  #pending;
  #asking;
  #answered;
  #failed;
  #controller = null;
  #pause = SHORTEST_PAUSE;
  #wake = null;

  /**
   * @param {object} hear what to call
   * @param {() => string[]} hear.pending whom to ask for in this round; none: nobody is asked
   * @param {() => unknown} hear.asking before a request; what it returns goes to `answered`
   * @param {(tasks: object[], asked: unknown) => boolean} hear.answered whether there was news
   * @param {(error: Error) => void} hear.failed a request failed; it is asked again later
   */
  constructor({ pending, asking, answered, failed }) {
    this.#pending = pending;
    this.#asking = asking;
    this.#answered = answered;
    this.#failed = failed;
  }

  /** Asks from now on. */
  start() {
    if (!this.#controller) {
      this.#controller = new AbortController();
      this.#run(this.#controller.signal);
    }
  }

  /** Asks no more; an answer that is on its way is not told. */
  stop() {
    this.#controller?.abort();
    this.#controller = null;
    this.#wake?.();
  }

  /** Asks after the shortest pause at most: there is reason to expect news. */
  soon() {
    if (this.#pause > SHORTEST_PAUSE) {
      this.#pause = SHORTEST_PAUSE;
      this.#wake?.();
    }
  }

  async #run(signal) {
    while (!signal.aborted) {
      await this.#sleep(this.#pause);
      this.#pause = Math.min(LONGER * this.#pause, LONGEST_PAUSE);
      try {
        await this.#round(signal);
      } catch (error) {
        if (!signal.aborted) {
          this.#pause = Math.max(this.#pause, 1000 * (error.retryAfter ?? 0));
          this.#failed(error);
        }
      }
    }
  }

  async #round(signal) {
    const ids = this.#pending();
    for (let start = 0; start < ids.length && !signal.aborted; start += MOST_IDS) {
      const asked = this.#asking();
      const query = new URLSearchParams(
        ids.slice(start, start + MOST_IDS).map((id) => ["task_id", id]));
      const within = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_WITHIN)]);
      const { tasks } = await request("GET", `/api/task-status/?${query}`, { signal: within });
      if (!signal.aborted && this.#answered(tasks, asked)) {
        this.#pause = SHORTEST_PAUSE;
      }
    }
  }

  async #sleep(milliseconds) {
    let timer;
    let wake;
    await new Promise((resolve) => {
      wake = resolve;
      timer = setTimeout(resolve, milliseconds);
      this.#wake = wake;
    });
    clearTimeout(timer);
    if (this.#wake === wake) {
      this.#wake = null;
    }
  }
}
