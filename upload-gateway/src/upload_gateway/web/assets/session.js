/** What the page asks for in the session of its visitor, and the end of that session. */

import { csrfToken, renewCsrfToken } from "./csrf_token.js";

const ends = new EventTarget();

/**
 * Ask in the session, once more where its token was no longer good. Where there is no session any
 * more, `onSessionEnd` is told of it too.
 *
 * @template T
 * @param {(token: string) => Promise<T>} ask with the token that unsafe requests carry
 * @param {AbortSignal} [signal] nothing is asked any more once it was aborted
 * @returns {Promise<T>}
 */
export async function inSession(ask, signal) {
  try {
    return await withGoodToken(ask, signal);
  } catch (error) {
    if (error.status === 401) {
      ends.dispatchEvent(new Event("end"));
    }
    throw error;
  }
}

/**
 * @param {() => void} act whenever the service answers that it does not know the visitor any more
 * @param {AbortSignal} signal ends it
 */
export function onSessionEnd(act, signal) {
  ends.addEventListener("end", act, { signal });
}

async function withGoodToken(ask, signal) {
  const token = csrfToken();
  try {
    return await ask(token);
  } catch (error) {
    if (error.code !== "csrf_failed") {
      throw error;
    }
    const renewed = await renewCsrfToken(token);
    signal?.throwIfAborted();
    return ask(renewed);
  }
}
