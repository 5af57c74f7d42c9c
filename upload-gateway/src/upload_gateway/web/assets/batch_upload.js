import { backoffSeconds, waitFor } from "./backoff.js";
import { multipartBody } from "./multipart_body.js";
import { sendUpload } from "./upload_request.js";

const SLOW_STATUSES = new Set([408, 504]);
const MOST_SLOW_TRIES = 5;

/** Files that were changed or removed after they were chosen: no try will ever send them. */
export class UnreadableFiles extends Error {
  /** @param {object[]} entries of the batch */
  constructor(entries) {
    super("file_unreadable");
    this.entries = entries;
  }
}

/**
 * Send a batch, again and again where only the network or the service is away, until it is answered.
 * Keeps each entry's `sentBytes`, and the batch's `wasTried`, `wentOut` and
 * `wasSeenOut`.
 *
 * @param {import("./batches.js").Batch} batch
 * @param {object} options
 * @param {string} options.field
 * @param {AbortSignal} options.signal
 * @param {() => void} options.onProgress
 * @param {(problem: import("./problem.js").Problem | null) => void} options.onWaiting what the next
 *   try waits for; null once it begins
 * @returns {Promise<object>} the receipt
 * @throws {import("./problem.js").Problem} and UnreadableFiles, and the signal's reason
 */
export async function uploadBatch(batch, { field, signal, onProgress, onWaiting }) {
  const { entries, key } = batch;
  batch.wasTried = true;
  const body = multipartBody(
    field,
    entries.map((entry) => entry.file),
  );
  const progressed = (sentBytes) => {
    batch.wasSeenOut ||= sentBytes >= body.blob.size;
    entries.forEach((entry, index) => {
      entry.sentBytes = Math.max(0, Math.min(entry.size, sentBytes - body.starts[index]));
    });
    onProgress();
  };
  for (let failures = 1; ; failures += 1) {
    const { wentOut } = batch;
    batch.wentOut = true;
    try {
      return await sendUpload(body, { key, signal, onProgress: progressed });
    } catch (problem) {
      signal.throwIfAborted();
      if (problem.isRefusal) {
        // As if this try had not been; an earlier one may still have been accepted.
        batch.wentOut = wentOut;
      }
      if (!problem.isPassing || isGivenUp(problem, failures)) {
        throw problem;
      }
      const isNetwork = problem.code === "network";
      if (isNetwork) {
        await throwIfUnreadable(entries);
        signal.throwIfAborted();
      }
      progressed(0);
      onWaiting(problem);
      const seconds = backoffSeconds(failures, problem.retryAfter);
      await waitFor(seconds, { signal, untilOnline: isNetwork });
      onWaiting(null);
    }
  }
}

// A gateway may be too slow for this very request each time.
function isGivenUp({ status }, failures) {
  return SLOW_STATUSES.has(status) && failures >= MOST_SLOW_TRIES;
}

// To a page a file that cannot be read looks like a lost connection.
async function throwIfUnreadable(entries) {
  const reads = entries.map(({ file }) => file.slice(0, 1).arrayBuffer());
  const results = await Promise.allSettled(reads);
  const unreadable = entries.filter((_, index) => results[index].status === "rejected");
  if (unreadable.length) {
    throw new UnreadableFiles(unreadable);
  }
}
