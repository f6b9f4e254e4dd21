// @ts-check
/**
 * Uploads: photos go up in chunks below the server's limits, one chunk at a time. When the server is away or
 * busy the chunk waits. Each chunk has a key: when only its answer was lost, the server knows it again and keeps
 * its photos once.
 */

import { ApiError, AwayError, errorOf, get, headersOf } from "./api.js";
import { announce } from "./changes.js";
import { elementsOf, pathOf } from "./chosen.js";
import { lost, whenBack } from "./connection.js";
import { newKey } from "./keys.js";
import { errorText, photoErrorText, sizeText, t } from "./strings.js";

const CHUNK_FILES = 24;
const CHUNK_BYTES = 48e6;
export const ACCEPT = "image/*,.tif,.tiff,.heic,.heif,.jp2";

/**
 * @typedef {{mm_per_px: string, threshold: string, skip_copies: string}} ScanFields as typed; empty: not given
 * @typedef {{project: number | null, fields: ScanFields, files: File[], elements: Map<File, string>, key: string}} Chunk
 * @typedef {{name: string, error: string}} Refusal
 * @typedef {{photos: {name: string, error: string | null}[], skipped: {name: string}[]}} Answer
 * @typedef {import("./chosen.js").Found} Found
 */

/** Sends "change" with every step of progress. */
export const uploads = new EventTarget();

export const progress = {
  total: 0,
  sent: 0,
  bytes: 0,
  bytesTotal: 0,
  skipped: 0,
  videos: 0,
  copies: 0,
  /** Taken, but no photos that can be scanned: they are among the photos, marked. */
  unreadable: 0,
  waits: false,
  running: false,
  cancelled: false,
  /** @type {Refusal[]} */
  refusals: [],
};

/** @type {Chunk[]} */
const queue = [];
let stop = new AbortController();

/**
 * Split files so that each chunk stays below the limits; a file alone may be longer than a chunk.
 * @template {{size: number}} T
 * @param {T[]} files
 * @param {{files: number, request_bytes: number}} limits
 * @returns {T[][]}
 */
export function intoChunks(files, limits) {
  const most = {
    files: Math.min(CHUNK_FILES, limits.files),
    bytes: Math.min(CHUNK_BYTES, limits.request_bytes * 0.9),
  };
  /** @type {T[][]} */
  const chunks = [];
  let bytes = Infinity;
  for (const file of files) {
    const full = bytes + file.size > most.bytes || chunks[chunks.length - 1].length >= most.files;
    if (full) [chunks[chunks.length], bytes] = [[], 0];
    chunks[chunks.length - 1].push(file);
    bytes += file.size;
  }
  return chunks;
}

/**
 * Upload files and have them scanned.
 * @param {Found} found
 * @param {number | null} project
 * @param {ScanFields} fields
 */
export async function upload({ files, skipped, videos }, project, fields) {
  const { limits } = await get("/v1/model");
  if (!progress.running) begin();
  progress.total += files.length;
  progress.skipped += skipped;
  progress.videos += videos;
  const fitting = files.filter((file) => {
    if (file.size === 0) refuse(file, t("upload.empty"));
    else if (file.size > limits.file_bytes)
      refuse(file, t("upload.too_large", { limit: sizeText(limits.file_bytes) }));
    else return true;
    return false;
  });
  progress.bytesTotal += fitting.reduce((sum, file) => sum + file.size, 0);
  const elements = elementsOf(files);
  queue.push(
    ...intoChunks(fitting, limits).map((chunk) => ({ project, fields, files: chunk, elements, key: newKey() })),
  );
  changed();
  if (!progress.running) await work();
}

/** Stop: the chunk on its way is broken off, the rest is not sent. */
export function cancelUploads() {
  progress.cancelled = true;
  queue.length = 0;
  stop.abort();
}

function begin() {
  Object.assign(progress, {
    total: 0,
    sent: 0,
    bytes: 0,
    bytesTotal: 0,
    skipped: 0,
    videos: 0,
    copies: 0,
    unreadable: 0,
    cancelled: false,
    refusals: [],
  });
  stop = new AbortController();
}

async function work() {
  progress.running = true;
  while (queue.length) {
    const chunk = /** @type {Chunk} */ (queue.shift());
    const before = progress.bytes;
    try {
      await deliver(chunk);
    } catch (error) {
      if (!progress.cancelled)
        chunk.files.forEach((file) => refuse(file, errorText(error)));
    }
    progress.bytes = before + chunk.files.reduce((sum, file) => sum + file.size, 0);
    changed();
    announce();
  }
  progress.running = false;
  changed();
}

/** @param {Chunk} chunk */
async function deliver(chunk) {
  for (let attempt = 0; !progress.cancelled; attempt++) {
    try {
      const known = attempt ? await arrived(chunk.key) : null;
      return take(known ?? (await post(chunk)));
    } catch (error) {
      if (error instanceof AwayError) {
        await dropUnreadable(chunk);
        if (!chunk.files.length) return;
        lost();
        await whenBack();
      } else if (busy(error)) await pause(/** @type {any} */ (error).retryAfterS || 2);
      else return refuseAll(error);
    }
  }
}

/**
 * What became of a chunk whose answer got lost; null: it never arrived.
 * @param {string} key
 * @returns {Promise<Answer | null>}
 */
async function arrived(key) {
  try {
    return await get(`/v1/uploads/${key}`);
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return null;
    throw error;
  }
}

/** @param {Answer} answer */
function take({ photos, skipped }) {
  progress.sent += photos.length;
  progress.copies += skipped.length;
  for (const { name, error } of photos) {
    if (!error) continue;
    progress.unreadable++;
    progress.refusals.push({ name, error: photoErrorText(error) });
  }
}

/**
 * The server took nothing of a chunk; it says why, of each file or of all.
 * @param {any} error
 */
function refuseAll(error) {
  const rows = error.details?.photos;
  if (!rows) throw error;
  for (const row of rows) refuse(row, photoErrorText(row.error));
}

/** @param {any} error */
const busy = (error) => error.status === 503 || error.status === 429;

/** @param {number} seconds */
async function pause(seconds) {
  progress.waits = true;
  changed();
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  progress.waits = false;
}

/** @param {Chunk} chunk */
async function post({ project, fields, files, elements, key }) {
  const form = new FormData();
  for (const file of files) form.append("files", file, pathOf(file));
  if (elements.size > 0) for (const file of files) form.append("elements", elements.get(file) ?? "");
  if (project !== null) form.append("project_id", String(project));
  for (const [name, value] of Object.entries(fields)) if (value) form.append(name, value);
  const before = progress.bytes;
  try {
    return await request(form, key, (bytes) => {
      progress.bytes = before + bytes;
      changed();
    });
  } catch (error) {
    progress.bytes = before;
    throw error;
  }
}

/**
 * XMLHttpRequest, because fetch tells no progress of what it sends.
 * @param {FormData} form
 * @param {string} key
 * @param {(bytes: number) => void} onBytes
 * @returns {Promise<Answer>}
 */
function request(form, key, onBytes) {
  return new Promise((resolve, reject) => {
    const asked = new XMLHttpRequest();
    asked.open("POST", "/v1/scan");
    for (const [name, value] of Object.entries(headersOf())) asked.setRequestHeader(name, value);
    asked.setRequestHeader("Idempotency-Key", key);
    asked.upload.onprogress = (event) => onBytes(event.loaded);
    asked.onerror = () => reject(new AwayError("no answer"));
    asked.onabort = () => reject(new Error("cancelled"));
    asked.onload = () => {
      if (asked.status < 300) resolve(JSON.parse(asked.responseText));
      else reject(errorOf(asked.status, asked.responseText, asked.getResponseHeader("Retry-After")));
    };
    stop.signal.addEventListener("abort", () => asked.abort());
    asked.send(form);
  });
}

/**
 * A file that was moved or changed on disk looks to the browser like a server that is away.
 * @param {Chunk} chunk
 */
async function dropUnreadable(chunk) {
  const readable = await Promise.all(
    chunk.files.map((file) =>
      file
        .slice(0, 1)
        .arrayBuffer()
        .then(
          () => true,
          () => false,
        ),
    ),
  );
  chunk.files.filter((_, index) => !readable[index]).forEach((file) => refuse(file, t("upload.unreadable")));
  chunk.files = chunk.files.filter((_, index) => readable[index]);
}

/**
 * @param {{name: string}} file
 * @param {string} error
 */
function refuse({ name }, error) {
  progress.refusals.push({ name, error });
}

const changed = () => uploads.dispatchEvent(new Event("change"));
