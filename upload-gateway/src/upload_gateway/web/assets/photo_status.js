/** How a task stands, in words and as an icon. */

import { hasText, t } from "./i18n.js";

const ICONS = { queued: "waiting", processing: "processing", waiting_to_retry: "retry" };

/** @returns {string} such as “Being processed” */
export function statusText({ status, stage }) {
  if (status === "PENDING") {
    return t(`photo.${stage}`);
  }
  return status === "SUCCESS" ? t("photo.done") : t("photo.failed");
}

/** @returns {string} the name of an icon */
export function statusIcon({ status, stage }) {
  if (status === "PENDING") {
    return ICONS[stage];
  }
  return status === "SUCCESS" ? "done" : "failed";
}

/** @returns {string} why a task failed; the server's words for a code that is new to this page */
export function failureText({ code, message }) {
  const key = `failure.${code}`;
  return hasText(key) ? t(key) : message;
}
