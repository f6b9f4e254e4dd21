// @ts-check
/**
 * Uploads: photos go up in chunks below the server's limits, one chunk at a time. When the server is away or
 * busy the chunk waits; when only its answer was lost, the photos that are there are not sent twice.
 */

import { AwayError, errorOf, get, headersOf, query } from "./api.js";
import { announce } from "./changes.js";
import { lost, whenBack } from "./connection.js";
import { sizeText, t } from "./strings.js";

const CHUNK_FILES = 24;
const CHUNK_BYTES = 48e6;
export const ACCEPT = "image/*,.tif,.tiff,.heic,.heif,.jp2";

/**
 * @typedef {{mm_per_px: string, threshold: string}} ScanFields as typed; empty: not given
 * @typedef {{project: number | null, fields: ScanFields, files: File[]}} Chunk
 * @typedef {{name: string, error: string}} Refusal
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
export async function upload({ files, skipped }, project, fields) {
  const { limits } = await get("/v1/model");
  if (!progress.running) begin();
  progress.total += files.length;
  progress.skipped += skipped;
  const fitting = files.filter((file) => {
    if (file.size === 0) refuse(file, t("upload.empty"));
    else if (file.size > limits.file_bytes)
      refuse(file, t("upload.too_large", { limit: sizeText(limits.file_bytes) }));
    else return true;
    return false;
  });
  progress.bytesTotal += fitting.reduce((sum, file) => sum + file.size, 0);
  queue.push(...intoChunks(fitting, limits).map((chunk) => ({ project, fields, files: chunk })));
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
        chunk.files.forEach((file) => refuse(file, /** @type {Error} */ (error).message));
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
  const known = await idsNow(chunk.project);
  for (let attempt = 0; !progress.cancelled; attempt++) {
    try {
      if (attempt && (await arrived(chunk, known))) return void (progress.sent += chunk.files.length);
      return await post(chunk);
    } catch (error) {
      if (error instanceof AwayError) {
        await dropUnreadable(chunk);
        if (!chunk.files.length) return;
        lost();
        await whenBack();
      } else if (busy(error)) await pause(/** @type {any} */ (error).retryAfterS || 2);
      else throw error;
    }
  }
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
async function post({ project, fields, files }) {
  const form = new FormData();
  for (const file of files) form.append("files", file, file.name);
  if (project !== null) form.append("project_id", String(project));
  for (const [name, value] of Object.entries(fields)) if (value) form.append(name, value);
  const before = progress.bytes;
  try {
    const { photos } = await request(form, (bytes) => {
      progress.bytes = before + bytes;
      changed();
    });
    for (const photo of photos) photo.error ? refuse(photo, photo.error) : progress.sent++;
  } catch (error) {
    progress.bytes = before;
    const rows = /** @type {any} */ (error).details?.photos;
    if (!rows) throw error;
    rows.forEach((/** @type {Refusal} */ row) => refuse(row, row.error));
  }
}

/**
 * XMLHttpRequest, because fetch tells no progress of what it sends.
 * @param {FormData} form
 * @param {(bytes: number) => void} onBytes
 * @returns {Promise<{photos: {name: string, error: string | null}[]}>}
 */
function request(form, onBytes) {
  return new Promise((resolve, reject) => {
    const asked = new XMLHttpRequest();
    asked.open("POST", "/v1/scan");
    for (const [name, value] of Object.entries(headersOf())) asked.setRequestHeader(name, value);
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
 * @param {number | null} project
 * @returns {Promise<number[]>}
 */
async function idsNow(project) {
  for (;;) {
    try {
      return await get(`/v1/photos/ids${query({ project_id: project })}`);
    } catch (error) {
      if (!(error instanceof AwayError)) throw error;
      await whenBack();
    }
  }
}

/**
 * Whether the photos of a chunk are there, though no answer came. They are kept all together or not at all.
 * @param {Chunk} chunk
 * @param {number[]} known photos that were there before
 */
async function arrived({ project, files }, known) {
  const now = await idsNow(project);
  const last = known.length ? known[known.length - 1] : 0;
  const offset = now.filter((id) => id <= last).length;
  const { photos } = await get(`/v1/photos${query({ project_id: project, limit: 1000, offset })}`);
  const sizes = photos.map((/** @type {{size_bytes: number}} */ photo) => photo.size_bytes);
  return files.every(({ size }) => sizes.includes(size) && sizes.splice(sizes.indexOf(size), 1));
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
