/**
 * ThumbHash: a photo as at most 25 bytes, which hold the lowest coefficients of its cosine
 * transform. Written after the description of the format, https://evanw.github.io/thumbhash/
 */

/** Pixels along the longer edge: the hash knows at most 7 waves. */
const LONGEST_EDGE = 32;
/** The bytes before the coefficients, without those of the transparency. */
const HEADER_BYTES = 5;
/** Quantizing makes colours dull; the format asks for this much more when they are shown. */
const SATURATION = 1.25;

/**
 * A channel: its mean and the amplitudes of its waves, row by row of the triangle of low
 * frequencies, without that of the mean.
 * @typedef {{mean: number, across: number, down: number, waves: number[]}} Channel
 */

/**
 * @param {string} base64 as a task tells it
 * @returns {{width: number, height: number, rgba: Uint8ClampedArray}} at most 32 × 32 pixels, not
 *   premultiplied, in the shape of the photo
 * @throws {RangeError | DOMException} if it is no ThumbHash
 */
export function decodeThumbhash(base64) {
  const bytes = bytesOf(base64);
  if (bytes.length < HEADER_BYTES) {
    throw new RangeError("A ThumbHash has at least 5 bytes");
  }
  const first = bytes[0] | (bytes[1] << 8) | (bytes[2] << 16);
  const second = bytes[3] | (bytes[4] << 8);
  const hasAlpha = bits(first, 23, 1) === 1;
  const isLandscape = bits(second, 15, 1) === 1;
  const longer = hasAlpha ? 5 : 7;
  const shorter = bits(second, 0, 3);
  if (shorter === 0) {
    throw new RangeError("A ThumbHash has waves in both directions");
  }
  const [across, down] = isLandscape ? [longer, shorter] : [shorter, longer];
  const nibbles = new Nibbles(bytes, HEADER_BYTES);
  // Before all waves.
  const alphaMean = hasAlpha ? nibbles.take() / 15 : 1;
  const alphaScale = hasAlpha ? nibbles.take() / 15 : 0;
  const lightness = channel(bits(first, 0, 6) / 63, across, down, bits(first, 18, 5) / 31, nibbles);
  const yellow = channel(
    bits(first, 6, 6) / 31.5 - 1, 3, 3, (bits(second, 3, 6) / 63) * SATURATION, nibbles);
  const red = channel(
    bits(first, 12, 6) / 31.5 - 1, 3, 3, (bits(second, 9, 6) / 63) * SATURATION, nibbles);
  const alpha = hasAlpha ? channel(alphaMean, 5, 5, alphaScale, nibbles) : null;

  const ratio = across / down;
  const width = Math.round(ratio > 1 ? LONGEST_EDGE : LONGEST_EDGE * ratio);
  const height = Math.round(ratio > 1 ? LONGEST_EDGE / ratio : LONGEST_EDGE);
  const planes = [lightness, yellow, red].map((each) => plane(each, width, height));
  const alphas = alpha && plane(alpha, width, height);
  return { width, height, rgba: coloured(planes, alphas, width * height) };
}

/** Half-bytes in their order: the lower one of a byte first. */
class Nibbles {
  #bytes;
  #position;

  constructor(bytes, start) {
    this.#bytes = bytes;
    this.#position = 2 * start;
  }

  /** @returns {number} 0 to 15 */
  take() {
    const byte = this.#bytes[this.#position >> 1];
    if (byte === undefined) {
      throw new RangeError("The ThumbHash ends too early");
    }
    const nibble = this.#position % 2 ? byte >> 4 : byte & 15;
    this.#position += 1;
    return nibble;
  }
}

function bytesOf(base64) {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

function bits(value, start, count) {
  return (value >> start) & ((1 << count) - 1);
}

/** @returns {Channel} with waves of at least 3 frequencies in each direction */
function channel(mean, across, down, scale, nibbles) {
  const shape = { mean, across: Math.max(3, across), down: Math.max(3, down), waves: [] };
  for (let row = 0; row < shape.down; row += 1) {
    for (let column = row ? 0 : 1; isKept(column, row, shape); column += 1) {
      shape.waves.push((nibbles.take() / 7.5 - 1) * scale);
    }
  }
  return shape;
}

function isKept(column, row, { across, down }) {
  return column * down < across * (down - row);
}

/** The inverse cosine transform, along the rows and then down the columns. */
function plane(shape, width, height) {
  const across = cosines(shape.across, width);
  const down = cosines(shape.down, height);
  const values = new Float32Array(width * height).fill(shape.mean);
  let taken = 0;
  for (let row = 0; row < shape.down; row += 1) {
    const line = new Float32Array(width);
    for (let column = row ? 0 : 1; isKept(column, row, shape); column += 1) {
      const amplitude = 2 * shape.waves[taken];
      taken += 1;
      for (let x = 0; x < width; x += 1) {
        line[x] += amplitude * across[column][x];
      }
    }
    for (let y = 0; y < height; y += 1) {
      for (let x = 0; x < width; x += 1) {
        values[y * width + x] += line[x] * down[row][y];
      }
    }
  }
  return values;
}

function cosines(frequencies, length) {
  return Array.from({ length: frequencies }, (_, frequency) =>
    Float32Array.from({ length }, (_, at) =>
      Math.cos((Math.PI / length) * (at + 0.5) * frequency)));
}

/** From lightness, yellow against blue, and red against green. */
function coloured([lightness, yellow, red], alphas, pixels) {
  const rgba = new Uint8ClampedArray(4 * pixels);
  for (let at = 0; at < pixels; at += 1) {
    const blue = lightness[at] - (2 / 3) * yellow[at];
    const redValue = (3 * lightness[at] - blue + red[at]) / 2;
    rgba[4 * at] = 255 * redValue;
    rgba[4 * at + 1] = 255 * (redValue - red[at]);
    rgba[4 * at + 2] = 255 * blue;
    rgba[4 * at + 3] = alphas ? 255 * alphas[at] : 255;
  }
  return rgba;
}
