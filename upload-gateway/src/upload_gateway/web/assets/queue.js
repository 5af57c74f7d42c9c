import { request } from "./api.js";
import { BatchLanes } from "./batch_lanes.js";
import { UnreadableFiles } from "./batch_upload.js";
import { cutIntoBatches } from "./batches.js";
import { EntryList } from "./entry_list.js";
import { Problem } from "./problem.js";
import { outcomesOf } from "./receipt.js";
import { UploadProgress } from "./upload_progress.js";

/** @typedef {import("./entry_list.js").Entry} Entry */

/**
 * The chosen files, from being checked to being accepted. Fires
 * - `change`, `{ids}`: entries that changed, came or went, once a frame;
 * - `accepted`, `{tasks}`: of an upload's receipt;
 * - `progress`, `{sentBytes, totalBytes, bytesPerSecond, secondsLeft, state}`: of all that was sent
 *   for since the queue was idle, at most ten times a second; `state` is that of the queue.
 */
export class UploadQueue extends EventTarget {
  #limits;
  #list;
  #lanes;
  #progress;
  // By the id of each entry, from the cut until it is known what became of it.
  #batches = new Map();

  /** @param {object} limits the document of `loadLimits` */
  constructor(limits) {
    super();
    this.#limits = limits;
    this.#list = new EntryList(limits, (ids) => this.#fire("change", { ids }));
    this.#progress = new UploadProgress(
      () => this.state,
      (progress) => this.#fire("progress", progress),
    );
    this.#lanes = new BatchLanes(limits.field, {
      onStarted: ({ present }) => this.#update(present, { state: "sending", problem: null }),
      onProgress: ({ present }) => this.#update(present, {}),
      onWaiting: ({ present }, problem) =>
        this.#update(present, { state: problem ? "waiting" : "sending", problem }),
      onAnswered: (batch, receipt) => this.#settle(batch, receipt, null),
      onFailed: (batch, error) => this.#fail(batch, error),
    });
  }

  /** @returns {Map<string, Entry>} all files on the list, by their ids */
  get entries() {
    return this.#list.byId;
  }

  /** @returns {"idle" | "sending" | "waiting" | "paused"} waiting: for the network or the service */
  get state() {
    return this.#lanes.state;
  }

  /**
   * List files and check them. What is listed already (same name, size and time) stays out; what
   * was accepted before the queue was idle counts no more.
   *
   * @param {Iterable<File>} files
   * @returns {Promise<string[]>} the ids of the new entries, once all are checked
   */
  async add(files) {
    if (this.state === "idle") {
      this.#list.remove(this.#list.inState("accepted"));
    }
    const added = await this.#list.add(files);
    await this.#list.check(added);
    return added.map(({ id }) => id);
  }

  /**
   * Take an entry off the list. If its bytes may all be sent already, its request is finished and
   * its photo deleted.
   */
  remove(id) {
    const entry = this.entries.get(id);
    if (!entry) {
      return;
    }
    this.#list.remove([entry]);
    this.#progress.remove(entry);
    const batch = this.#batches.get(id);
    this.#batches.delete(id);
    if (batch?.wentOut) {
      batch.remove(entry);
      this.#endWithdrawn(batch);
    } else if (batch) {
      const wasTaken = this.#lanes.take(batch);
      batch.remove(entry);
      if (wasTaken) {
        this.#sendAgain(batch);
      }
    }
  }

  /** Take every entry off the list that is in one of these states. */
  removeAll(...states) {
    for (const { id } of this.#list.inState(...states)) {
      this.remove(id);
    }
  }

  /** Send every entry that is ready, and go on after a pause. */
  send() {
    this.#send(this.#list.inState("ready"));
    this.resume();
  }

  /** Break off; what has not been answered is sent again after `resume`, and accepted once. */
  pause() {
    this.#pause(null);
  }

  /** Go on after `pause`. */
  resume() {
    this.#update(this.#list.inState("paused"), { state: "waiting", problem: null });
    this.#lanes.resume();
  }

  /** Break off; what has not been answered is ready to be sent again, or to be removed. */
  cancel() {
    for (const batch of this.#lanes.takeAll()) {
      if (!batch.wasTried) {
        this.#forget(batch);
      }
      this.#update(batch.present, { state: "ready", sentBytes: 0, problem: null });
      this.#endWithdrawn(batch);
    }
  }

  /** Check and send a failed entry again, with those whose answer was lost together with its own. */
  retry(id) {
    return this.#retry(this.#list.inState("failed").filter((entry) => entry.id === id));
  }

  /** Check and send every failed entry again. */
  retryAll() {
    return this.#retry(this.#list.inState("failed"));
  }

  async #retry(failed) {
    const groups = failed.flatMap((entry) => this.#batches.get(entry.id)?.present ?? [entry]);
    const entries = [...new Set(groups)];
    this.#update(entries, { state: "checking", problem: null });
    await this.#list.check(entries);
    this.#send(entries.filter(({ state }) => state === "ready"));
  }

  #pause(problem) {
    this.#lanes.pause();
    const underWay = this.#list.inState("waiting", "sending");
    this.#update(underWay, { state: "paused", sentBytes: 0, problem });
  }

  #send(entries) {
    if (this.state === "idle") {
      this.#progress.begin();
    }
    this.#progress.add(entries);
    const kept = new Set(entries.map(({ id }) => this.#batches.get(id)).filter(Boolean));
    const loose = entries.filter(({ id }) => !this.#batches.has(id));
    const cut = cutIntoBatches(loose, this.#limits);
    for (const batch of cut) {
      for (const { id } of batch.entries) {
        this.#batches.set(id, batch);
      }
    }
    this.#update(entries, { state: this.state === "paused" ? "paused" : "waiting" });
    this.#lanes.enqueue([...kept, ...cut]);
    this.#progress.tell();
  }

  #sendAgain(batch) {
    if (batch.present.length) {
      const [{ problem }] = batch.present;
      this.#update(batch.present, { state: "waiting", sentBytes: 0, problem: null });
      this.#lanes.enqueue([batch], { first: true });
      if (this.state === "paused") {
        this.#update(batch.present, { state: "paused", problem });
      }
    }
  }

  // Nobody wants any of it: only its receipt tells which photos to delete, if they were accepted.
  #endWithdrawn(batch) {
    if (batch.present.length || this.#lanes.isUnderWay(batch)) {
      return;
    }
    this.#lanes.take(batch);
    if (batch.wasSeenOut) {
      this.#lanes.enqueue([batch]);
    }
    if (!this.#list.inState("paused").length) {
      this.#lanes.resume();
    }
  }

  #settle(batch, answer, problem) {
    this.#forget(batch);
    const tasks = [];
    const outcomes = outcomesOf(batch.entries, answer, this.#limits);
    batch.entries.forEach((entry, index) => {
      const { task, rejections } = outcomes[index];
      if (batch.withdrawn.has(entry)) {
        deletePhoto(task);
      } else if (rejections) {
        this.#update([entry], { state: "rejected", rejections });
      } else if (problem) {
        this.#update([entry], { state: "failed", sentBytes: 0, problem });
      } else {
        this.#update([entry], {
          state: "accepted",
          sentBytes: entry.size,
          taskId: task?.task_id ?? null,
        });
        tasks.push(...(task ? [task] : []));
      }
    });
    if (tasks.length) {
      this.#fire("accepted", { tasks });
    }
  }

  #fail(batch, error) {
    if (error instanceof UnreadableFiles) {
      this.#sendWithout(batch, error.entries);
      return;
    }
    const problem = error instanceof Problem ? error : fault(error);
    if (problem.rejected.length) {
      this.#settle(batch, { accepted: [], rejected: problem.rejected }, problem);
      return;
    }
    if (problem.isStanding && batch.present.length) {
      // The others would only be sent to be refused, too.
      this.#pause(problem);
      this.#lanes.enqueue([batch], { first: true });
      return;
    }
    if (problem.isRefusal && (!batch.wentOut || problem.code === "idempotency_mismatch")) {
      // No try was accepted.
      this.#forget(batch);
    }
    this.#update(batch.present, { state: "failed", sentBytes: 0, problem });
  }

  #sendWithout(batch, unreadable) {
    // It can never be sent again as it was.
    batch.wentOut = false;
    for (const entry of [...unreadable, ...batch.withdrawn]) {
      batch.remove(entry);
      this.#batches.delete(entry.id);
    }
    const problem = new Problem({ code: "file_unreadable" });
    this.#update(unreadable, { state: "failed", sentBytes: 0, problem });
    this.#sendAgain(batch);
  }

  #forget(batch) {
    for (const { id } of batch.entries) {
      this.#batches.delete(id);
    }
  }

  #update(entries, changes) {
    this.#list.update(entries, changes);
    this.#progress.changed();
  }

  #fire(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

function fault(error) {
  reportError(error);
  return new Problem({ code: "page_fault" });
}

function deletePhoto(task) {
  if (task) {
    // Where that does not work the photo shows up among the others, to be deleted there.
    request("DELETE", `/api/tasks/${task.task_id}`).catch(() => {});
  }
}
