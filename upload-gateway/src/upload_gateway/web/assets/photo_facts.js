/** What is known of a photo, as names and values for people. */

import {
  formatBytes, formatExposure, formatMoment, formatNumber, formatSeconds, formatTakenAt,
} from "./format.js";
import { t } from "./i18n.js";

/**
 * @param {object} task
 * @returns {[string, string][]} what is not known is left out
 */
export function photoFacts(task) {
  const { result } = task;
  const facts = [
    ...(result ? contentFacts(result) : []),
    [t("fact.size"), formatBytes(task.size)],
    [t("fact.uploaded_at"), formatMoment(task.created_at)],
    [t("fact.attempts"), task.attempts > 1 ? formatNumber(task.attempts) : null],
    ...(result ? processingFacts(result) : []),
    [t("fact.photo_id"), String(task.photo_id)],
    [t("fact.task_id"), task.task_id],
  ];
  return facts.filter(([, value]) => value);
}

/**
 * @param {{width: number, height: number}} size in pixels
 * @returns {string}
 */
export function dimensionsText({ width, height }) {
  return t("photo.pixels", { width: String(width), height: String(height) });
}

function contentFacts({ camera, ...result }) {
  return [
    [t("fact.dimensions"), dimensionsText(result)],
    [t("fact.format"), result.format.toUpperCase()],
    [t("fact.pages"), result.pages && formatNumber(result.pages)],
    [t("fact.taken_at"), result.taken_at && formatTakenAt(result.taken_at)],
    [t("fact.camera"), camera && cameraName(camera)],
    [t("fact.lens"), camera && camera.lens],
    [t("fact.exposure"), camera && exposureText(camera)],
  ];
}

function processingFacts(result) {
  return [
    [t("fact.processing_time"), formatSeconds(result.processing_time)],
    [t("fact.random_number"), String(result.random_number)],
  ];
}

/** Many models begin with their maker's name. */
function cameraName({ make, model }) {
  if (make && model && !model.toLowerCase().startsWith(make.toLowerCase())) {
    return `${make} ${model}`;
  }
  return model ?? make;
}

function exposureText(camera) {
  const parts = [
    camera.exposure_time && formatExposure(camera.exposure_time),
    camera.f_number && t("fact.f_number", { number: camera.f_number }),
    camera.iso && t("fact.iso", { number: String(camera.iso) }),
    camera.focal_length && t("fact.focal_length", {
      millimetres: formatNumber(camera.focal_length, { maximumFractionDigits: 1 }),
    }),
  ];
  return parts.filter(Boolean).join(" · ");
}
