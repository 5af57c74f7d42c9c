/** How many of the chosen files are in which state. */

const UNDER_WAY = new Set(["waiting", "sending", "paused"]);

/**
 * @param {Map<unknown, import("./queue.js").Entry>} entries
 * @returns {{checking: number, ready: number, readyBytes: number, underWay: number,
 *   accepted: number, refused: number, waitsFor: import("./problem.js").Problem | null}} sizes in
 *   bytes; waitsFor is why sending does not go on
 */
export function tallyOf(entries) {
  const counts = { checking: 0, ready: 0, readyBytes: 0, underWay: 0, accepted: 0, refused: 0 };
  const tally = { ...counts, waitsFor: null };
  for (const { state, size, problem } of entries.values()) {
    if (UNDER_WAY.has(state)) {
      tally.underWay += 1;
      tally.waitsFor ??= problem;
    } else if (state === "ready") {
      tally.ready += 1;
      tally.readyBytes += size;
    } else if (state === "checking" || state === "accepted") {
      tally[state] += 1;
    } else {
      tally.refused += 1;
    }
  }
  return tally;
}
