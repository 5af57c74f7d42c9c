const LONGEST_SECONDS = 30;

/**
 * How long to wait before the next try: 1, 2, 4 … 30 s less up to a half by chance, so that those
 * who failed together do not come back together; and never before the server wants to be asked.
 *
 * @param {number} failures how many tries failed in a row, at least 1
 * @param {number | null} retryAfter seconds that the server asked for
 * @returns {number} seconds
 */
export function backoffSeconds(failures, retryAfter) {
  const seconds = Math.min(LONGEST_SECONDS, 2 ** (failures - 1)) * (1 - Math.random() / 2);
  return retryAfter === null ? seconds : retryAfter + seconds / 2;
}

/**
 * Wait, but not on after the browser is online again where `untilOnline`.
 *
 * @param {number} seconds
 * @param {{signal: AbortSignal, untilOnline: boolean}} options
 * @returns {Promise<void>} rejects with the signal's reason once it was aborted
 */
export function waitFor(seconds, { signal, untilOnline }) {
  return new Promise((resolve, reject) => {
    const end = (settle) => {
      clearTimeout(timer);
      signal.removeEventListener("abort", aborted);
      removeEventListener("online", resumed);
      settle();
    };
    const resumed = () => end(resolve);
    const aborted = () => end(() => reject(signal.reason));
    const timer = setTimeout(resumed, seconds * 1000);
    if (signal.aborted) {
      aborted();
      return;
    }
    signal.addEventListener("abort", aborted);
    if (untilOnline) {
      addEventListener("online", resumed);
    }
  });
}
