/** Small pictures of chosen files, made only for what is in view. */

/** Of the shorter side. */
const PIXELS = 96;
const MAX_AT_ONCE = 2;
/** Decoding a damaged file must not hold up the others for ever. */
const PATIENCE_MS = 15_000;
/** A PDF has no picture in a browser, and what is too large is refused anyway. */
const SHOWN = /\.(jpe?g|png|webp)$/i;
const MAX_BYTES = 64 * 2 ** 20;

/** Fills canvases with the photos of files when they come into view. */
export class Previews {
  #observer = new IntersectionObserver((seen) => this.#onSeen(seen), { rootMargin: "200px" });
  #files = new WeakMap();
  #waiting = new Set();
  #decoding = new Map();
  #worker = null;
  #lastId = 0;

  /**
   * @param {HTMLCanvasElement} canvas gets the picture and then loses its `hidden`
   * @param {HTMLElement} place what has to be in view
   * @param {File} file
   */
  watch(canvas, place, file) {
    if (SHOWN.test(file.name) && file.size > 0 && file.size <= MAX_BYTES) {
      this.#files.set(place, { canvas, file });
      this.#observer.observe(place);
    }
  }

  /** @param {HTMLElement} place a place that leaves the page */
  forget(place) {
    this.#observer.unobserve(place);
    this.#waiting.delete(place);
  }

  #onSeen(seen) {
    for (const { target, isIntersecting } of seen) {
      if (isIntersecting) {
        this.#waiting.add(target);
      } else {
        this.#waiting.delete(target);
      }
    }
    this.#next();
  }

  #next() {
    for (const place of this.#waiting) {
      if (this.#decoding.size >= MAX_AT_ONCE) {
        return;
      }
      this.forget(place);
      const { canvas, file } = this.#files.get(place);
      this.#lastId += 1;
      const id = this.#lastId;
      const timer = setTimeout(() => this.#onPicture(id, null), PATIENCE_MS);
      this.#decoding.set(id, { canvas, timer });
      this.#startedWorker().postMessage({ id, file, pixels: PIXELS });
    }
  }

  #onPicture(id, bitmap) {
    const wanted = this.#decoding.get(id);
    if (wanted === undefined) {
      bitmap?.close();
      return;
    }
    this.#decoding.delete(id);
    clearTimeout(wanted.timer);
    if (bitmap !== null) {
      wanted.canvas.width = bitmap.width;
      wanted.canvas.height = bitmap.height;
      // Takes the pixels over without copying them.
      wanted.canvas.getContext("bitmaprenderer").transferFromImageBitmap(bitmap);
      wanted.canvas.hidden = false;
    }
    this.#next();
  }

  #startedWorker() {
    if (this.#worker === null) {
      const script = new URL("./preview_worker.js", import.meta.url);
      this.#worker = new Worker(script, { type: "module" });
      this.#worker.addEventListener("message", ({ data }) => this.#onPicture(data.id, data.bitmap));
    }
    return this.#worker;
  }
}
