/** What was dropped, with the files of folders and of the folders inside them. */

/** A folder dropped by mistake may hold a whole disk: so many files are taken at most. */
const MAX_FILES = 2000;

/**
 * @param {DataTransfer} transfer read before this returns, as browsers demand
 * @returns {Promise<File[]>} without hidden files of folders, nor what cannot be read
 */
export async function filesOfItems(transfer) {
  const dropped = [...transfer.items].filter((item) => item.kind === "file");
  const entries = dropped.map((item) => item.webkitGetAsEntry?.() ?? null);
  if (!entries.some((entry) => entry?.isDirectory)) {
    return [...transfer.files];
  }
  const files = [];
  const waiting = entries.filter((entry) => entry !== null);
  while (waiting.length > 0 && files.length < MAX_FILES) {
    const entry = waiting.shift();
    if (entry.isDirectory) {
      waiting.push(...(await readFolder(entry)).filter(({ name }) => !name.startsWith(".")));
    } else {
      files.push(...(await readFile(entry)));
    }
  }
  return files;
}

async function readFolder(folder) {
  const reader = folder.createReader();
  const entries = [];
  while (entries.length < MAX_FILES) {
    // At most 100 come at a time, and nothing at the end.
    const some = await new Promise((resolve) => reader.readEntries(resolve, () => resolve([])));
    if (some.length === 0) {
      break;
    }
    entries.push(...some);
  }
  return entries;
}

function readFile(entry) {
  return new Promise((resolve) => entry.file((file) => resolve([file]), () => resolve([])));
}
