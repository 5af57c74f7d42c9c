/** What covers the page while files are dragged over it. */

import { made } from "./element.js";
import { t } from "./i18n.js";
import { icon } from "./icon.js";

/** @returns {{hidden: boolean}} the overlay, hidden until that is set to false */
export function dropOverlay() {
  const overlay = made("div", "drop-overlay", made("p", "", icon("upload"), t("drop.release")));
  // Only what is shown as a popover lies above a dialog that is open.
  overlay.popover = "manual";
  document.getElementById("main").append(overlay);
  return {
    get hidden() {
      return !overlay.matches(":popover-open");
    },
    set hidden(isHidden) {
      overlay.togglePopover(!isHidden);
    },
  };
}
