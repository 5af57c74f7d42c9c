/** What was dropped, with the files of folders and of the folders inside them. */

/** A folder dropped by mistake may hold a whole disk: so many files are taken at most. */
const MAX_FILES = 2000;
/** And so many files and folders are looked at, whatever they are. */
const MAX_SEEN = 20_000;

/**
 * @param {DataTransfer} transfer read before this returns, as browsers demand
 * @returns {Promise<{files: File[], left: boolean}>} without hidden files of folders; `left`:
 *   something was left out, as too much or not readable
 */
export async function filesOfItems(transfer) {
  const dropped = [...transfer.items].filter((item) => item.kind === "file");
  const entries = dropped.map((item) => item.webkitGetAsEntry?.() ?? null);
  if (!entries.some((entry) => entry?.isDirectory)) {
    return { files: [...transfer.files], left: false };
  }
  const files = [];
  const waiting = entries.filter((entry) => entry !== null);
  let left = waiting.length < entries.length;
  let seen = waiting.length;
  while (waiting.length > 0 && files.length < MAX_FILES) {
    const entry = waiting.shift();
    if (entry.isDirectory) {
      const folder = await readFolder(entry, MAX_SEEN - seen);
      seen += folder.entries.length;
      left ||= folder.left;
      waiting.push(...folder.entries.filter(({ name }) => !name.startsWith(".")));
    } else {
      const file = await readFile(entry);
      left ||= file === null;
      files.push(...(file ? [file] : []));
    }
  }
  return { files, left: left || waiting.length > 0 };
}

async function readFolder(folder, most) {
  const reader = folder.createReader();
  const entries = [];
  while (entries.length < most) {
    // At most 100 come at a time, nothing at the end, and null where they cannot be read.
    const some = await new Promise((resolve) => reader.readEntries(resolve, () => resolve(null)));
    if (!some?.length) {
      return { entries, left: some === null };
    }
    entries.push(...some);
  }
  return { entries, left: true };
}

function readFile(entry) {
  return new Promise((resolve) => entry.file(resolve, () => resolve(null)));
}
