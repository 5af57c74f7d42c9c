/** Takes the page over from its plain form. */

import { Announcer } from "./announce.js";
import { loadCatalog } from "./i18n.js";
import { loadLimits } from "./limits.js";
import { pageSettings } from "./page_settings.js";
import { startPhotosSection } from "./photos_section.js";
import { UploadQueue } from "./queue.js";
import { startUploadSection } from "./upload_section.js";

async function start() {
  // Whatever fails before the end of this leaves the form, which works.
  const [limits] = await Promise.all([loadLimits(), loadCatalog(pageSettings().language)]);
  const announcer = new Announcer(document.getElementById("announcer"));
  const queue = new UploadQueue(limits);
  startUploadSection(queue, limits, announcer);
  document.documentElement.classList.add("js");
  await startPhotosSection(queue, announcer);
}

start();
