/** One photo of the gallery. */

import { made, madeButton, showText } from "./element.js";
import { formatBytes, isolated } from "./format.js";
import { icon, setIcon } from "./icon.js";
import { t } from "./i18n.js";
import { dimensionsText } from "./photo_facts.js";
import { PhotoPicture } from "./photo_picture.js";
import { failureText, statusIcon, statusText } from "./photo_status.js";

/** A list item with the picture, the state and what can be done. */
export class PhotoCard {
  /** @type {HTMLLIElement} */
  element = made("li", "");
  #article = made("article", "card");
  #open;
  #statusIcon = icon("waiting");
  #statusText = made("span", "");
  #status = made("p", "status", this.#statusIcon, this.#statusText);
  #meta = made("p", "card-meta");
  #reason = made("p", "reason");
  #problem = made("p", "problem");
  #retry;
  #picture;

  /**
   * @param {object} task
   * @param {object} act what to call
   * @param {() => void} act.open show the details
   * @param {() => void} act.retry
   * @param {() => void} act.remove delete the photo
   */
  constructor(task, { open, retry, remove }) {
    const { task_id: taskId, file_name: fileName } = task;
    const name = isolated(fileName);
    const heading = made("h3", "card-name", made("bdi", "", fileName));
    heading.id = `photo-${taskId}`;
    this.#article.setAttribute("aria-labelledby", heading.id);
    this.#open = named(madeButton("card-picture", [], open), t("photo.open", { name }));
    this.#picture = new PhotoPicture(this.#open, "thumbnail");
    this.#problem.setAttribute("role", "alert");
    this.showProblem("");
    this.#retry = actionButton("retry", t("photo.retry"), t("photo.retry_named", { name }), retry);
    const actions = made("div", "card-actions", this.#retry,
      actionButton("delete", t("photo.delete"), t("photo.delete_named", { name }), remove));
    this.#article.append(this.#open, made("div", "card-body",
      heading, this.#status, this.#meta, this.#reason, this.#problem, actions));
    this.element.append(this.#article);
    this.update(task);
  }

  /** Shows how the task stands now. */
  update(task) {
    this.#article.dataset.status = task.status;
    this.#article.dataset.stage = task.stage;
    setIcon(this.#statusIcon, statusIcon(task));
    showText(this.#statusText, statusText(task));
    showText(this.#meta, metaOf(task));
    showText(this.#reason, task.error ? failureText(task.error) : "");
    const canRetry = task.status === "FAILURE";
    if (!canRetry && document.activeElement === this.#retry) {
      this.focus();
    }
    this.#retry.hidden = !canRetry;
    this.#picture.update(task);
  }

  /** @param {string} text what went wrong with the last action; empty: nothing */
  showProblem(text) {
    showText(this.#problem, text);
  }

  /** @param {boolean} isBusy whether an action is under way */
  setBusy(isBusy) {
    this.#article.setAttribute("aria-busy", String(isBusy));
  }

  /** Puts the focus on the picture, which opens the details. */
  focus() {
    this.#open.focus();
  }
}

function metaOf({ size, attempts, result }) {
  const facts = [];
  if (result) {
    facts.push(dimensionsText(result));
  }
  facts.push(formatBytes(size));
  if (attempts > 1) {
    facts.push(t("photo.attempt", { number: attempts }));
  }
  return facts.join(" · ");
}

function actionButton(iconName, text, label, act) {
  return named(madeButton("quiet", [icon(iconName), made("span", "", text)], act), label);
}

/** Says of which photo it is; a label begins with what can be seen (WCAG 2.2, 2.5.3). */
function named(button, label) {
  button.setAttribute("aria-label", label);
  return button;
}
