/** Why a file is not accepted, in words. */

import { hasText, t } from "./i18n.js";

/**
 * @param {import("./queue.js").Entry} entry invalid, rejected or failed
 * @returns {string[]} one sentence for each reason
 */
export function reasonsOf(entry) {
  const reasons = entry.rejections.map(rejectionText);
  return entry.problem === null ? reasons : [...reasons, problemText(entry.problem)];
}

// A server newer than this page may have codes that its catalogue lacks.
function rejectionText(code) {
  const key = `rejection.${code}`;
  return hasText(key) ? t(key) : t("problem.other", { detail: code });
}

/**
 * @param {import("./api.js").Problem} problem
 * @returns {string} our own words for codes that people meet, else those of the server
 */
export function problemText(problem) {
  const key = `problem.${problem.code}`;
  return hasText(key) ? t(key) : t("problem.other", { detail: problem.detail });
}
