/** Decodes chosen photos beside the page's own thread, which a large one would hold up. */

addEventListener("message", async ({ data: { id, file, pixels } }) => {
  try {
    const whole = await createImageBitmap(file);
    const scale = Math.min(1, pixels / Math.min(whole.width, whole.height));
    // Not with the options of createImageBitmap: those distort photos that are stored turned.
    const canvas = new OffscreenCanvas(
      Math.max(1, Math.round(whole.width * scale)),
      Math.max(1, Math.round(whole.height * scale)),
    );
    canvas.getContext("2d").drawImage(whole, 0, 0, canvas.width, canvas.height);
    whole.close();
    const bitmap = canvas.transferToImageBitmap();
    postMessage({ id, bitmap }, { transfer: [bitmap] });
  } catch {
    // A file that this browser cannot show.
    postMessage({ id, bitmap: null });
  }
});
