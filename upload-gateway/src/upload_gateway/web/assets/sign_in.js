/**
 * The page where keys are required and there is no session for one: trades the key for a session
 * without leaving the page, so that a wrong one is told beside its field.
 */

import { hasText, loadCatalog, t } from "./i18n.js";
import { pageSettings } from "./page_settings.js";

const { language, csrfToken } = pageSettings();
const form = document.querySelector("#sign-in-form");
const field = document.querySelector("#api-key");
const told = document.querySelector("#sign-in-problem");
const button = form.querySelector("button");

/** @returns {Promise<string>} the code of the problem, "" once there is a session */
async function trade(key) {
  try {
    const answer = await fetch(form.action, {
      method: "POST",
      headers: { Accept: "application/json", "X-CSRFToken": csrfToken },
      body: new URLSearchParams({ api_key: key }),
    });
    return answer.ok ? "" : (await answer.json()).code;
  } catch {
    return "network";
  }
}

await loadCatalog(language);
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  button.disabled = true;
  told.hidden = true;
  const code = await trade(field.value);
  if (code === "") {
    location.replace("/api/");
    return;
  }
  button.disabled = false;
  const key = `problem.${code}`;
  told.textContent = t(hasText(key) ? key : "problem.internal");
  told.hidden = false;
  field.setAttribute("aria-invalid", "true");
  // The button has lost the focus while it could not be pressed.
  field.focus();
  field.select();
});
