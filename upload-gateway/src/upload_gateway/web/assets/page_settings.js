/** What the server tells the page about its visitor. */

/**
 * @typedef {object} PageSettings
 * @property {"en" | "ru"} language
 * @property {string} csrfToken what an unsafe request carries in X-CSRFToken
 * @property {boolean} authRequired whether nothing can be done without an API key
 * @property {boolean} signedIn whether the session was traded for an API key
 */

/** @returns {PageSettings} read from the page's `<meta name="page-settings">` */
export function pageSettings() {
  return JSON.parse(document.querySelector('meta[name="page-settings"]').content);
}
