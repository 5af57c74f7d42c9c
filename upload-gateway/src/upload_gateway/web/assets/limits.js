import { request } from "./api.js";

let loading = null;

/**
 * What an upload is held against: the document of `GET /api/limits`, asked for once a page.
 *
 * @returns {Promise<{field: string, max_files: number, max_file_size: number,
 *   max_file_name_characters: number, extensions: Record<string, string>,
 *   signatures: {extensions: string[], fixed_bytes: {offset: number, hex: string}[]}[]}>}
 *   sizes in bytes; rejects with a Problem, after which the next call asks again
 */
export function loadLimits() {
  loading ??= request("GET", "/api/limits").catch((problem) => {
    loading = null;
    throw problem;
  });
  return loading;
}
