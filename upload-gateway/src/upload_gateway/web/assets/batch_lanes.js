import { uploadBatch } from "./batch_upload.js";

const AT_ONCE = 3;

/**
 * Sends batches, three at a time, in their order.
 *
 * It tells its listener of each batch: `onStarted(batch)`, `onProgress(batch)`,
 * `onWaiting(batch, problem)` (null: it goes on), and at the end `onAnswered(batch, receipt)` or
 * `onFailed(batch, error)`. Of a batch that was taken back it tells nothing any more.
 */
export class BatchLanes {
  #field;
  #listener;
  #ahead = [];
  #underWay = new Map();
  #stalled = new Set();
  #isPaused = false;

  /**
   * @param {string} field
   * @param {object} listener
   */
  constructor(field, listener) {
    this.#field = field;
    this.#listener = listener;
  }

  /** @returns {"idle" | "sending" | "waiting" | "paused"} waiting: for the network or the service */
  get state() {
    if (this.#ahead.length + this.#underWay.size === 0) {
      return "idle";
    }
    if (this.#isPaused) {
      return "paused";
    }
    return this.#stalled.size === this.#underWay.size ? "waiting" : "sending";
  }

  /** Send these too; before the others where `first`. */
  enqueue(batches, { first = false } = {}) {
    if (!first && this.state === "idle") {
      // A pause ends with what it held, unless some of that comes back.
      this.#isPaused = false;
    }
    this.#ahead = first ? [...batches, ...this.#ahead] : [...this.#ahead, ...batches];
    this.#fill();
  }

  /** Whether a batch is being sent just now. */
  isUnderWay(batch) {
    return this.#underWay.has(batch);
  }

  /** Break off what is under way; it is the first to go on. */
  pause() {
    this.#isPaused = true;
    this.#ahead = [...this.#breakOff(), ...this.#ahead];
  }

  /** Go on after a pause. */
  resume() {
    this.#isPaused = false;
    this.#fill();
  }

  /** Break off and give everything back, as if nothing had been there. */
  takeAll() {
    const batches = [...this.#breakOff(), ...this.#ahead];
    this.#ahead = [];
    this.#isPaused = false;
    return batches;
  }

  /** Break one batch off and give it back; whether it was here. */
  take(batch) {
    const wasAhead = this.#ahead.includes(batch);
    this.#ahead = this.#ahead.filter((each) => each !== batch);
    return this.#abort(batch) || wasAhead;
  }

  #breakOff() {
    return [...this.#underWay.keys()].filter((batch) => this.#abort(batch));
  }

  #abort(batch) {
    const flight = this.#underWay.get(batch);
    this.#underWay.delete(batch);
    this.#stalled.delete(batch);
    flight?.abort();
    return flight !== undefined;
  }

  #fill() {
    while (!this.#isPaused && this.#underWay.size < AT_ONCE && this.#ahead.length) {
      this.#send(this.#ahead.shift());
    }
  }

  async #send(batch) {
    const flight = new AbortController();
    const isOurs = () => this.#underWay.get(batch) === flight;
    this.#underWay.set(batch, flight);
    this.#listener.onStarted(batch);
    let end;
    try {
      const receipt = await uploadBatch(batch, {
        field: this.#field,
        signal: flight.signal,
        onProgress: () => isOurs() && this.#listener.onProgress(batch),
        onWaiting: (problem) => isOurs() && this.#wait(batch, problem),
      });
      end = () => this.#listener.onAnswered(batch, receipt);
    } catch (error) {
      end = () => this.#listener.onFailed(batch, error);
    }
    if (isOurs()) {
      this.#underWay.delete(batch);
      this.#stalled.delete(batch);
      try {
        end();
      } finally {
        this.#fill();
      }
    }
  }

  #wait(batch, problem) {
    if (problem) {
      this.#stalled.add(batch);
    } else {
      this.#stalled.delete(batch);
    }
    this.#listener.onWaiting(batch, problem);
  }
}
