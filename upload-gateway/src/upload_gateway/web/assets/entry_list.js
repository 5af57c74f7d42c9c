import { ChangeNotice } from "./change_notice.js";
import { Problem } from "./problem.js";
import { checkFile } from "./validate.js";

// So many at a time, then the page may draw and be used.
const LISTED_AT_ONCE = 100;
const CHECKED_AT_ONCE = 20;

/**
 * @typedef {object} Entry
 * @property {string} id
 * @property {File} file
 * @property {string} name
 * @property {number} size in bytes
 * @property {"checking" | "invalid" | "ready" | "waiting" | "sending" | "paused" | "accepted"
 *   | "rejected" | "failed"} state
 * @property {string[]} rejections codes, if invalid (found here) or rejected (found by the server)
 * @property {Problem | null} problem why it failed, or what it waits for if `waiting`
 *   or `paused`
 * @property {number} sentBytes
 * @property {string | null} taskId
 */

/** The chosen files, each listed once, and what this page finds wrong with them. */
export class EntryList {
  /** @type {Map<string, Entry>} */
  byId = new Map();
  #limits;
  #notice;
  #identities = new Set();
  #lastId = 0;

  /**
   * @param {object} limits the document of `loadLimits`
   * @param {(ids: string[]) => void} onChange told once a frame
   */
  constructor(limits, onChange) {
    this.#limits = limits;
    this.#notice = new ChangeNotice(onChange);
  }

  /** @returns {Entry[]} those in one of these states, in their order */
  inState(...states) {
    return [...this.byId.values()].filter(({ state }) => states.includes(state));
  }

  /**
   * @param {Iterable<File>} files
   * @returns {Promise<Entry[]>} new entries, not yet checked; none for what is listed already
   */
  async add(files) {
    // Now: a file input may be emptied while we go through its files.
    const chosen = Array.from(files);
    const added = [];
    for (let from = 0; from < chosen.length; from += LISTED_AT_ONCE) {
      for (const file of chosen.slice(from, from + LISTED_AT_ONCE)) {
        if (!this.#identities.has(identityOf(file))) {
          added.push(this.#list(file));
        }
      }
      await nextTask();
    }
    return added;
  }

  /** Check these and set their state: ready, invalid or, where they cannot be read, failed. */
  async check(entries) {
    for (let from = 0; from < entries.length; from += CHECKED_AT_ONCE) {
      const some = entries.slice(from, from + CHECKED_AT_ONCE);
      await Promise.all(some.map((entry) => this.#check(entry)));
      await nextTask();
    }
  }

  /** Change entries; those that were removed stay as they are. */
  update(entries, changes) {
    for (const entry of entries) {
      if (this.byId.has(entry.id)) {
        Object.assign(entry, changes);
        this.#notice.add(entry.id);
      }
    }
  }

  /** @param {Entry[]} entries that are not wanted any more */
  remove(entries) {
    for (const { id, file } of entries) {
      this.byId.delete(id);
      this.#identities.delete(identityOf(file));
      this.#notice.add(id);
    }
  }

  #list(file) {
    this.#lastId += 1;
    const entry = {
      id: `file-${this.#lastId}`,
      file,
      name: file.name,
      size: file.size,
      state: "checking",
      rejections: [],
      problem: null,
      sentBytes: 0,
      taskId: null,
    };
    this.#identities.add(identityOf(file));
    this.byId.set(entry.id, entry);
    this.#notice.add(entry.id);
    return entry;
  }

  async #check(entry) {
    try {
      const rejections = await checkFile(entry.file, this.#limits);
      this.update([entry], { state: rejections.length ? "invalid" : "ready", rejections });
    } catch {
      const problem = new Problem({ code: "file_unreadable" });
      this.update([entry], { state: "failed", problem });
    }
  }
}

function identityOf({ name, size, lastModified }) {
  return JSON.stringify([name, size, lastModified]);
}

function nextTask() {
  return new Promise((resolve) => {
    setTimeout(resolve);
  });
}
