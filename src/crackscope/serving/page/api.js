// @ts-check
/** The REST API: one function per way of asking, and its errors. */

import * as connection from "./connection.js";
import { settings } from "./settings.js";

/** The server answered with an error; `code` and `message` are its own. */
export class ApiError extends Error {
  /**
   * @param {number} status
   * @param {string} code
   * @param {string} message
   * @param {Record<string, any>} details
   * @param {number} retryAfterS 0: not told
   */
  constructor(status, code, message, details, retryAfterS) {
    super(message);
    Object.assign(this, { name: "ApiError" });
    this.status = status;
    this.code = code;
    this.details = details;
    this.retryAfterS = retryAfterS;
  }
}

/** There was no answer; whether the server did what was asked is not known. */
export class AwayError extends Error {}

/** @type {() => Promise<void>} */
let askForToken = () => Promise.resolve();

/**
 * What to do when the server wants a token: it resolves once `settings.token` is a new one.
 * @param {() => Promise<void>} ask
 */
export function onTokenNeeded(ask) {
  askForToken = ask;
}

/** @param {string} path */
export const get = (path) => request("GET", path).then((answer) => answer.json());

/** @param {string} path */
export const getBlob = (path) => request("GET", path).then((answer) => answer.blob());

/**
 * @param {"POST" | "PATCH" | "PUT" | "DELETE"} method
 * @param {string} path
 * @param {object} body
 * @param {{who?: string, key?: string}} [options] `who`: the reviewer, without it the current one; `key`: sent
 *   again with the same key, it is not done again
 */
export async function send(method, path, body, { who, key } = {}) {
  const answer = await request(method, path, { body: JSON.stringify(body), who, key });
  return answer.json();
}

/** @param {string} path */
export const remove = (path) => request("DELETE", path).then(() => undefined);

/**
 * Name and token, as headers. Names are sent as the bytes of UTF-8: a header's characters are bytes.
 * @param {string} [who]
 * @returns {Record<string, string>}
 */
export function headersOf(who = settings.who) {
  /** @type {Record<string, string>} */
  const headers = {};
  if (settings.token) headers["Authorization"] = `Bearer ${settings.token}`;
  if (who) headers["X-Crackscope-User"] = String.fromCharCode(...new TextEncoder().encode(who));
  return headers;
}

/**
 * The error that an answer is.
 * @param {number} status
 * @param {string} text
 * @param {string | null} retryAfter
 */
export function errorOf(status, text, retryAfter) {
  try {
    const { code, message, details } = JSON.parse(text).error;
    return new ApiError(status, code, message, details, Number(retryAfter) || 0);
  } catch {
    return new ApiError(status, "unknown", `HTTP ${status}`, {}, 0);
  }
}

/**
 * @param {string} method
 * @param {string} path
 * @param {{body?: string, who?: string, key?: string}} [options]
 * @returns {Promise<Response>}
 */
async function request(method, path, { body, who, key } = {}) {
  const headers = headersOf(who);
  if (key) headers["Idempotency-Key"] = key;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let answer;
  try {
    answer = await fetch(path, { method, body, headers });
  } catch {
    connection.lost();
    throw new AwayError("the server does not answer");
  }
  if (answer.ok) return answer;
  if (answer.status === 401) {
    await askForToken();
    return request(method, path, { body, who, key });
  }
  throw errorOf(answer.status, await answer.text(), answer.headers.get("Retry-After"));
}

/**
 * A query string without the empty parameters.
 * @param {Record<string, string | number | boolean | null | undefined>} parameters
 */
export function query(parameters) {
  const given = Object.entries(parameters).filter(
    ([, value]) => value !== null && value !== undefined && value !== "",
  );
  return given.length ? `?${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}` : "";
}
