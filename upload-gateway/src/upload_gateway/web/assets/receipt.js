/**
 * What became of each entry of a batch. An answer names files but not their positions; both of its
 * lists are in the order of the upload.
 *
 * @param {object[]} entries in the order in which they were sent
 * @param {{accepted: object[], rejected: {file_name: string, errors: {code: string}[]}[]}} answer
 * @param {{max_file_name_characters: number}} limits names of rejected files are cut to that length
 * @returns {{task: object | null, rejections: string[] | null}[]} both null where the answer does not
 *   name it: a repeated one leaves out photos that were deleted meanwhile
 */
export function outcomesOf(entries, { accepted, rejected }, limits) {
  const tasks = [...accepted];
  const refusals = [...rejected];
  return entries.map(({ name, size }) => {
    if (tasks[0]?.file_name === name && tasks[0].size === size) {
      return { task: tasks.shift(), rejections: null };
    }
    const cut = [...name].slice(0, limits.max_file_name_characters).join("");
    if (refusals[0]?.file_name === cut) {
      return { task: null, rejections: refusals.shift().errors.map(({ code }) => code) };
    }
    return { task: null, rejections: null };
  });
}
