/** Tells a screen reader what became of photos: once for all that were under way. */

import { t } from "./i18n.js";

/** Milliseconds without photos under way after which it is said: others may follow. */
const QUIET = 2_000;

/**
 * @param {import("./photo_store.js").PhotoStore} store
 * @param {(text: string) => void} announce
 */
export function announceResults(store, announce) {
  const pending = new Set();
  const ended = { SUCCESS: 0, FAILURE: 0 };
  let timer = 0;
  const say = () => {
    const texts = [
      ended.SUCCESS > 0 ? t("photo.results", { count: ended.SUCCESS }) : null,
      ended.FAILURE > 0 ? t("photo.results_failed", { count: ended.FAILURE }) : null,
    ];
    ended.SUCCESS = 0;
    ended.FAILURE = 0;
    announce(texts.filter(Boolean).join(" "));
  };
  store.addEventListener("change", ({ detail }) => {
    for (const taskId of detail.ids) {
      const task = store.get(taskId);
      if (task?.status === "PENDING") {
        pending.add(taskId);
      } else if (pending.delete(taskId) && task) {
        ended[task.status] += 1;
      }
    }
    clearTimeout(timer);
    if (pending.size === 0 && ended.SUCCESS + ended.FAILURE > 0) {
      timer = setTimeout(say, QUIET);
    }
  });
}
