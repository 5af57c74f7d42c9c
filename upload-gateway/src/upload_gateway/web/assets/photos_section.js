/** The part of the page that shows the visitor's photos and what becomes of them. */

import { made } from "./element.js";
import { Gallery } from "./gallery.js";
import { t } from "./i18n.js";
import { showLink } from "./link_state.js";
import { PhotoStore } from "./photo_store.js";
import { TaskWatch } from "./watch.js";

const part = (id) => document.getElementById(id);

/**
 * @param {import("./queue.js").UploadQueue} queue whose accepted files become photos
 * @param {import("./announce.js").Announcer} announcer
 * @returns {Promise<void>} when the first photos were loaded, or could not be
 */
export function startPhotosSection(queue, announcer) {
  const watch = new TaskWatch();
  const store = new PhotoStore();
  store.follow(watch);
  queue.addEventListener("accepted", ({ detail }) => {
    detail.tasks.forEach((task) => store.upsert(task));
  });
  const list = part("gallery");
  const empty = made("p", "empty", t("photos.none"));
  empty.hidden = true;
  list.classList.add("gallery");
  list.before(empty);
  showLink(watch, part("link-state"));
  const gallery = new Gallery({
    list,
    more: part("more"),
    empty,
    dialog: part("details"),
    store,
    announce: (text) => announcer.now(text),
  });
  part("photos").hidden = false;
  watch.start();
  return gallery.start();
}
