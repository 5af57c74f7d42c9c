/** What becomes of one's own tasks, by the event stream or, where there is none, by polling. */

import { request } from "./api.js";
import { onSessionEnd } from "./session.js";
import { TaskPoll } from "./task_poll.js";
import { TaskStream } from "./task_stream.js";
import { whileSeen } from "./while_seen.js";

/**
 * Milliseconds of silence after which tasks that have not ended are asked for although there is a
 * stream: its connection may be dead, and no event tells of what was deleted between two streams.
 */
const SILENCE = 30_000;
/** What is asked for only to see whether, and how, the server answers. */
const PROBE = "/api/tasks?limit=1";

/**
 * Tells of every task of the visitor: one stream for all of them.
 *
 * Events: `task` (detail: the task), in the order of what happened; `deleted` (detail:
 * `{task_id}`), the photo is gone; `resumed`, the stream is there again, which does not tell what
 * was deleted meanwhile; `link` (detail: "live", "polling", "offline" or "signed_out"), how the
 * page hears of them from now on.
 */
export class TaskWatch extends EventTarget {
  /** Of tasks that have not ended: when they were last told of, in words, and how they stood. */
  #pending = new Map();
  /** How many words there were: an answer that was asked for before the last one is old. */
  #words = 0;
  #heardAt = 0;
  #wasOpen = false;
  #link = null;
  #stream;
  #poll;
  #listening = null;

  constructor() {
    super();
    this.#stream = new TaskStream({
      opened: () => this.#opened(),
      lost: () => this.#lost(),
      task: (task) => this.#told(task),
      deleted: (gone) => this.#gone(gone.task_id),
    });
    this.#poll = new TaskPoll({
      pending: () => (this.#isSilent() ? [...this.#pending.keys()] : []),
      asking: () => this.#words,
      answered: (tasks, asked) => this.#answered(tasks, asked),
      failed: (error) => this.#unanswered(error),
    });
  }

  /** @returns {"live" | "polling" | "offline" | "signed_out" | null} null before the first */
  get link() {
    return this.#link;
  }

  /** Begins to watch. */
  start() {
    if (this.#listening) {
      return;
    }
    this.#listening = new AbortController();
    const { signal } = this.#listening;
    addEventListener("online", () => this.#reopen(), { signal });
    addEventListener("offline", () => this.#setLink("offline"), { signal });
    // A page that comes back out of the browser's cache has lost its connections.
    addEventListener("pageshow", ({ persisted }) => persisted && this.#reopen(), { signal });
    // Who comes back may have signed in elsewhere.
    addEventListener("focus", () => this.#link === "signed_out" && this.#reopen(), { signal });
    // A stream that is open outlives its session: only who asks for something is told.
    onSessionEnd(() => this.#setLink("signed_out"), signal);
    // Over HTTP/1.1 a browser has six connections to a server, for all of its tabs.
    whileSeen({ rest: () => this.#rest(), wake: () => this.#wake() }, signal);
    this.#wake();
  }

  /** Ends the stream and the polling. */
  stop() {
    this.#listening?.abort();
    this.#listening = null;
    this.#rest();
    this.#link = null;
  }

  /**
   * These tasks have not ended: where there is no stream, they are polled until they have.
   * @param {Iterable<string>} taskIds
   */
  expect(taskIds) {
    this.#words += 1;
    for (const taskId of taskIds) {
      this.#pending.set(taskId, { word: this.#words, state: "" });
    }
    if (this.#link !== "live") {
      this.#poll.soon();
    }
  }

  #wake() {
    this.#stream.open();
    this.#poll.start();
  }

  #rest() {
    this.#stream.close();
    this.#poll.stop();
  }

  #reopen() {
    this.#stream.open();
    this.#poll.soon();
  }

  #opened() {
    this.#heardAt = Date.now();
    this.#setLink("live");
    if (this.#wasOpen) {
      this.dispatchEvent(new CustomEvent("resumed"));
    }
    this.#wasOpen = true;
  }

  #lost() {
    if (!navigator.onLine) {
      this.#setLink("offline");
    } else if (this.#link === null || this.#link === "live") {
      this.#setLink("polling");
    }
    this.#poll.soon();
    this.#probe();
  }

  /** A stream does not say why it fails, and nobody polls while no task is pending. */
  async #probe() {
    const signal = this.#listening?.signal;
    try {
      await request("GET", PROBE, { signal });
      if (this.#link !== "live") {
        this.#answered([], this.#words);
      }
    } catch (error) {
      if (!signal?.aborted && this.#link !== "live") {
        this.#unanswered(error);
      }
    }
  }

  #isSilent() {
    return this.#link !== "live" || Date.now() - this.#heardAt > SILENCE;
  }

  #told(task) {
    this.#words += 1;
    this.#heardAt = Date.now();
    if (task.status === "PENDING") {
      this.#pending.set(task.task_id, { word: this.#words, state: stateOf(task) });
    } else {
      this.#pending.delete(task.task_id);
    }
    this.dispatchEvent(new CustomEvent("task", { detail: task }));
  }

  #gone(taskId) {
    this.#pending.delete(taskId);
    this.dispatchEvent(new CustomEvent("deleted", { detail: { task_id: taskId } }));
  }

  /** Takes of an answer what nobody has told of since it was asked for. */
  #answered(tasks, asked) {
    this.#heardAt = Date.now();
    if (this.#link === "offline" || this.#link === "signed_out") {
      // The network is back, or there is a session again: so may be the stream.
      this.#setLink("polling");
      this.#stream.open();
    }
    let isNews = false;
    for (const task of tasks) {
      const known = this.#pending.get(task.task_id);
      if (!known || known.word > asked) {
        continue;
      }
      if (task.status === null) {
        this.#gone(task.task_id);
        isNews = true;
      } else if (known.state !== stateOf(task)) {
        this.#told(task);
        isNews = true;
      }
    }
    return isNews;
  }

  /** A refusal is an answer all the same. */
  #unanswered(error) {
    if (this.#link !== "live" && error.isPassing !== false) {
      this.#setLink("offline");
    }
  }

  #setLink(link) {
    if (this.#link !== link) {
      this.#link = link;
      this.dispatchEvent(new CustomEvent("link", { detail: link }));
    }
  }
}

function stateOf(task) {
  return `${task.status} ${task.stage} ${task.attempts}`;
}
