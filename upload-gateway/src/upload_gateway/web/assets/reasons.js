/** Why a file is not accepted, in words. */

import { hasText, t } from "./i18n.js";

/**
 * @param {import("./queue.js").Entry} entry invalid, rejected or failed
 * @returns {string[]} one sentence for each reason
 */
export function reasonsOf(entry) {
  const reasons = entry.rejections.map((code) => t(`rejection.${code}`));
  return entry.problem === null ? reasons : [...reasons, problemText(entry.problem)];
}

/**
 * @param {import("./api.js").Problem} problem
 * @returns {string} our own words for codes that people meet, else those of the server
 */
export function problemText(problem) {
  const key = `problem.${problem.code}`;
  return hasText(key) ? t(key) : t("problem.other", { detail: problem.detail });
}
