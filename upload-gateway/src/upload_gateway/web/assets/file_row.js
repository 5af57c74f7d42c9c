/** One chosen file on the page: picture, name, state, reasons, its bar and its buttons. */

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
  #bar;
  #reasons;
  #retry;
  #stateIcon;
  #stateText;

  /**
   * @param {import("./queue.js").Entry} entry
   * @param {object} actions
   * @param {() => void} actions.remove
   * @param {() => void} actions.retry
   */
  constructor(entry, { remove, retry }) {
    this.element = element("li", "file");
    this.canvas = element("canvas", "");
    this.canvas.hidden = true;
    const picture = element("span", "file-picture");
    const isDocument = /\.pdf$/i.test(entry.name);
    picture.append(icon(isDocument ? "document" : "image"), this.canvas);
    picture.setAttribute("aria-hidden", "true");

    const name = element("bdi", "file-name");
    name.textContent = entry.name;
    name.title = entry.name;
    this.#stateIcon = icon(ICON_OF_STATE[entry.state]);
    this.#stateText = element("span", "");
    const state = element("p", "file-state");
    state.append(this.#stateIcon, this.#stateText);
    this.#bar = element("progress", "");
    this.#bar.max = Math.max(1, entry.size);
    this.#bar.setAttribute("aria-label", t("file.progress", { name: entry.name }));
    this.#reasons = element("ul", "file-reasons");
    const text = element("div", "file-text");
    text.append(name, state, this.#bar, this.#reasons);

    this.#retry = button("retry", t("file.retry", { name: entry.name }), retry);
    this.removeButton = button("remove", t("file.remove", { name: entry.name }), remove);
    const buttons = element("div", "file-buttons");
    buttons.append(this.#retry, this.removeButton);
    this.element.append(picture, text, buttons);
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
    this.#reasons.replaceChildren(...reasons.map(line));
  }
}

function line(text) {
  const item = document.createElement("li");
  item.textContent = text;
  return item;
}

function element(name, className) {
  const made = document.createElement(name);
  if (className) {
    made.className = className;
  }
  return made;
}

function button(iconName, label, onClick) {
  const made = element("button", "icon-only");
  made.type = "button";
  made.setAttribute("aria-label", label);
  made.title = label;
  made.append(icon(iconName));
  made.addEventListener("click", onClick);
  return made;
}
