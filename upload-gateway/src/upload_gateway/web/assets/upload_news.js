/** Tells a screen reader how the upload goes. */

import { t } from "./i18n.js";
import { problemText } from "./reasons.js";
import { tallyOf } from "./tally.js";

/**
 * @param {import("./queue.js").UploadQueue} queue
 * @param {import("./announce.js").Announcer} announcer
 */
export function announceUpload(queue, announcer) {
  let last = tallyOf(queue.entries);
  let refusedTold = last.refused;
  let isHeld = false;
  let waits = false;
  queue.addEventListener("change", () => {
    const tally = tallyOf(queue.entries);
    const count = tally.accepted + tally.underWay;
    const isChecking = tally.checking > 0;
    // Of a large choice some are refused every few moments: at once is told how many in the end.
    if (tally.refused > (isChecking ? last.refused : refusedTold)) {
      const text = t("refused.title", { count: tally.refused });
      if (isChecking) {
        announcer.summary(text);
      } else {
        announcer.now(text);
      }
    } else if (tally.underWay === 0 && last.underWay > 0 && tally.accepted > 0) {
      announcer.now(t("progress.done", { count: tally.accepted }));
    } else if (tally.underWay > 0 && tally.accepted !== last.accepted) {
      announcer.summary(t("progress.sending", { sent: tally.accepted, count }));
    } else if (tally.underWay === 0 && !isChecking && tally.ready > last.ready) {
      announcer.summary(t("progress.ready", { count: tally.ready }));
    }
    const wasHeld = isHeld;
    isHeld = queue.state === "paused" && tally.waitsFor !== null;
    if (isHeld && !wasHeld) {
      const paused = t("progress.paused", { sent: tally.accepted, count });
      announcer.now(`${paused}. ${problemText(tally.waitsFor)}`);
    }
    refusedTold = isChecking ? Math.min(refusedTold, tally.refused) : tally.refused;
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
