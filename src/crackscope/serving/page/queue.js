// @ts-check
/** Suggestions one after the other: decide on one, and the next is shown; new ones are asked for at the end. */

import { get } from "./api.js";
import { address, go } from "./route.js";

/**
 * @typedef {import("./route.js").Route} Route
 * @typedef {import("./suggestions.js").Suggestion} Suggestion
 * @typedef {{project: number, suggestions: Suggestion[]}} Queue
 */

export const MOST = 12;
const KEY = "crackscope.queue";

/** @type {Queue | null} */
let queue = load();

/**
 * @param {number} project
 * @param {Suggestion[]} suggestions
 */
export function keepQueue(project, suggestions) {
  queue = { project, suggestions };
  try {
    sessionStorage.setItem(KEY, JSON.stringify(queue));
  } catch {
    // Without storage the queue ends with a reload.
  }
}

/**
 * The address of a suggestion as a part of the queue.
 * @param {number} project
 * @param {Suggestion} suggestion
 * @param {number} at
 */
export const queueAddress = (project, { photo_id, box_ltrb }, at) =>
  address(project, photo_id, { box: box_ltrb?.join(","), q: at });

/**
 * Where in the queue the page is; null: not in one.
 * @param {Route} route
 * @returns {{at: number, total: number, suggestion: Suggestion} | null}
 */
export function placeInQueue({ project, query }) {
  const at = Number(query.q);
  const suggestion = query.q && queue?.project === project ? queue.suggestions[at] : undefined;
  return suggestion && queue ? { at, total: queue.suggestions.length, suggestion } : null;
}

/**
 * Go to the next suggestion, or ask for new ones; false: there is nothing left to suggest.
 * @param {Route} route
 */
export async function nextInQueue(route) {
  const { project } = route;
  const place = placeInQueue(route);
  if (!place || project === null || !queue) return false;
  const next = place.at + 1;
  if (next < place.total) {
    go(queueAddress(project, queue.suggestions[next], next), true);
    return true;
  }
  const suggestions = await get(`/v1/projects/${project}/suggestions?n=${MOST}`);
  if (suggestions.length === 0) return false;
  keepQueue(project, suggestions);
  go(queueAddress(project, suggestions[0], 0), true);
  return true;
}

/** @returns {Queue | null} */
function load() {
  try {
    return JSON.parse(sessionStorage.getItem(KEY) ?? "null");
  } catch {
    return null;
  }
}
