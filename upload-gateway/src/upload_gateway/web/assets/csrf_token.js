import { pageSettings } from "./page_settings.js";
import { Problem, answeredProblem, networkProblem } from "./problem.js";

const ANSWER_MILLISECONDS = 30_000;

let token = null;
let renewal = null;

/** @returns {string} the token that every unsafe request of the page's session carries */
export function csrfToken() {
  token ??= pageSettings().csrfToken ?? "";
  return token;
}

/**
 * Have a new token, and a new session where an anonymous one has ended. Those who ask at the same
 * time get the same one: each would begin a session of its own.
 *
 * @param {string} refused the token that was no longer good
 * @returns {Promise<string>} rejects with a Problem; 401 authentication_required where the visitor
 *   was signed in and is no more: what they do is not to become an anonymous visitor's
 */
export async function renewCsrfToken(refused) {
  if (token === refused) {
    renewal ??= fetchToken().finally(() => {
      renewal = null;
    });
    token = await renewal;
  }
  return token;
}

async function fetchToken() {
  let answer;
  let text;
  try {
    answer = await fetch("/api/csrf", {
      cache: "no-store",
      headers: { Accept: "application/json" },
      signal: AbortSignal.timeout(ANSWER_MILLISECONDS),
    });
    text = await answer.text();
  } catch {
    throw networkProblem();
  }
  if (!answer.ok) {
    throw answeredProblem(answer.status, text, answer.headers.get("Retry-After"));
  }
  const { csrf_token: renewed, signed_in: signedIn } = JSON.parse(text);
  if (pageSettings().signedIn && !signedIn) {
    throw new Problem({ status: 401, code: "authentication_required" });
  }
  return renewed;
}
