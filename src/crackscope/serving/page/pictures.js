// @ts-check
/** Pictures of photos. A browser sends no token with an image, so with one they are fetched as blobs. */

import { ApiError, getBlob } from "./api.js";
import { answers, connection } from "./connection.js";
import { settings } from "./settings.js";

const MOST_BLOBS = 300;
/** @type {Map<string, Promise<string>>} */
const blobs = new Map();

/**
 * Where a picture of a photo is. Numbers of deleted photos are given again, hashes are not: with the hash in
 * it, the browser's cache never shows the wrong photo.
 * @param {{id: number, sha256: string}} photo
 * @param {"thumbnail" | "image" | "raised"} kind
 * @param {number} [maxPx]
 */
export function picturePath({ id, sha256 }, kind, maxPx) {
  return `/v1/photos/${id}/${kind}?v=${sha256.slice(0, 12)}${maxPx ? `&max_px=${maxPx}` : ""}`;
}

/** @type {Set<string>} pictures that the server can't make: they are not asked for again */
const broken = new Set();

/**
 * Show a picture in an image element, also when the server was away at first.
 * @param {HTMLImageElement} image
 * @param {string} path
 * @param {() => void} [onBroken] there is no such picture, and will be none
 */
export function show(image, path, onBroken) {
  const giveUp = () => {
    broken.add(path);
    onBroken?.();
  };
  if (broken.has(path)) return void onBroken?.();
  const load = async () => {
    try {
      image.src = settings.token ? await blobAddress(path) : path;
    } catch (error) {
      if (error instanceof ApiError) giveUp();
      else connection.addEventListener("back", load, { once: true });
    }
  };
  image.addEventListener("error", async () => {
    // An image element does not say why: a server that is away, or a file that is no picture.
    if (await answers()) giveUp();
    else connection.addEventListener("back", load, { once: true });
  });
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
