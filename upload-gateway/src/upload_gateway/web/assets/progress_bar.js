/** How far the upload is, and the buttons that start, hold and stop it. */

import { ignoreDoublePresses } from "./double_press.js";
import { made, madeButton, setText } from "./element.js";
import { formatBytes, formatSeconds } from "./format.js";
import { t } from "./i18n.js";
import { icon } from "./icon.js";
import { problemText } from "./reasons.js";
import { tallyOf } from "./tally.js";

/** The panel between the choice and the files. */
export class ProgressBar {
  #queue;
  #panel;
  #title = made("p", "progress-title");
  #figures = made("p", "progress-figures");
  #bar = made("progress", "");
  #send = this.#button("upload", "primary", (queue) => queue.send());
  #pause = this.#button("pause", "", (queue) => queue.pause());
  #resume = this.#button("resume", "primary", (queue) => queue.resume());
  #cancel = this.#button("remove", "quiet", (queue) => queue.cancel());
  #clear = this.#button("remove", "quiet", (queue) => queue.removeAll("ready", "checking"));
  #actions = made("div", "actions",
    this.#send, this.#resume, this.#pause, this.#cancel, this.#clear);
  #progress = { sentBytes: 0, totalBytes: 0, bytesPerSecond: 0, secondsLeft: null, state: "idle" };

  /**
   * @param {import("./queue.js").UploadQueue} queue
   * @param {HTMLElement} panel empty
   */
  constructor(queue, panel) {
    this.#queue = queue;
    this.#panel = panel;
    this.#title.tabIndex = -1;
    this.#bar.setAttribute("aria-label", t("progress.label"));
    ignoreDoublePresses(this.#actions);
    panel.append(made("div", "", this.#title, this.#figures), this.#actions, this.#bar);
    panel.hidden = true;
    label(this.#pause, t("progress.pause"));
    label(this.#resume, t("progress.resume"));
    label(this.#cancel, t("progress.cancel"));
    label(this.#clear, t("progress.clear"));
    queue.addEventListener("change", () => this.#draw());
    queue.addEventListener("progress", ({ detail }) => {
      this.#progress = detail;
      this.#draw();
    });
  }

  #button(iconName, className, act) {
    const press = () => {
      act(this.#queue);
      this.#draw();
    };
    const button = madeButton(className, [icon(iconName), made("span", "")], press);
    button.hidden = true;
    return button;
  }

  #draw() {
    const tally = tallyOf(this.#queue.entries);
    const { state } = this.#queue;
    const isUnderWay = tally.underWay > 0;
    const isDone = !isUnderWay && tally.ready + tally.checking === 0 && tally.accepted > 0;
    this.#panel.hidden = !isUnderWay && !isDone && tally.ready + tally.checking === 0;
    this.#panel.dataset.state = isUnderWay ? state : isDone ? "done" : "ready";
    setText(this.#title, titleOf(tally, state));
    setText(this.#figures, isUnderWay ? figuresOf(this.#progress, tally) : totalOf(tally));
    this.#bar.hidden = !isUnderWay && !isDone;
    this.#bar.max = Math.max(1, isDone ? 1 : this.#progress.totalBytes);
    this.#bar.value = isDone ? 1 : this.#progress.sentBytes;
    label(this.#send, t("progress.send", { count: tally.ready }));
    this.#showOnly({
      send: tally.ready > 0,
      resume: isUnderWay && state === "paused",
      pause: isUnderWay && state !== "paused",
      cancel: isUnderWay,
      clear: tally.ready > 0 && !isUnderWay,
    });
  }

  #showOnly({ send, resume, pause, cancel, clear }) {
    const focused = this.#actions.querySelector(":focus");
    this.#send.hidden = !send;
    this.#resume.hidden = !resume;
    this.#pause.hidden = !pause;
    this.#cancel.hidden = !cancel;
    this.#clear.hidden = !clear;
    if (focused?.hidden) {
      // Whoever pressed a button goes on from what took its place.
      (this.#actions.querySelector("button:not([hidden])") ?? this.#title).focus();
    }
  }
}

function titleOf(tally, state) {
  const sent = { sent: tally.accepted, count: tally.accepted + tally.underWay };
  if (tally.underWay > 0) {
    const key = { paused: "progress.paused", waiting: "progress.waiting" }[state];
    return t(key ?? "progress.sending", sent);
  }
  if (tally.checking > 0) {
    return t("progress.checking", { count: tally.checking });
  }
  if (tally.ready > 0) {
    return t("progress.ready", { count: tally.ready });
  }
  return t("progress.done", { count: tally.accepted });
}

function totalOf(tally) {
  return tally.ready > 0 ? formatBytes(tally.readyBytes) : "";
}

function figuresOf({ sentBytes, totalBytes, bytesPerSecond, secondsLeft, state }, { waitsFor }) {
  if (state !== "sending" && waitsFor !== null) {
    return problemText(waitsFor);
  }
  const parts = [
    t("progress.bytes", { sent: formatBytes(sentBytes), total: formatBytes(totalBytes) }),
  ];
  if (state === "sending" && bytesPerSecond > 0) {
    parts.push(t("progress.speed", { bytes: formatBytes(bytesPerSecond) }));
    if (secondsLeft !== null && Number.isFinite(secondsLeft)) {
      parts.push(t("progress.left", { time: formatSeconds(Math.max(1, Math.ceil(secondsLeft))) }));
    }
  }
  return parts.join(" · ");
}
function label(button, text) {
  setText(button.lastElementChild, text);
}
