// @ts-check
/**
 * Reviews and findings on their way to the server. One after the other, in the order they were made; while the server is
 * away they wait here and survive a reload. Each has a key, so that one whose answer got lost is sent again and
 * recorded once.
 */

import { ApiError, AwayError, send } from "./api.js";
import { whenBack } from "./connection.js";

/**
 * @typedef {import("./types.js").Review} Review
 * @typedef {object} Act
 * @property {number} photoId
 * @property {string} key
 * @property {string} who
 * @property {any} fields of a review: action, new_label, note, box_ltrb, seen_label
 * @property {"POST" | "PUT" | "DELETE"} [method]
 * @property {string} [path] of what is no review, but a finding
 */

const KEY = "crackscope.outbox";

/** Sends "change" when something was put in or went out. */
export const outbox = new EventTarget();

/** @type {Act[]} */
const waiting = load();
/** @type {Promise<unknown>} */
let last = Promise.resolve();

export const waitingReviews = () => waiting.length;

/**
 * Reviews of a photo that are on their way.
 * @param {number} photoId
 */
export const pendingOf = (photoId) => waiting.filter((act) => act.photoId === photoId && !act.path);

/**
 * Keep a review on the server.
 * @param {Act} act
 * @returns {Promise<Review>} rejected with an ApiError where the server refuses it
 */
export function submit(act) {
  waiting.push(act);
  store();
  return enqueue(() => deliver(act));
}

/**
 * After a reload: send what the page before left.
 * @returns {Promise<Review>[]}
 */
export const resume = () => waiting.map((act) => enqueue(() => deliver(act)));

/** Resolves when everything that waits now has been answered. */
export const flushed = () => last.catch(() => undefined);

/**
 * @template T
 * @param {() => Promise<T>} task
 * @returns {Promise<T>}
 */
function enqueue(task) {
  const result = last.catch(() => undefined).then(task);
  last = result;
  return result;
}

/**
 * @param {Act} act
 * @returns {Promise<Review>}
 */
async function deliver(act) {
  for (;;) {
    try {
      const review = await post(act);
      drop(act);
      return review;
    } catch (error) {
      if (error instanceof ApiError && error.status !== 503) {
        drop(act);
        throw error;
      }
      if (error instanceof AwayError) await whenBack();
      else await new Promise((resolve) => setTimeout(resolve, 2000));
    }
  }
}

/** @param {Act} act */
const post = ({ photoId, key, who, fields, method = "POST", path = `/v1/photos/${photoId}/reviews` }) =>
  send(method, path, fields, { who, key });

/** @param {Act} act */
function drop(act) {
  waiting.splice(waiting.indexOf(act), 1);
  store();
}

function store() {
  try {
    sessionStorage.setItem(KEY, JSON.stringify(waiting));
  } catch {
    // The page warns before it is closed while something waits.
  }
  outbox.dispatchEvent(new Event("change"));
}

/** @returns {Act[]} */
function load() {
  try {
    return JSON.parse(sessionStorage.getItem(KEY) ?? "[]");
  } catch {
    return [];
  }
}
