/** Whether anybody looks at the page. */

/** Milliseconds out of sight after which the page rests. */
const PATIENCE = 30_000;

/**
 * Rests while the page is out of sight for long, as in a tab in the background.
 * @param {object} act what to call
 * @param {() => void} act.rest nobody has looked for a while
 * @param {() => void} act.wake somebody looks again
 * @param {AbortSignal} signal ends it
 */
export function whileSeen({ rest, wake }, signal) {
  let timer = 0;
  let rests = false;
  const look = () => {
    clearTimeout(timer);
    if (document.hidden) {
      timer = setTimeout(() => {
        rests = true;
        rest();
      }, PATIENCE);
    } else if (rests) {
      rests = false;
      wake();
    }
  };
  document.addEventListener("visibilitychange", look, { signal });
  signal.addEventListener("abort", () => clearTimeout(timer));
  look();
}
