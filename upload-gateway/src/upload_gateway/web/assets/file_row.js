/** One chosen file on the page: picture, name, state, reasons, its bar and its buttons. */

import { made, madeIconButton } from "./element.js";
import { formatBytes } from "./format.js";
import { t } from "./i18n.js";
import { icon, setIcon } from "./icon.js";

const ICON_OF_STATE = {
  checking: "waiting",
  invalid: "warning",
  ready: "image",
  waiting: "waiting",
  sending: "upload",
  paused: "pause",
  accepted: "done",
  rejected: "warning",
  failed: "failed",
};
const WITH_BAR = new Set(["sending", "paused"]);
/** States of a file that is not sent as it is. */
export const REFUSED = new Set(["invalid", "rejected", "failed"]);

/** The row of one entry of the queue; writes to the page only what has changed. */
export class FileRow {
  #state = null;
  #bar = made("progress", "");
  #reasons = made("ul", "file-reasons");
  #retry;
  #stateIcon;
  #stateText = made("span", "");

  /**
   * @param {import("./queue.js").Entry} entry
   * @param {object} actions
   * @param {() => void} actions.remove
   * @param {() => void} actions.retry
   */
  constructor(entry, { remove, retry }) {
    this.canvas = made("canvas", "");
    this.canvas.hidden = true;
    const isDocument = /\.pdf$/i.test(entry.name);
    const picture = made("span", "file-picture", icon(isDocument ? "document" : "image"), this.canvas);
    picture.setAttribute("aria-hidden", "true");

    const name = made("bdi", "file-name", entry.name);
    name.title = entry.name;
    this.#stateIcon = icon(ICON_OF_STATE[entry.state]);
    const state = made("p", "file-state", this.#stateIcon, this.#stateText);
    this.#bar.max = Math.max(1, entry.size);
    this.#bar.setAttribute("aria-label", t("file.progress", { name: entry.name }));
    const text = made("div", "file-text", name, state, this.#bar, this.#reasons);

    this.#retry = madeIconButton("retry", t("file.retry", { name: entry.name }), retry);
    this.removeButton = madeIconButton("remove", t("file.remove", { name: entry.name }), remove);
    const buttons = made("div", "file-buttons", this.#retry, this.removeButton);
    this.element = made("li", "file", picture, text, buttons);
  }

  /**
   * @param {import("./queue.js").Entry} entry
   * @param {string[]} reasons why it is refused, none if it is not
   */
  update(entry, reasons) {
    const { state } = entry;
    if (WITH_BAR.has(state)) {
      this.#bar.value = entry.sentBytes;
    }
    if (state === this.#state) {
      return;
    }
    this.#state = state;
    // Asked for now: a button that is hidden loses the focus at once.
    const focused = this.element.contains(document.activeElement) ? document.activeElement : null;
    this.element.dataset.state = state;
    setIcon(this.#stateIcon, ICON_OF_STATE[state]);
    this.#stateText.textContent = t(`file.${state}`, { size: formatBytes(entry.size) });
    this.#bar.hidden = !WITH_BAR.has(state);
    this.#retry.hidden = state !== "failed";
    this.removeButton.hidden = state === "accepted";
    if (focused?.hidden) {
      // Otherwise the focus would fall to the page as a whole.
      this.element.tabIndex = -1;
      (this.removeButton.hidden ? this.element : this.removeButton).focus();
    }
    this.#reasons.hidden = reasons.length === 0;
    this.#reasons.replaceChildren(...reasons.map((reason) => made("li", "", reason)));
  }
}
