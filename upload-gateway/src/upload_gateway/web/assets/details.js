/** One photo, large, with all that is known of it. */

import { made, madeButton, madeIconButton, showText } from "./element.js";
import { formatBytes, isolated } from "./format.js";
import { icon, setIcon } from "./icon.js";
import { hasText, t } from "./i18n.js";
import { photoFacts } from "./photo_facts.js";
import { PhotoPicture } from "./photo_picture.js";
import { failureText, statusIcon, statusText } from "./photo_status.js";

const PLACES = { ArrowLeft: -1, ArrowRight: 1 };
const ANNOUNCER = document.getElementById("announcer");

/** A dialog on a task of the store; the arrow keys lead through the list. */
export class PhotoDetails {
  #dialog;
  #store;
  #taskId = null;
  #name = made("bdi", "");
  #figure = made("figure", "details-picture");
  #picture = null;
  #statusIcon = icon("waiting");
  #statusText = made("span", "");
  #status = made("p", "status", this.#statusIcon, this.#statusText);
  #reason = made("p", "reason");
  #problem = made("p", "problem");
  #retry;
  #facts = made("dl", "facts");
  #links = made("div", "links");
  #steps;

  /**
   * @param {HTMLDialogElement} dialog that is filled here
   * @param {import("./photo_store.js").PhotoStore} store
   * @param {object} act what to call
   * @param {(taskId: string) => void} act.retry begin the task anew
   * @param {(taskId: string) => void} act.closed the photo that was shown last
   */
  constructor(dialog, store, { retry, closed }) {
    this.#dialog = dialog;
    this.#store = store;
    this.#retry = madeButton("", [icon("retry"), t("photo.retry")], () => retry(this.#taskId));
    this.#build();
    dialog.addEventListener("close", () => {
      const taskId = this.#taskId;
      this.#taskId = null;
      dialog.after(ANNOUNCER);
      closed(taskId);
    });
    // The dialog itself is hit only outside of what it holds.
    dialog.addEventListener("click", ({ target }) => target === dialog && dialog.close());
    dialog.addEventListener("keydown", (event) => {
      const isPlain = !(event.altKey || event.ctrlKey || event.metaKey || event.shiftKey);
      if (isPlain && event.key in PLACES) {
        event.preventDefault();
        this.#step(PLACES[event.key]);
      }
    });
  }

  /** Opens the dialog on a task of the store, or turns to it. */
  show(taskId) {
    const task = this.#store.get(taskId);
    if (!task) {
      // Deleted at this moment: its card is about to go.
      return;
    }
    this.#taskId = taskId;
    this.#name.textContent = task.file_name;
    this.#figure.replaceChildren();
    this.#picture = new PhotoPicture(this.#figure, "preview", {
      eager: true, alt: t("details.preview", { name: isolated(task.file_name) }),
    });
    showText(this.#problem, "");
    this.#render(task);
    if (!this.#dialog.open) {
      // Nothing outside of an open dialog is read out.
      this.#dialog.append(ANNOUNCER);
      this.#dialog.showModal();
    }
    this.#dialog.scrollTop = 0;
  }

  /** Shows how the task stands now, if it is the one; closes when it is gone. */
  refresh(taskId) {
    const task = this.#taskId && this.#store.get(this.#taskId);
    if (this.#taskId && !task) {
      this.#dialog.close();
    } else if (taskId === this.#taskId) {
      this.#render(task);
    } else if (task) {
      this.#showSteps();
    }
  }

  /** @param {string} text what went wrong with the last action on the photo; empty: nothing */
  showProblem(taskId, text) {
    if (taskId === this.#taskId) {
      showText(this.#problem, text);
    }
  }

  #build() {
    const title = made("h2", "", this.#name);
    title.id = "details-title";
    // The name is said when the arrow keys lead to another photo.
    title.setAttribute("aria-live", "polite");
    const close = madeIconButton("close", t("details.close"), () => this.#dialog.close());
    this.#status.tabIndex = -1;
    this.#problem.setAttribute("role", "alert");
    showText(this.#problem, "");
    const [previous, next] = [t("details.previous"), t("details.next")].map((text) =>
      made("span", "", text));
    this.#steps = [
      [-1, madeButton("", [icon("previous"), previous], () => this.#step(-1))],
      [1, madeButton("", [next, icon("next")], () => this.#step(1))],
    ];
    this.#dialog.setAttribute("aria-labelledby", title.id);
    this.#dialog.classList.add("details");
    this.#dialog.replaceChildren(
      made("header", "dialog-head", title, close),
      made("div", "details-body", this.#figure,
        made("div", "details-told", this.#status, this.#reason, this.#problem,
          made("div", "actions", this.#retry), this.#facts, this.#links)),
      made("div", "dialog-foot", ...this.#steps.map(([, button]) => button)));
  }

  #render(task) {
    this.#dialog.dataset.status = task.status;
    this.#dialog.dataset.stage = task.stage;
    setIcon(this.#statusIcon, statusIcon(task));
    this.#statusText.textContent = statusText(task);
    showText(this.#reason, task.error ? failureText(task.error) : "");
    this.#showRetry(task.status === "FAILURE");
    this.#facts.replaceChildren(...photoFacts(task).flatMap(([name, value]) =>
      [made("dt", "", name), made("dd", "", value)]));
    this.#links.replaceChildren(...links(task));
    this.#picture.update(task);
    this.#showSteps();
  }

  #showRetry(canRetry) {
    // Asked for now: a button that is hidden loses the focus at once.
    const hadFocus = document.activeElement === this.#retry;
    this.#retry.parentElement.hidden = !canRetry;
    if (!canRetry && hadFocus) {
      this.#status.focus();
    }
  }

  #showSteps() {
    for (const [places, button] of this.#steps) {
      const leadsOn = this.#store.neighbour(this.#taskId, places)
        || (places > 0 && this.#store.hasMore);
      // Not `disabled`, which would take the focus away from whoever stands on it.
      button.setAttribute("aria-disabled", String(!leadsOn));
    }
  }

  async #step(places) {
    const from = this.#taskId;
    if (places > 0 && !this.#store.neighbour(from, places) && this.#store.hasMore) {
      try {
        await this.#store.loadMore();
      } catch {
        // The gallery below has its own way to say so and to try again.
        return;
      }
    }
    const to = this.#store.neighbour(from, places);
    if (to && this.#taskId === from) {
      this.show(to);
    }
  }
}

function links({ task_id: taskId, result }) {
  const original = link(`/api/tasks/${taskId}/original`, t("details.original"));
  original.download = "";
  const renditions = (result?.renditions ?? []).map(({ name, url, width, height, size }) => {
    const opened = link(url, t("details.rendition", {
      rendition: hasText(`rendition.${name}`) ? t(`rendition.${name}`) : name,
      width: String(width),
      height: String(height),
      size: formatBytes(size),
    }));
    opened.target = "_blank";
    opened.rel = "noopener";
    return opened;
  });
  return [original, ...renditions];
}

function link(address, text) {
  const element = made("a", "button", text);
  element.href = address;
  return element;
}
