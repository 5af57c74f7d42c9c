// Drives the modules of the page as main.js would, and notes what they tell.
globalThis.drive = {
  told: { changes: [], progress: [], tasks: [] },

  /** Load the modules; `changes` are limits that the page shall believe in. */
  async start(assets, photo, changes = {}) {
    this.assets = assets;
    this.photo = Uint8Array.from(atob(photo), (character) => character.charCodeAt(0));
    const { loadLimits } = await import(`${assets}limits.js`);
    const { UploadQueue } = await import(`${assets}queue.js`);
    this.limits = await loadLimits();
    this.queue = new UploadQueue({ ...this.limits, ...changes });
    this.queue.addEventListener("change", ({ detail }) => this.told.changes.push(detail.ids));
    this.queue.addEventListener("progress", ({ detail }) => this.told.progress.push(detail));
    this.queue.addEventListener("accepted", ({ detail }) => this.told.tasks.push(...detail.tasks));
  },

  /** A photo, of so many bytes if `wanted`: what follows the picture is no part of it. */
  file(name, wanted) {
    const size = wanted ?? this.photo.length;
    const rest = new Uint8Array(Math.max(0, size - this.photo.length));
    return new File([this.photo.slice(0, size), rest], name, { type: "image/jpeg" });
  },

  files(count, size) {
    const names = Array.from({ length: count }, (_, index) => `photo-${index + 1}.jpg`);
    return names.map((name) => this.file(name, size));
  },

  named(name) {
    return [...this.queue.entries.values()].find((entry) => entry.name === name);
  },

  states() {
    return Object.fromEntries([...this.queue.entries.values()].map((e) => [e.name, e.state]));
  },

  /** Wait until `condition` holds, looking after every change of the queue and now and then. */
  until(condition, seconds = 30) {
    return new Promise((resolve, reject) => {
      const deadline = performance.now() + seconds * 1000;
      const look = () => {
        if (condition()) {
          resolve();
        } else if (performance.now() > deadline) {
          reject(new Error(`not within ${seconds} s: ${condition}; ${JSON.stringify(this.states())}`));
        } else {
          setTimeout(look, 10);
        }
      };
      look();
    });
  },

  /** Wait until every entry is in one of these states. */
  untilAll(...states) {
    return this.until(() => [...this.queue.entries.values()].every((e) => states.includes(e.state)));
  },

  /** Wait until progress was told that stands so. */
  untilProgress(state) {
    return this.until(() => this.told.progress.at(-1)?.state === state);
  },

  /** Which codes the page and the server have for a file, and by which name the server knows it. */
  async verdicts(file) {
    const { checkFile } = await import(`${this.assets}validate.js`);
    const { multipartBody } = await import(`${this.assets}multipart_body.js`);
    const { sendUpload } = await import(`${this.assets}upload_request.js`);
    const page = await checkFile(file, this.limits);
    const options = { key: crypto.randomUUID(), signal: new AbortController().signal };
    const body = multipartBody(this.limits.field, [file]);
    try {
      const receipt = await sendUpload(body, { ...options, onProgress() {} });
      return { page, server: [], name: receipt.accepted[0].file_name };
    } catch ({ status, rejected }) {
      const [refusal] = rejected;
      return { page, server: refusal.errors.map(({ code }) => code), name: refusal.file_name, status };
    }
  },
};
