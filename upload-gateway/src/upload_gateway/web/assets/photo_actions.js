/** What people do to a photo: process it anew, delete it. */

import { request } from "./api.js";

/**
 * Begins a failed task anew. If it was begun elsewhere meanwhile, that is shown.
 * @param {import("./photo_store.js").PhotoStore} store
 * @param {string} taskId
 * @throws {Problem}
 */
export async function retryTask(store, taskId) {
  const failed = store.get(taskId);
  const told = await orGone(store, taskId, retried(taskId));
  if (told) {
    store.retried(failed, told);
  }
}

/**
 * Deletes a photo with everything that was made of it.
 * @param {import("./photo_store.js").PhotoStore} store
 * @param {string} taskId
 * @throws {Problem}
 */
export async function deletePhoto(store, taskId) {
  await orGone(store, taskId, request("DELETE", `/api/tasks/${taskId}`));
  store.remove(taskId);
}

async function retried(taskId) {
  try {
    return await request("POST", `/api/tasks/${taskId}/retry`);
  } catch (problem) {
    if (problem.code !== "task_not_failed") {
      throw problem;
    }
    return request("GET", `/api/task-status/${taskId}`);
  }
}

/** The answer; null where there is no such photo any more, which the store then forgets. */
async function orGone(store, taskId, answer) {
  try {
    return await answer;
  } catch (problem) {
    if (problem.code !== "unknown_task") {
      throw problem;
    }
    store.remove(taskId);
    return null;
  }
}
