/** The texts of the page, in the language of its visitor. */

const PLACEHOLDER = /\{(\w+)\}/g;

let texts = {};
let current = "en";
let plurals = new Intl.PluralRules(current);
let numbers = new Intl.NumberFormat(current);

/**
 * Loads the texts that `t` finds, from the catalogue beside this module.
 * @param {string} language one that has a catalogue: "en" or "ru"
 * @throws {Error} when the catalogue cannot be loaded
 */
export async function loadCatalog(language) {
  const answer = await fetch(new URL(`./catalog/${language}.json`, import.meta.url));
  if (!answer.ok) {
    throw new Error(`The catalogue of ${language} is answered ${answer.status}`);
  }
  texts = await answer.json();
  current = language;
  plurals = new Intl.PluralRules(language);
  numbers = new Intl.NumberFormat(language);
}

/** @returns {string} the language of the texts, as Intl takes it */
export function language() {
  return current;
}

/**
 * @param {string} key "area.meaning"
 * @param {Record<string, string | number>} values for the placeholders, numbers by the rules of
 *   the language; `count` also chooses the plural form
 * @returns {string}
 * @throws {Error} for a key that the catalogue has not, or a placeholder without its value
 */
export function t(key, values = {}) {
  const entry = texts[key];
  if (entry === undefined) {
    throw new Error(`No text has the key ${key}`);
  }
  const text = typeof entry === "string" ? entry : entry[plurals.select(values.count)];
  return text.replace(PLACEHOLDER, (_, name) => {
    const value = values[name];
    if (value === undefined) {
      throw new Error(`${key} needs ${name}`);
    }
    return typeof value === "number" ? numbers.format(value) : value;
  });
}

/** @returns {boolean} whether the catalogue has a text for `key` */
export function hasText(key) {
  return key in texts;
}
