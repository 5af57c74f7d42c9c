// What cannot stand in a quoted string as it is; browsers' own forms change these characters.
const NEEDS_ENCODING = /[\x00-\x1f\x7f"\\]/;

/**
 * The body of an upload (RFC 7578), made here to know where in it each file lies, and to send names
 * as they are. No file is read: a Blob refers to its parts.
 *
 * @param {string} field
 * @param {File[]} files
 * @returns {{blob: Blob, contentType: string, starts: number[]}} `starts`: the offset in bytes of
 *   each file
 */
export function multipartBody(field, files) {
  const random = crypto.getRandomValues(new Uint32Array(4));
  const boundary = `photos-${Array.from(random, (number) => number.toString(36)).join("-")}`;
  const contentType = `multipart/form-data; boundary=${boundary}`;
  const encoder = new TextEncoder();
  const parts = [];
  const starts = [];
  let size = 0;
  for (const file of files) {
    const head = encoder.encode(
      `--${boundary}\r\nContent-Disposition: form-data; name="${field}"; ${nameParameter(file.name)}` +
        `\r\nContent-Type: ${file.type || "application/octet-stream"}\r\n\r\n`,
    );
    parts.push(head, file, "\r\n");
    starts.push(size + head.length);
    size += head.length + file.size + 2;
  }
  parts.push(`--${boundary}--\r\n`);
  return { blob: new Blob(parts), contentType, starts };
}

function nameParameter(name) {
  if (!NEEDS_ENCODING.test(name)) {
    return `filename="${name}"`;
  }
  // RFC 8187 3.2.1: what encodeURIComponent leaves and is no attr-char.
  const more = (character) => `%${character.charCodeAt(0).toString(16)}`;
  return `filename*=UTF-8''${encodeURIComponent(name).replace(/['()*]/g, more)}`;
}
