// What a second try may mend: too slow, too many requests, and a gateway or what lies behind it away.
const PASSING_STATUSES = new Set([408, 429, 502, 503, 504]);
// After these the request may have been carried out all the same.
const UNKNOWN_OUTCOMES = new Set([
  "network",
  "unexpected_answer",
  "outcome_unknown",
  "internal",
  "page_fault",
]);
// What stands in the way of every upload, until the visitor does something about it.
const STANDING = new Set(["authentication_required", "insufficient_scope", "quota_exceeded"]);
// A timer of a browser holds 24 days at most, and nobody waits for a page that long.
const LONGEST_WAIT_SECONDS = 86_400;

/**
 * What went wrong with a request: a problem of the API (RFC 9457), or one of the page's own codes:
 * `network` (no answer came), `unexpected_answer` (one that the API does not give, as of a proxy),
 * `file_unreadable` (a chosen file was changed or removed) and `page_fault` (the page went wrong).
 *
 * `status` is 0 where there was no answer; `retryAfter` is in seconds, a day at most, or null;
 * `rejected` lists `{file_name, errors: [{code, detail}]}`.
 */
export class Problem extends Error {
  constructor({ status = 0, code, detail = "", rejected = [], retryAfter = null }) {
    super(detail || code);
    this.name = "Problem";
    this.status = status;
    this.code = code;
    this.detail = detail;
    this.rejected = rejected;
    this.retryAfter = retryAfter;
  }

  /** Whether the same request may well succeed later. */
  get isPassing() {
    return this.code === "network" || PASSING_STATUSES.has(this.status);
  }

  /** Whether other uploads would be refused as well: no file of this one is at fault. */
  get isStanding() {
    return STANDING.has(this.code);
  }

  /** Whether the request certainly was not carried out. */
  get isRefusal() {
    return !UNKNOWN_OUTCOMES.has(this.code);
  }
}

/** @returns {Problem} nothing answers */
export function networkProblem() {
  return new Problem({ code: "network" });
}

/**
 * @param {number} status
 * @param {string} text the body of the answer
 * @param {string | null} retryAfter the header of that name: seconds or a date (RFC 9110, 10.2.3)
 * @returns {Problem}
 */
export function answeredProblem(status, text, retryAfter) {
  const told = { status, code: "unexpected_answer", retryAfter: secondsOf(retryAfter) };
  try {
    const { code, detail, rejected } = JSON.parse(text);
    return new Problem(typeof code === "string" ? { ...told, code, detail, rejected } : told);
  } catch {
    return new Problem(told);
  }
}

function secondsOf(retryAfter) {
  if (!retryAfter) {
    return null;
  }
  const seconds = /^\d+$/.test(retryAfter)
    ? Number(retryAfter)
    : (Date.parse(retryAfter) - Date.now()) / 1000;
  return Number.isNaN(seconds) ? null : Math.min(Math.max(0, seconds), LONGEST_WAIT_SECONDS);
}
