/** Every way to hand files to the page: buttons, drag and drop, paste, folders, the camera. */

import { filesOfItems } from "./dropped_folders.js";

/**
 * @param {object} places
 * @param {HTMLButtonElement} places.choose opens the choice of files
 * @param {HTMLButtonElement} places.chooseFolder opens the choice of a folder; hidden where the
 *   browser has none
 * @param {HTMLButtonElement} places.takePhoto opens the camera; hidden but on touch screens
 * @param {HTMLElement} places.overlay shown while files are dragged over the page
 * @param {string[]} extensions accepted ones, without dots
 * @param {(files: File[], left: boolean) => void} onFiles called with what was chosen, and whether
 *   something of it was left out; never with nothing of both
 */
export function offerChoice({ choose, chooseFolder, takePhoto, overlay }, extensions, onFiles) {
  const give = (files, left = false) => {
    if (files.length > 0 || left) {
      onFiles(files, left);
    }
  };
  const accept = extensions.map((extension) => `.${extension}`).join(",");
  offerInput(choose, { accept, multiple: true }, give);

  const hasTouch = matchMedia("(pointer: coarse)").matches;
  chooseFolder.hidden = hasTouch || !("webkitdirectory" in HTMLInputElement.prototype);
  offerInput(chooseFolder, { webkitdirectory: true, multiple: true }, (files) => {
    give(files.filter((file) => !file.name.startsWith(".")));
  });
  takePhoto.hidden = !hasTouch;
  offerInput(takePhoto, { accept: "image/*", capture: "environment" }, give);

  offerDrop(overlay, give);
  document.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length > 0) {
      event.preventDefault();
      give(files);
    }
  });
}

function offerInput(button, { capture, ...properties }, give) {
  const input = Object.assign(document.createElement("input"), { type: "file", ...properties });
  if (capture) {
    input.setAttribute("capture", capture);
  }
  input.hidden = true;
  // The button is what people reach: with the input beside it a screen reader would say it twice.
  input.addEventListener("change", () => {
    const files = [...input.files];
    // So that the same file can be chosen again after it was removed.
    input.value = "";
    give(files);
  });
  button.after(input);
  button.addEventListener("click", () => input.click());
}

function offerDrop(overlay, give) {
  const carriesFiles = (event) => event.dataTransfer?.types.includes("Files") ?? false;
  // Entering a child fires before leaving its parent: only the count tells when the page is left.
  let depth = 0;
  const leave = () => {
    depth = 0;
    overlay.hidden = true;
  };
  addEventListener("dragenter", (event) => {
    if (carriesFiles(event)) {
      event.preventDefault();
      depth += 1;
      overlay.hidden = false;
    }
  });
  // Not of `dragleave`: what was dragged is not told any more when it is given up.
  addEventListener("dragleave", () => {
    depth -= 1;
    if (depth <= 0) {
      leave();
    }
  });
  addEventListener("dragover", (event) => {
    if (carriesFiles(event)) {
      event.preventDefault();
      event.dataTransfer.dropEffect = "copy";
    }
  });
  addEventListener("drop", (event) => {
    if (carriesFiles(event)) {
      event.preventDefault();
      leave();
      filesOfItems(event.dataTransfer).then(({ files, left }) => give(files, left));
    }
  });
}
