const MOST_FILES = 10;
const MOST_BYTES = 16 * 2 ** 20;

/**
 * Entries that travel in one request, with the key by which the server knows a second try of it.
 *
 * Once it `wasTried` it is best sent again as it was, until an answer comes: it may have been
 * accepted. Once its whole body may have `wentOut` it has to be: `withdrawn` are the entries that
 * were removed since. A browser tells late how much went out; `wasSeenOut` is what it told.
 */
export class Batch {
  key = newKey();
  wasTried = false;
  wentOut = false;
  wasSeenOut = false;
  withdrawn = new Set();

  /** @param {object[]} entries of the queue */
  constructor(entries) {
    this.entries = entries;
  }

  /** The entries that the queue still has. */
  get present() {
    return this.entries.filter((entry) => !this.withdrawn.has(entry));
  }

  /** Take an entry out, for good: never to be sent, or else to be deleted. */
  remove(entry) {
    if (this.wentOut) {
      this.withdrawn.add(entry);
      return;
    }
    this.entries = this.entries.filter((each) => each !== entry);
    this.key = newKey();
  }
}

/**
 * Put entries into batches, in their order: many small requests, so that a bad connection costs
 * little.
 *
 * @param {object[]} entries
 * @param {{max_files: number}} limits
 * @returns {Batch[]}
 */
export function cutIntoBatches(entries, limits) {
  const most = Math.min(MOST_FILES, limits.max_files);
  const cuts = [];
  let bytes = 0;
  for (const entry of entries) {
    const last = cuts.at(-1);
    if (last && last.length < most && bytes + entry.size <= MOST_BYTES) {
      last.push(entry);
      bytes += entry.size;
    } else {
      cuts.push([entry]);
      bytes = entry.size;
    }
  }
  return cuts.map((cut) => new Batch(cut));
}

function newKey() {
  // Not crypto.randomUUID, which pages without TLS do not have.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
