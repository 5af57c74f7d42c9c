/** Tells a screen reader how the upload goes. */

import { t } from "./i18n.js";
import { tallyOf } from "./tally.js";

/**
 * @param {import("./queue.js").UploadQueue} queue
 * @param {import("./announce.js").Announcer} announcer
 */
export function announceUpload(queue, announcer) {
  let last = tallyOf(queue.entries);
  let waits = false;
  queue.addEventListener("change", () => {
    const tally = tallyOf(queue.entries);
    const count = tally.accepted + tally.underWay;
    if (tally.refused > last.refused) {
      announcer.now(t("refused.title", { count: tally.refused }));
    } else if (tally.underWay === 0 && last.underWay > 0 && tally.accepted > 0) {
      announcer.now(t("progress.done", { count: tally.accepted }));
    } else if (tally.underWay > 0 && tally.accepted !== last.accepted) {
      announcer.summary(t("progress.sending", { sent: tally.accepted, count }));
    } else if (tally.underWay === 0 && tally.checking === 0 && tally.ready > last.ready) {
      announcer.summary(t("progress.ready", { count: tally.ready }));
    }
    last = tally;
  });
  queue.addEventListener("progress", ({ detail }) => {
    const waitsNow = detail.state === "waiting";
    if (waitsNow && !waits) {
      announcer.now(t("progress.waiting"));
    }
    waits = waitsNow;
  });
}
