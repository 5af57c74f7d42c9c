/** The visitor's own photos as far as they are known here, newest first. */

import { request } from "./api.js";
import { isOlder } from "./task_order.js";

const FIRST_PAGE = "/api/tasks?limit=48";

/**
 * One task a photo, from the pages of the list, from receipts and from the watch.
 *
 * Event: `change` (detail: `{ids}`, the tasks that came, changed or went), once for all changes of
 * a turn of the event loop.
 */
export class PhotoStore extends EventTarget {
  #tasks = new Map();
  /** Task ids, newest first. */
  #order = [];
  /** Of deleted photos: an answer that was on its way does not bring them back. */
  #removed = new Set();
  #next = FIRST_PAGE;
  #loading = null;
  #changed = new Set();
  #watch = null;

  /** @returns {object[]} newest first */
  get tasks() {
    return this.#order.map((taskId) => this.#tasks.get(taskId));
  }

  /** @returns {number} */
  get size() {
    return this.#order.length;
  }

  /** @returns {boolean} whether the server may have older photos */
  get hasMore() {
    return this.#next !== null;
  }

  /** @returns {boolean} whether a page has been loaded */
  get isLoaded() {
    return this.#next !== FIRST_PAGE;
  }

  /** @returns {object | undefined} */
  get(taskId) {
    return this.#tasks.get(taskId);
  }

  /** @returns {string | undefined} the task so many places further on, towards the older ones */
  neighbour(taskId, places) {
    const task = this.#tasks.get(taskId);
    return task && this.#order[this.#place(task) + places];
  }

  /**
   * Loads the next page of older photos; at the same time only one.
   * @returns {Promise<void>}
   * @throws {Problem}
   */
  loadMore() {
    this.#loading ??= this.#load().finally(() => {
      this.#loading = null;
    });
    return this.#loading;
  }

  /**
   * Takes in how a task stood when somebody looked; what is known to be later stays.
   * @param {object} task
   */
  upsert(task) {
    this.#take(task, false);
  }

  /** Takes a photo out for good: it was deleted. */
  remove(taskId) {
    this.#removed.add(taskId);
    const task = this.#tasks.get(taskId);
    if (task) {
      this.#order.splice(this.#place(task), 1);
      this.#tasks.delete(taskId);
      this.#tell(taskId);
    }
  }

  /**
   * Takes in what the watch tells, and lets it expect what has not ended.
   * @param {import("./watch.js").TaskWatch} watch
   */
  follow(watch) {
    this.#watch = watch;
    watch.addEventListener("task", ({ detail }) => this.#take(detail, true));
    watch.addEventListener("deleted", ({ detail }) => this.remove(detail.task_id));
    watch.addEventListener("resumed", () => this.#lookAgain());
  }

  /**
   * Takes in that a failed task was begun anew, unless the new run was told of meanwhile.
   * @param {object} failed the task as it was
   * @param {object} retried the task as the answer tells it
   */
  retried(failed, retried) {
    const known = this.#tasks.get(failed.task_id);
    if (known?.status === "FAILURE" && known.finished_at === failed.finished_at) {
      this.#take(retried, true);
      this.#expect(retried);
    }
  }

  async #load() {
    if (this.#next !== null) {
      const page = await request("GET", this.#next);
      page.tasks.forEach((task) => this.upsert(task));
      this.#next = page.next;
      this.#tell();
    }
  }

  /** Takes out what is gone from the newest page: it was deleted while nobody listened. */
  async #lookAgain() {
    const before = this.tasks;
    let page;
    try {
      page = await request("GET", FIRST_PAGE);
    } catch {
      // The next time; an action on what is gone finds out, too.
      return;
    }
    page.tasks.forEach((task) => this.upsert(task));
    const found = new Set(page.tasks.map(({ task_id: taskId }) => taskId));
    const oldest = page.next === null ? 0 : page.tasks.at(-1).photo_id;
    before
      .filter(({ task_id: taskId, photo_id: photoId }) => photoId >= oldest && !found.has(taskId))
      .forEach(({ task_id: taskId }) => this.remove(taskId));
  }

  #take(task, inOrder) {
    const known = this.#tasks.get(task.task_id);
    if (this.#removed.has(task.task_id) || (known && isOlder(task, known, inOrder))) {
      return;
    }
    if (!known) {
      this.#order.splice(this.#place(task), 0, task.task_id);
    }
    this.#tasks.set(task.task_id, task);
    if (!inOrder) {
      this.#expect(task);
    }
    this.#tell(task.task_id);
  }

  #expect(task) {
    if (task.status === "PENDING") {
      this.#watch?.expect([task.task_id]);
    }
  }

  /** Where a task is, or belongs: the later the upload, the larger its photo_id. */
  #place({ photo_id: photoId }) {
    let start = 0;
    let end = this.#order.length;
    while (start < end) {
      const middle = (start + end) >> 1;
      if (this.#tasks.get(this.#order[middle]).photo_id > photoId) {
        start = middle + 1;
      } else {
        end = middle;
      }
    }
    return start;
  }

  #tell(...taskIds) {
    if (this.#changed.size === 0) {
      queueMicrotask(() => {
        const ids = [...this.#changed].filter(Boolean);
        this.#changed.clear();
        this.dispatchEvent(new CustomEvent("change", { detail: { ids } }));
      });
    }
    taskIds.forEach((taskId) => this.#changed.add(taskId));
  }
}
