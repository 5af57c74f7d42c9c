/** Numbers, sizes and times as the page's language writes them. */

import { language } from "./i18n.js";

/** Decimal, as file managers and operators of networks count. */
const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];
/** ISO 8601 as a task tells it: with an offset only where the photo's file has one. */
const TAKEN_AT = /^(\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(Z|[+-]\d\d:\d\d)?$/;

const formats = new Map();

/** One format object a kind: making them is what takes the time. */
function formatOf(kind, options) {
  const key = `${kind.name} ${language()} ${JSON.stringify(options)}`;
  if (!formats.has(key)) {
    formats.set(key, new kind(language(), options));
  }
  return formats.get(key);
}

/**
 * @param {number} value
 * @param {Intl.NumberFormatOptions} [options]
 * @returns {string}
 */
export function formatNumber(value, options = {}) {
  return formatOf(Intl.NumberFormat, options).format(value);
}

/**
 * @param {number} bytes
 * @returns {string} such as “2.4 MB”
 */
export function formatBytes(bytes) {
  let step = 0;
  let value = bytes;
  while (value >= 999.5 && step < UNITS.length - 1) {
    value /= 1000;
    step += 1;
  }
  const maximumFractionDigits = step > 1 && value < 99.5 ? 1 : 0;
  return formatNumber(value, {
    style: "unit", unit: UNITS[step], unitDisplay: step ? "short" : "long", maximumFractionDigits,
  });
}

/**
 * @param {number} seconds
 * @returns {string} such as “0.41 sec”, “12 sec” or “3 min 20 sec”
 */
export function formatSeconds(seconds) {
  if (seconds < 59.5) {
    const maximumFractionDigits = seconds < 1 ? 2 : seconds < 10 ? 1 : 0;
    return inUnit(seconds, "second", maximumFractionDigits);
  }
  const whole = Math.round(seconds);
  if (whole < 3600) {
    return parts([[Math.floor(whole / 60), "minute"], [whole % 60, "second"]]);
  }
  const minutes = Math.round(whole / 60);
  return parts([[Math.floor(minutes / 60), "hour"], [minutes % 60, "minute"]]);
}

function parts(values) {
  return values
    .filter(([value], at) => value || at === 0)
    .map(([value, unit]) => inUnit(value, unit, 0))
    .join(" ");
}

function inUnit(value, unit, maximumFractionDigits) {
  return formatNumber(value, { style: "unit", unit, unitDisplay: "short", maximumFractionDigits });
}

/**
 * @param {string} moment RFC 3339
 * @returns {string} date and time where the reader is
 */
export function formatMoment(moment) {
  return formatOf(Intl.DateTimeFormat, { dateStyle: "medium", timeStyle: "short" })
    .format(new Date(moment));
}

/**
 * @param {string} takenAt of a result
 * @returns {string} what the camera's clock showed, with its offset where the file has one;
 *   the text itself if it is no such time
 */
export function formatTakenAt(takenAt) {
  const found = TAKEN_AT.exec(takenAt);
  const clock = found && new Date(`${found[1]}Z`);
  if (!clock || Number.isNaN(clock.getTime())) {
    return takenAt;
  }
  const shown = formatOf(Intl.DateTimeFormat, {
    dateStyle: "long", timeStyle: "short", timeZone: "UTC",
  }).format(clock);
  const offset = found[2] === "Z" ? "+00:00" : found[2];
  return offset ? `${shown} (UTC${offset})` : shown;
}

/**
 * @param {number} seconds how long the shutter was open
 * @returns {string} such as “1/125 sec” or “2 sec”
 */
export function formatExposure(seconds) {
  if (seconds <= 0 || seconds >= 0.3) {
    return formatSeconds(seconds);
  }
  // The language's place of the unit, with the fraction that photographers write for the number.
  const fraction = `1/${formatNumber(Math.round(1 / seconds), { useGrouping: false })}`;
  return formatOf(Intl.NumberFormat, { style: "unit", unit: "second", unitDisplay: "short" })
    .formatToParts(1)
    .map(({ type, value }) => (type === "integer" ? fraction : value))
    .join("");
}

/**
 * @param {string} name of a file, in whatever script
 * @returns {string} the same, kept from reordering the sentence around it (Unicode UAX #9)
 */
export function isolated(name) {
  return `\u2068${name}\u2069`;
}
