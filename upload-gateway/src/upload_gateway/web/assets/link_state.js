/** Says when the page does not hear of its photos at once. */

import { made } from "./element.js";
import { t } from "./i18n.js";
import { icon } from "./icon.js";

/**
 * @param {import("./watch.js").TaskWatch} watch
 * @param {HTMLElement} line empty while all is well
 */
export function showLink(watch, line) {
  line.classList.add("link-state");
  watch.addEventListener("link", ({ detail: link }) => {
    line.dataset.link = link;
    if (link === "live") {
      line.replaceChildren();
    } else if (link === "signed_out") {
      line.replaceChildren(icon("warning"), t("link.signed_out"), signIn());
    } else {
      line.replaceChildren(icon(link === "offline" ? "offline" : "retry"), t(`link.${link}`));
    }
  });
}

/** In another tab: in this one there may be files that are not sent yet. */
function signIn() {
  const link = made("a", "", t("link.sign_in"));
  link.href = "/api/";
  link.target = "_blank";
  link.rel = "noopener";
  return link;
}
