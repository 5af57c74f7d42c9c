import { Problem, answeredProblem, networkProblem } from "./problem.js";
import { inSession } from "./session.js";

export { Problem };

// Longer than an answer that waits for news (`Prefer: wait`) may take.
const ANSWER_MILLISECONDS = 60_000;

/**
 * Ask the API.
 *
 * @param {string} method
 * @param {string} path with its query
 * @param {{signal?: AbortSignal, headers?: Record<string, string>}} [options]
 * @returns {Promise<any>} the parsed answer, null where it has no body
 * @throws {Problem} and the signal's reason once it was aborted
 */
export function request(method, path, { signal, headers = {} } = {}) {
  return inSession((token) => ask(method, path, token, signal, headers), signal);
}

async function ask(method, path, token, signal, headers) {
  const tooLong = AbortSignal.timeout(ANSWER_MILLISECONDS);
  const asked = { Accept: "application/json", ...headers };
  if (method !== "GET") {
    asked["X-CSRFToken"] = token;
  }
  let answer;
  let text;
  try {
    answer = await fetch(path, {
      method,
      headers: asked,
      signal: signal ? AbortSignal.any([signal, tooLong]) : tooLong,
    });
    text = await answer.text();
  } catch {
    signal?.throwIfAborted();
    throw networkProblem();
  }
  if (!answer.ok) {
    throw answeredProblem(answer.status, text, answer.headers.get("Retry-After"));
  }
  return parsed(answer.status, text);
}

function parsed(status, text) {
  try {
    return text ? JSON.parse(text) : null;
  } catch {
    throw new Problem({ status, code: "unexpected_answer" });
  }
}
