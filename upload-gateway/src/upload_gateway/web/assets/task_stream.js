/** The event stream of one's own tasks, and its ways of coming back. */

/** So many failures without a success between them, and the stream counts as lost. */
const FAILURES = 2;
/** Milliseconds until the next try of a lost stream: twice as long each time. */
const FIRST_PAUSE = 5_000;
const LONGEST_PAUSE = 60_000;
/** Milliseconds until the next try of one that the browser gave up at its first failure. */
const SHORT_PAUSE = 1_000;
/** Milliseconds after which a stream that told of nothing had been there all the same. */
const LASTING = 20_000;

/** An EventSource on /api/events that is opened again whatever ends it. */
export class TaskStream {
  #hear;
  #source = null;
  #timer = 0;
  #failures = 0;
  #pause = FIRST_PAUSE;
  #openedAt = 0;
  #cursor = "";

  /**
   * @param {object} hear what to call
   * @param {() => void} hear.opened the stream tells from now on
   * @param {() => void} hear.lost it failed repeatedly; it goes on trying
   * @param {(task: object) => void} hear.task
   * @param {(gone: {task_id: string}) => void} hear.deleted
   */
  constructor(hear) {
    this.#hear = hear;
  }

  /** Opens the stream now, with what changed since the last event; an open one anew. */
  open() {
    this.close();
    if (!globalThis.EventSource) {
      this.#hear.lost();
      return;
    }
    const query = this.#cursor && `?last_event_id=${encodeURIComponent(this.#cursor)}`;
    const source = new EventSource(`/api/events${query}`);
    this.#source = source;
    source.addEventListener("open", () => {
      this.#openedAt = Date.now();
      this.#hear.opened();
    });
    source.addEventListener("task", (event) => this.#hear.task(this.#read(event)));
    source.addEventListener("deleted", (event) => this.#hear.deleted(this.#read(event)));
    source.addEventListener("error", () => this.#failed(source));
  }

  /** Ends the stream. */
  close() {
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = null;
    this.#openedAt = 0;
  }

  #read(event) {
    this.#succeeded();
    this.#cursor = event.lastEventId;
    return JSON.parse(event.data);
  }

  /** Not when it opens: one that a proxy or the server cuts off at once does that too. */
  #succeeded() {
    this.#failures = 0;
    this.#pause = FIRST_PAUSE;
  }

  #failed(source) {
    if (source !== this.#source) {
      return;
    }
    if (this.#openedAt > 0 && Date.now() - this.#openedAt > LASTING) {
      this.#succeeded();
    }
    this.#openedAt = 0;
    this.#failures += 1;
    const isLost = this.#failures >= FAILURES;
    if (!isLost && source.readyState !== EventSource.CLOSED) {
      // The browser comes back by itself, after what the server's `retry` says.
      return;
    }
    this.close();
    this.#timer = setTimeout(() => this.open(), isLost ? this.#pause : SHORT_PAUSE);
    if (isLost) {
      this.#pause = Math.min(2 * this.#pause, LONGEST_PAUSE);
      this.#hear.lost();
    }
  }
}
