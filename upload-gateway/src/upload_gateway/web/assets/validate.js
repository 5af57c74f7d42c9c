// Controls, lone surrogates, and line and paragraph separators.
const NOT_IN_NAMES = /[/\\\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u;

/**
 * Check a file as the server does, reading no more than its first bytes.
 *
 * @param {File} file
 * @param {object} limits the document of `loadLimits`
 * @returns {Promise<string[]>} the server's rejection codes in its order; none for a good file
 * @throws {DOMException} the file cannot be read
 */
export async function checkFile(file, limits) {
  const codes = nameRejections(file.name, limits);
  if (file.size === 0) {
    codes.push("empty_file");
  } else if (await isMismatch(file, limits)) {
    codes.push("content_mismatch");
  }
  if (file.size > limits.max_file_size) {
    codes.push("file_too_large");
  }
  return codes;
}

function nameRejections(name, limits) {
  if (!name) {
    return ["name_missing"];
  }
  const codes = [];
  if ([...name].length > limits.max_file_name_characters) {
    codes.push("name_too_long");
  }
  if (NOT_IN_NAMES.test(name)) {
    codes.push("name_invalid");
  }
  if (promisedExtension(name, limits) === null) {
    codes.push("unsupported_extension");
  }
  return codes;
}

async function isMismatch(file, limits) {
  const extension = promisedExtension(file.name, limits);
  if (extension === null) {
    // Without a known extension there is nothing that the content could contradict.
    return false;
  }
  const head = new Uint8Array(await file.slice(0, headSize(limits)).arrayBuffer());
  const found = limits.signatures.find((signature) =>
    signature.fixed_bytes.every(({ offset, hex }) => hexOf(head, offset, hex.length / 2) === hex),
  );
  return !found?.extensions.includes(extension);
}

function promisedExtension(name, limits) {
  const dot = name.lastIndexOf(".");
  const extension = name.slice(dot + 1).toLowerCase();
  return dot > 0 && Object.hasOwn(limits.extensions, extension) ? extension : null;
}

function headSize({ signatures }) {
  const all = signatures.flatMap((signature) => signature.fixed_bytes);
  return Math.max(...all.map(({ offset, hex }) => offset + hex.length / 2));
}

function hexOf(bytes, offset, length) {
  const found = bytes.slice(offset, offset + length);
  return Array.from(found, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
