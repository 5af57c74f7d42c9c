/** Which of two words of one task is the later one, without a clock that both share. */

const STAGES = ["queued", "processing", "waiting_to_retry", "done"];

/**
 * Whether `told` is how the task stood before `known`. An ended task comes back to PENDING only
 * when somebody retries a failed one.
 *
 * @param {object} told the task as an answer or event tells it
 * @param {object} known the task as it is shown
 * @param {boolean} inOrder whether `told` comes from the watch, which tells each change in its
 *   turn; else it is a picture of some earlier moment, such as a page of a list
 * @returns {boolean}
 */
export function isOlder(told, known, inOrder) {
  if (known.status === "SUCCESS") {
    return told.status !== "SUCCESS";
  }
  if (known.status === "FAILURE") {
    return told.status === "PENDING" && !isNewRun(told, known, inOrder);
  }
  if (told.status !== "PENDING" || inOrder) {
    return false;
  }
  if (told.attempts !== known.attempts) {
    return told.attempts < known.attempts;
  }
  return STAGES.indexOf(told.stage) < STAGES.indexOf(known.stage);
}

function isNewRun(told, failed, inOrder) {
  if (told.started_at === null) {
    // Nothing tells a run that nobody has begun from the run before at its beginning.
    return inOrder;
  }
  return Date.parse(told.started_at) > Date.parse(failed.finished_at);
}
