/** The picture of a photo while it arrives: its colour, its placeholder, then a rendition. */

import { decodeThumbhash } from "./thumbhash.js";
import { icon, setIcon } from "./icon.js";

/** Milliseconds after which a rendition has faded in: what lay under it is not needed any more. */
const FADED_IN = 500;
/** Times that a rendition which did not come is asked for again, after 2, 4 and 8 seconds. */
const TRIES = 3;
const FIRST_PAUSE = 2_000;

/** Fills an element with the picture of a task, again whenever the task has changed. */
export class PhotoPicture {
  #holder;
  #rendition;
  #eager;
  #alt;
  #icon = icon("image");
  #canvas = null;
  #image = null;

  /**
   * @param {HTMLElement} holder
   * @param {string} rendition the name of the one to show
   * @param {{eager?: boolean, alt?: string}} [options] eager: load it although it may not be in
   *   view; alt: none where the holder names the photo
   */
  constructor(holder, rendition, { eager = false, alt = "" } = {}) {
    this.#holder = holder;
    this.#rendition = rendition;
    this.#eager = eager;
    this.#alt = alt;
    holder.append(this.#icon);
  }

  /** @param {object} task */
  update({ content_type: contentType, result }) {
    setIcon(this.#icon, contentType === "application/pdf" ? "document" : "image");
    if (result === null) {
      this.#clear();
      return;
    }
    const rendition = result.renditions.find(({ name }) => name === this.#rendition);
    if (rendition && this.#image?.getAttribute("src") === rendition.url) {
      return;
    }
    this.#holder.style.setProperty("background-color", result.dominant_color);
    if (result.thumbhash !== null) {
      this.#placeholder(result.thumbhash);
    }
    if (rendition) {
      this.#load(rendition);
    }
  }

  #clear() {
    this.#uncover();
    this.#icon.removeAttribute("hidden");
    this.#image?.remove();
    this.#image = null;
  }

  /** Nothing is to shine through a drawing without ground. */
  #uncover() {
    this.#holder.style.removeProperty("background-color");
    this.#canvas?.remove();
    this.#canvas = null;
    this.#icon.setAttribute("hidden", "");
  }

  #placeholder(thumbhash) {
    let decoded;
    try {
      decoded = decodeThumbhash(thumbhash);
    } catch {
      // The colour alone stands for the photo then.
      return;
    }
    const { width, height, rgba } = decoded;
    this.#canvas ??= document.createElement("canvas");
    this.#canvas.className = "placeholder";
    this.#canvas.setAttribute("aria-hidden", "true");
    this.#canvas.width = width;
    this.#canvas.height = height;
    this.#canvas.getContext("2d").putImageData(new ImageData(rgba, width, height), 0, 0);
    this.#icon.after(this.#canvas);
  }

  #load({ url, width, height }) {
    this.#image?.remove();
    const image = document.createElement("img");
    image.className = this.#rendition;
    image.alt = this.#alt;
    image.width = width;
    image.height = height;
    image.decoding = "async";
    image.loading = this.#eager ? "eager" : "lazy";
    image.addEventListener("load", () => {
      image.setAttribute("data-loaded", "");
      setTimeout(() => image === this.#image && this.#uncover(), FADED_IN);
    });
    let failures = 0;
    image.addEventListener("error", () => {
      failures += 1;
      if (failures <= TRIES) {
        setTimeout(() => image.isConnected && image.setAttribute("src", url),
          FIRST_PAUSE * 2 ** (failures - 1));
      }
    });
    image.src = url;
    this.#image = image;
    this.#holder.append(image);
  }
}
