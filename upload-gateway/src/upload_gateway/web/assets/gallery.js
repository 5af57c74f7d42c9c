/** The visitor's photos as a list of cards. */

import { backoffSeconds } from "./backoff.js";
import { confirmed } from "./confirm_dialog.js";
import { PhotoDetails } from "./details.js";
import { made, showText } from "./element.js";
import { isolated } from "./format.js";
import { t } from "./i18n.js";
import { deletePhoto, retryTask } from "./photo_actions.js";
import { PhotoCard } from "./photo_card.js";
import { announceResults } from "./photo_news.js";
import { problemText } from "./reasons.js";

/** Milliseconds of a frame that making and changing cards may take; the rest waits for the next. */
const SLICE = 8;
/** How long before its end is seen the list grows. */
const AHEAD = "600px";

/** Shows a PhotoStore, and lets people act on its photos. */
export class Gallery {
  #list;
  #more;
  #empty;
  #store;
  #announce;
  #details;
  #cards = new Map();
  #changed = new Set();
  #frame = 0;
  #busy = new Set();
  #end;
  #looksAhead = false;
  #moreProblem = made("p", "problem");
  /** How often the first page could not be loaded. */
  #failures = 0;
  #again = 0;

  /**
   * @param {object} parts
   * @param {HTMLUListElement} parts.list
   * @param {HTMLButtonElement} parts.more loads older photos
   * @param {HTMLElement | null} [parts.empty] what to show where there are none
   * @param {HTMLDialogElement} parts.dialog for the details
   * @param {import("./photo_store.js").PhotoStore} parts.store
   * @param {(text: string) => void} [parts.announce] says to a screen reader what was done
   *   and what became of photos
   */
  constructor({ list, more, empty = null, dialog, store, announce = () => {} }) {
    this.#list = list;
    this.#more = more;
    this.#empty = empty;
    this.#store = store;
    this.#announce = announce;
    this.#details = new PhotoDetails(dialog, store, {
      retry: (taskId) => this.#act(taskId, retryTask),
      closed: (taskId) => this.#focus(taskId),
    });
    this.#moreProblem.setAttribute("role", "alert");
    showText(this.#moreProblem, "");
    list.after(this.#moreProblem);
    more.addEventListener("click", () => this.#load());
    this.#end = new IntersectionObserver(
      (seen) => seen.some(({ isIntersecting }) => isIntersecting) && this.#load(),
      { rootMargin: AHEAD });
    store.addEventListener("change", ({ detail }) => this.#note(detail.ids));
    announceResults(store, announce);
  }

  /**
   * Loads the first page, again and again until that works, and, as its end comes near, those
   * that follow.
   * @returns {Promise<void>} when the first has been loaded, or could not be
   */
  async start() {
    this.#note(this.#store.tasks.map(({ task_id: taskId }) => taskId));
    await this.#load();
  }

  async #load() {
    this.#end.unobserve(this.#more);
    clearTimeout(this.#again);
    try {
      await this.#store.loadMore();
      showText(this.#moreProblem, "");
      this.#looksAhead = this.#store.hasMore;
      this.#note([]);
    } catch (problem) {
      showText(this.#moreProblem, problemText(problem));
      if (!this.#store.isLoaded) {
        this.#loadLater(problem.retryAfter);
      }
      // Of older photos people decide when to try again.
    }
    this.#more.hidden = !this.#store.hasMore;
  }

  #loadLater(retryAfter) {
    this.#failures += 1;
    const seconds = backoffSeconds(this.#failures, retryAfter);
    this.#again = setTimeout(() => this.#load(), 1000 * seconds);
  }

  #note(taskIds) {
    taskIds.forEach((taskId) => this.#changed.add(taskId));
    this.#frame ||= requestAnimationFrame(() => this.#render());
  }

  #render() {
    this.#frame = 0;
    const end = performance.now() + SLICE;
    for (const taskId of this.#changed) {
      this.#changed.delete(taskId);
      this.#show(taskId);
      if (performance.now() > end) {
        break;
      }
    }
    if (this.#empty) {
      this.#empty.hidden = this.#store.size > 0 || !this.#store.isLoaded;
    }
    if (this.#changed.size > 0) {
      this.#note([]);
    } else if (this.#looksAhead) {
      // Only now it shows how far away the end is.
      this.#looksAhead = false;
      this.#end.observe(this.#more);
    }
  }

  #show(taskId) {
    const task = this.#store.get(taskId);
    const card = this.#cards.get(taskId);
    if (!task) {
      this.#takeAway(taskId);
    } else if (card) {
      card.update(task);
    } else {
      this.#add(task);
    }
    this.#details.refresh(taskId);
  }

  #add(task) {
    const { task_id: taskId } = task;
    const card = new PhotoCard(task, {
      open: () => this.#details.show(taskId),
      retry: () => this.#act(taskId, retryTask),
      remove: () => this.#delete(taskId),
    });
    // Before the next older one that is shown already.
    let places = 1;
    let older = this.#store.neighbour(taskId, places);
    while (older && !this.#cards.has(older)) {
      places += 1;
      older = this.#store.neighbour(taskId, places);
    }
    this.#list.insertBefore(card.element, older ? this.#cards.get(older).element : null);
    this.#cards.set(taskId, card);
  }

  #takeAway(taskId) {
    const card = this.#cards.get(taskId);
    if (!card) {
      return;
    }
    const { element } = card;
    const hadFocus = element.contains(document.activeElement);
    const beside = element.nextElementSibling ?? element.previousElementSibling;
    element.remove();
    this.#cards.delete(taskId);
    if (hadFocus) {
      this.#focusBeside(beside);
    }
  }

  async #delete(taskId) {
    const name = isolated(this.#store.get(taskId)?.file_name ?? "");
    const isSure = await confirmed(t("photo.delete_question", { name }), t("photo.delete"));
    if (isSure && (await this.#act(taskId, deletePhoto))) {
      this.#announce(t("photo.deleted", { name }));
    }
  }

  /** @returns {Promise<boolean>} whether it was done; a second click meanwhile does nothing */
  async #act(taskId, action) {
    if (this.#busy.has(taskId)) {
      return false;
    }
    this.#busy.add(taskId);
    const card = this.#cards.get(taskId);
    const tell = (text) => {
      card?.showProblem(text);
      this.#details.showProblem(taskId, text);
    };
    tell("");
    card?.setBusy(true);
    try {
      await action(this.#store, taskId);
      return true;
    } catch (problem) {
      tell(problemText(problem));
      return false;
    } finally {
      card?.setBusy(false);
      this.#busy.delete(taskId);
    }
  }

  #focus(taskId) {
    if (this.#cards.has(taskId)) {
      this.#cards.get(taskId).focus();
    } else {
      this.#focusBeside(null);
    }
  }

  #focusBeside(element) {
    const target = element?.querySelector("button") ?? this.#list;
    // The list is no place for the Tab key, but may take the focus of a photo that is gone.
    if (target === this.#list) {
      target.tabIndex = -1;
    }
    target.focus();
  }
}
