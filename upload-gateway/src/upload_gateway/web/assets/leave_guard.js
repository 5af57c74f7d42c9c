/** Asks before the page is left while files are being sent, and only then. */

import { tallyOf } from "./tally.js";

/** @param {import("./queue.js").UploadQueue} queue */
export function guardLeaving(queue) {
  const ask = (event) => event.preventDefault();
  let guards = false;
  queue.addEventListener("change", () => {
    const isUnderWay = tallyOf(queue.entries).underWay > 0;
    if (isUnderWay && !guards) {
      addEventListener("beforeunload", ask);
    } else if (!isUnderWay && guards) {
      // A page with this listener is not kept for going back to it.
      removeEventListener("beforeunload", ask);
    }
    guards = isUnderWay;
  });
}
