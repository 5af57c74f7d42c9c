/** The part of the page that takes files and sends them. */

import { offerChoice } from "./choose.js";
import { dropOverlay } from "./drop_overlay.js";
import { made } from "./element.js";
import { FileList } from "./file_list.js";
import { t } from "./i18n.js";
import { icon } from "./icon.js";
import { guardLeaving } from "./leave_guard.js";
import { ProgressBar } from "./progress_bar.js";
import { tallyOf } from "./tally.js";
import { announceUpload } from "./upload_news.js";

const part = (id) => document.getElementById(id);

/**
 * @param {import("./queue.js").UploadQueue} queue
 * @param {object} limits the document of GET /api/limits
 * @param {import("./announce.js").Announcer} announcer
 */
export function startUploadSection(queue, limits, announcer) {
  const choose = part("choose");
  const chooseFolder = part("choose-folder");
  const takePhoto = part("take-photo");
  choose.classList.add("primary");
  choose.prepend(icon("image"));
  chooseFolder.prepend(icon("folder"));
  takePhoto.prepend(icon("camera"));
  part("drop-zone").prepend(icon("upload"));

  const places = { choose, chooseFolder, takePhoto, overlay: dropOverlay() };
  const leftOut = made("p", "left-out", t("drop.left_out"));
  leftOut.hidden = true;
  part("drop-zone").after(leftOut);
  offerChoice(places, Object.keys(limits.extensions), (files, left) => {
    leftOut.hidden = !left;
    if (left) {
      announcer.now(leftOut.textContent);
    }
    queue.add(files);
  });
  new FileList(queue, part("files"), () => choose.focus());
  new ProgressBar(queue, part("progress"));
  announceUpload(queue, announcer);
  guardLeaving(queue);
  queue.addEventListener("change", () => {
    const { checking, ready, underWay } = tallyOf(queue.entries);
    part("upload").classList.toggle("has-files", queue.entries.size > 0);
    // One button at a time is the one to press.
    choose.classList.toggle("primary", checking + ready + underWay === 0);
  });
  takeOverForm(queue);
  part("upload").hidden = false;
}

/** What is chosen in the plain form, before this or in a choice that is still open, is not lost. */
function takeOverForm(queue) {
  const images = part("images");
  const take = () => {
    const files = [...images.files];
    if (files.length > 0) {
      part("upload-form").reset();
      queue.add(files);
    }
  };
  images.addEventListener("change", take);
  take();
}
