/** What covers the page while files are dragged over it. */

import { t } from "./i18n.js";
import { icon } from "./icon.js";

/** @returns {HTMLElement} hidden, at the end of the page */
export function dropOverlay() {
  const overlay = document.createElement("div");
  overlay.className = "drop-overlay";
  overlay.hidden = true;
  const line = document.createElement("p");
  line.append(icon("upload"), t("drop.release"));
  overlay.append(line);
  document.body.append(overlay);
  return overlay;
}
