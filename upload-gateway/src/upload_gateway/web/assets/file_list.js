/** The chosen files: those that need attention above, the others below. */

import { made, madeButton } from "./element.js";
import { FileRow, REFUSED } from "./file_row.js";
import { t } from "./i18n.js";
import { icon } from "./icon.js";
import { Previews } from "./previews.js";
import { reasonsOf } from "./reasons.js";

/** Rows made in one frame; the rest of a large choice follows in the next ones. */
const NEW_ROWS_A_FRAME = 25;
/** How long a sent file stays before it is found among the photos only. */
const LINGER_MS = 1200;
/** Rows that are there change at most so often: more is not seen, and costs as much as it does. */
const REDRAW_MS = 100;

/** Shows the entries of a queue. */
export class FileList {
  #queue;
  #files;
  #refused;
  #onEmptied;
  #previews = new Previews();
  #rows = new Map();
  #changed = new Set();
  /** Of accepted entries: what has been shown for long enough. */
  #shown = new Set();
  #timer = null;

  /**
   * @param {import("./queue.js").UploadQueue} queue
   * @param {HTMLUListElement} files
   * @param {() => void} onEmptied called when what had the focus is gone, and nothing beside it
   */
  constructor(queue, files, onEmptied) {
    this.#queue = queue;
    this.#files = files;
    this.#onEmptied = onEmptied;
    files.classList.add("files");
    this.#refused = refusedSection({
      sendAgain: () => queue.retryAll(),
      removeAll: () => queue.removeAll(...REFUSED),
    });
    files.before(this.#refused.section);
    queue.addEventListener("change", ({ detail }) => this.#onChange(detail.ids));
  }

  #onChange(ids) {
    for (const id of ids) {
      this.#changed.add(id);
    }
    const hasNew = ids.some((id) => !this.#rows.has(id));
    const draw = () => requestAnimationFrame(() => this.#draw());
    this.#timer ??= setTimeout(draw, hasNew ? 0 : REDRAW_MS);
  }

  #draw() {
    this.#timer = null;
    let added = 0;
    for (const id of this.#changed) {
      const entry = this.#queue.entries.get(id);
      const isNew = entry !== undefined && !this.#rows.has(id);
      if (isNew && added === NEW_ROWS_A_FRAME) {
        this.#onChange([id]);
        break;
      }
      this.#changed.delete(id);
      if (entry === undefined || this.#shown.has(id)) {
        this.#drop(id);
      } else if (!isNew || entry.state !== "accepted") {
        added += isNew;
        this.#show(entry);
      }
    }
    this.#drawRefused();
  }

  #drawRefused() {
    const { section, title, sendAgain, removeAll, list } = this.#refused;
    // Asked for now: a button that is hidden loses the focus at once.
    const focused = [sendAgain, removeAll].find((each) => each === document.activeElement);
    const count = list.childElementCount;
    title.textContent = t("refused.title", { count });
    sendAgain.hidden = list.querySelector(":scope > [data-state=failed]") === null;
    section.hidden = count === 0;
    if (focused && section.hidden) {
      this.#onEmptied();
    } else if (focused?.hidden) {
      removeAll.focus();
    }
  }

  #show(entry) {
    const row = this.#rows.get(entry.id) ?? this.#addRow(entry);
    const isRefused = REFUSED.has(entry.state);
    row.update(entry, isRefused ? reasonsOf(entry) : []);
    const list = isRefused ? this.#refused.list : this.#files;
    if (row.element.parentElement !== list) {
      if (isRefused) {
        // In a section that is still hidden the row could not keep the focus.
        this.#refused.section.hidden = false;
      }
      moveTo(list, row.element);
    }
    if (entry.state === "accepted") {
      setTimeout(() => {
        this.#shown.add(entry.id);
        this.#onChange([entry.id]);
      }, LINGER_MS);
    }
  }

  #addRow(entry) {
    const row = new FileRow(entry, {
      remove: () => this.#queue.remove(entry.id),
      retry: () => this.#queue.retry(entry.id),
    });
    this.#rows.set(entry.id, row);
    this.#previews.watch(row.canvas, row.element, entry.file);
    return row;
  }

  #drop(id) {
    this.#shown.delete(id);
    const row = this.#rows.get(id);
    if (row === undefined) {
      return;
    }
    this.#rows.delete(id);
    this.#previews.forget(row.element);
    const hadFocus = row.element.contains(document.activeElement);
    const neighbour = row.element.nextElementSibling ?? row.element.previousElementSibling;
    row.element.remove();
    if (hadFocus) {
      const next = neighbour?.querySelector("button:not([hidden])");
      if (next) {
        next.focus();
      } else {
        this.#onEmptied();
      }
    }
  }
}

function moveTo(list, row) {
  const focused = row.contains(document.activeElement) ? document.activeElement : null;
  list.append(row);
  focused?.focus();
}

function refusedSection(act) {
  const title = made("h2", "");
  title.id = "refused-title";
  const sendAgain = madeButton("", [icon("retry"), t("refused.send_again")], act.sendAgain);
  const removeAll = madeButton("", [icon("remove"), t("refused.remove_all")], act.removeAll);
  const head = made("div", "section-head", title, made("div", "actions", sendAgain, removeAll));
  const list = made("ul", "files");
  const section = made("section", "refused", head, list);
  section.hidden = true;
  section.setAttribute("aria-labelledby", title.id);
  return { section, title, sendAgain, removeAll, list };
}
