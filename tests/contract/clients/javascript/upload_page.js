// What a page with Uppy does: upload chosen files, then follow what became of them.

import Uppy from "@uppy/core";
import XHRUpload from "@uppy/xhr-upload";

// Resolves with what Uppy tells of each file, and how it went.
window.uploadWithUppy = async (options) => {
  const uppy = new Uppy();
  uppy.use(XHRUpload, { fieldName: "images", ...options });
  const told = { answers: [], refusals: [], progressed: false };
  uppy.on("upload-progress", () => { told.progressed = true; });
  uppy.on("upload-success", (file, { status, body }) => {
    told.answers.push({ name: file.name, status, body });
  });
  uppy.on("upload-error", (file, error, request) => {
    told.refusals.push({
      name: file.name,
      status: request?.status ?? 0,
      body: JSON.parse(request?.responseText || "null"),
    });
  });
  for (const file of document.querySelector("input").files) {
    uppy.addFile({ name: file.name, type: file.type, data: file });
  }
  await uppy.upload().catch(() => null);
  uppy.destroy();
  return told;
};

// Resolves with the totals that `done` tells.
window.followBatch = (address) =>
  new Promise((resolve, reject) => {
    const stream = new EventSource(address);
    stream.addEventListener("error", () => reject(new Error("The stream broke.")));
    stream.addEventListener("done", ({ data }) => {
      stream.close();
      resolve(JSON.parse(data).totals);
    });
  });
