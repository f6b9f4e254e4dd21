// @ts-check
/** Pictures of photos. A browser sends no token with an image, so with one they are fetched as blobs. */

import { getBlob } from "./api.js";
import { connection } from "./connection.js";
import { settings } from "./settings.js";

const MOST_BLOBS = 300;
/** @type {Map<string, Promise<string>>} */
const blobs = new Map();

/**
 * Where a picture of a photo is. Numbers of deleted photos are given again, hashes are not: with the hash in
 * it, the browser's cache never shows the wrong photo.
 * @param {{id: number, sha256: string}} photo
 * @param {"thumbnail" | "image"} kind
 * @param {number} [maxPx]
 */
export function picturePath({ id, sha256 }, kind, maxPx) {
  return `/v1/photos/${id}/${kind}?v=${sha256.slice(0, 12)}${maxPx ? `&max_px=${maxPx}` : ""}`;
}

/**
 * Show a picture in an image element, also when the server was away at first.
 * @param {HTMLImageElement} image
 * @param {string} path
 */
export function show(image, path) {
  const load = async () => {
    try {
      image.src = settings.token ? await blobAddress(path) : path;
    } catch {
      image.dispatchEvent(new Event("error"));
    }
  };
  image.addEventListener("error", () => connection.addEventListener("back", load, { once: true }));
  load();
}

/**
 * @param {string} path
 * @returns {Promise<string>}
 */
function blobAddress(path) {
  let address = blobs.get(path);
  if (!address) {
    address = getBlob(path).then((blob) => URL.createObjectURL(blob));
    address.catch(() => blobs.delete(path));
    blobs.set(path, address);
    if (blobs.size > MOST_BLOBS) forgetOldest();
  }
  return address;
}

function forgetOldest() {
  const [[path, address]] = blobs;
  blobs.delete(path);
  address.then(URL.revokeObjectURL, () => undefined);
}
