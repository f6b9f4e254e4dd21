// @ts-check
/** The order in which photos are gone through: fixed while reviewing, though reviews change the sorting. */

import { get, query } from "./api.js";

/** The photo that was looked at last; the gallery puts the focus there. */
export const lastPhoto = { id: 0 };

let key = "";
/** @type {Promise<number[]>} */
let order = Promise.resolve([]);

/** The gallery was looked at: the next photo opened from it begins a new order. */
export function forgetOrder() {
  key = "";
}

/**
 * The photos that could not be scanned: there is nothing to decide about them.
 * @param {number | null} project
 * @returns {Promise<Set<number>>}
 */
export const failedOf = async (project) =>
  new Set(await get(`/v1/photos/ids${query({ project_id: project, state: "failed" })}`));

/**
 * The numbers of the chosen photos in order; asked for once, and again only where a photo is not among them.
 * @param {Record<string, any>} choice
 * @param {number} photo
 */
export async function orderWith(choice, photo) {
  const asked = JSON.stringify(choice);
  if (key !== asked || !(await order).includes(photo)) {
    key = asked;
    order = get(`/v1/photos/ids${query(choice)}`);
    order.catch(() => (key = ""));
  }
  return order;
}
