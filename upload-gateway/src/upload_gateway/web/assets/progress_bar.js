/** How far the upload is, and the buttons that start, hold and stop it. */

import { formatBytes, formatSeconds } from "./format.js";
import { t } from "./i18n.js";
import { icon } from "./icon.js";
import { problemText } from "./reasons.js";
import { tallyOf } from "./tally.js";

/** The panel between the choice and the files. */
export class ProgressBar {
  #queue;
  #panel;
  #title = document.createElement("p");
  #figures = document.createElement("p");
  #bar = document.createElement("progress");
  #actions = document.createElement("div");
  #send = button("upload", "primary");
  #pause = button("pause", "");
  #resume = button("resume", "primary");
  #cancel = button("remove", "quiet");
  #clear = button("remove", "quiet");
  #progress = { sentBytes: 0, totalBytes: 0, bytesPerSecond: 0, secondsLeft: null, state: "idle" };

  /**
   * @param {import("./queue.js").UploadQueue} queue
   * @param {HTMLElement} panel empty
   */
  constructor(queue, panel) {
    this.#queue = queue;
    this.#panel = panel;
    this.#title.className = "progress-title";
    this.#title.tabIndex = -1;
    this.#figures.className = "progress-figures";
    this.#bar.setAttribute("aria-label", t("progress.label"));
    this.#actions.className = "actions";
    const text = document.createElement("div");
    text.append(this.#title, this.#figures);
    this.#actions.append(this.#send, this.#resume, this.#pause, this.#cancel, this.#clear);
    panel.append(text, this.#actions, this.#bar);
    panel.hidden = true;
    label(this.#pause, t("progress.pause"));
    label(this.#resume, t("progress.resume"));
    label(this.#cancel, t("progress.cancel"));
    label(this.#clear, t("progress.clear"));

    this.#send.addEventListener("click", () => queue.send());
    this.#pause.addEventListener("click", () => queue.pause());
    this.#resume.addEventListener("click", () => queue.resume());
    this.#cancel.addEventListener("click", () => queue.cancel());
    this.#clear.addEventListener("click", () => this.#removeReady());
    queue.addEventListener("change", () => this.#draw());
    queue.addEventListener("progress", ({ detail }) => {
      this.#progress = detail;
      this.#draw();
    });
  }

  #removeReady() {
    for (const { id, state } of [...this.#queue.entries.values()]) {
      if (state === "ready" || state === "checking") {
        this.#queue.remove(id);
      }
    }
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
  if (state === "waiting" && waitsFor !== null) {
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

function setText(place, text) {
  if (place.textContent !== text) {
    place.textContent = text;
  }
}

function button(iconName, className) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = className;
  made.hidden = true;
  made.append(icon(iconName), document.createElement("span"));
  return made;
}

function label(made, text) {
  setText(made.lastElementChild, text);
}
