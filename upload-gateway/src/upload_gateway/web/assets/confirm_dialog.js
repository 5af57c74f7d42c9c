/** A question before what cannot be undone. */

import { made, madeButton } from "./element.js";
import { t } from "./i18n.js";

/**
 * Asks in a dialog, which Escape answers with no; the focus goes back to where it was.
 * @param {string} question
 * @param {string} action what the button says that means yes
 * @returns {Promise<boolean>}
 */
export function confirmed(question, action) {
  const text = made("p", "", question);
  text.id = "confirm-question";
  const dialog = made("dialog", "confirm", text, made("div", "actions",
    madeButton("", [t("confirm.cancel")], () => dialog.close("")),
    madeButton("danger", [action], () => dialog.close("yes"))));
  dialog.setAttribute("aria-labelledby", text.id);
  document.body.append(dialog);
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
    dialog.showModal();
  });
}
