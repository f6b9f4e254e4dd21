// @ts-check
/** The photos that were chosen or dropped, folders walked through. */

/**
 * @typedef {{files: File[], skipped: number, videos: number}} Found `skipped`: files in folders that are no photos;
 *   `videos` of them and of the others
 */

/** What a folder's files may end with to be sent; files chosen one by one are all sent. */
const PHOTO_NAME = /^[^.].*\.(jpe?g|png|tiff?|bmp|webp|gif|jp2|hei[cf]|avif|jxl|p[gp]m)$/i;

const VIDEO_NAME = /\.(mp4|mov|avi|mkv|m4v|webm)$/i;

/** @type {WeakMap<File, string>} of files in dropped folders: their path below what was dropped */
const paths = new WeakMap();

/**
 * A file's name with the folders it was chosen with.
 * @param {File} file
 */
export const pathOf = (file) => paths.get(file) ?? (file.webkitRelativePath || file.name);

const LONGEST_NAME = 200;

/**
 * The element of each file, from the folders below the one that was chosen; files without such a folder have none.
 * @param {File[]} files
 * @returns {Map<File, string>}
 */
export function elementsOf(files) {
  const folders = files.map((file) => pathOf(file).split("/").slice(0, -1));
  const inFolders = folders.filter((parts) => parts.length > 0);
  const roots = new Set(inFolders.map(([root]) => root));
  /** @type {Map<File, string>} */
  const elements = new Map();
  files.forEach((file, index) => {
    const parts = roots.size === 1 ? folders[index].slice(1) : folders[index];
    if (parts.length > 0) elements.set(file, parts.join(" / ").slice(0, LONGEST_NAME));
  });
  return elements;
}

/**
 * Files chosen one by one; videos are left out, and counted.
 * @param {File[]} all
 * @returns {Found}
 */
export function withoutVideos(all) {
  const files = all.filter((file) => !VIDEO_NAME.test(file.name));
  return { files, skipped: 0, videos: all.length - files.length };
}

/**
 * The files of a drop, folders walked through.
 * @param {DataTransfer} transfer
 * @returns {Promise<Found>}
 */
export async function droppedFiles(transfer) {
  // Entries have to be taken before anything is awaited: the list is empty afterwards.
  const entries = [...transfer.items]
    .map((item) => item.webkitGetAsEntry?.())
    .filter((entry) => entry !== null);
  if (entries.length === 0) return withoutVideos([...transfer.files]);
  const [folders, singles] = [
    entries.filter((entry) => entry?.isDirectory),
    entries.filter((entry) => entry?.isFile),
  ];
  const inside = photosOnly((await Promise.all(folders.map(walk))).flat());
  const alone = withoutVideos(await Promise.all(singles.map(fileOf)));
  return {
    files: [...inside.files, ...alone.files],
    skipped: inside.skipped,
    videos: inside.videos + alone.videos,
  };
}

/**
 * Of a folder, what looks like a photo.
 * @param {File[]} all
 * @returns {Found}
 */
export function photosOnly(all) {
  const files = all.filter((file) => PHOTO_NAME.test(file.name));
  const videos = all.filter((file) => VIDEO_NAME.test(file.name)).length;
  return { files, skipped: all.length - files.length - videos, videos };
}

/**
 * @param {any} folder
 * @returns {Promise<File[]>}
 */
async function walk(folder) {
  const reader = folder.createReader();
  /** @type {File[]} */
  const found = [];
  for (;;) {
    /** @type {any[]} */
    const entries = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (entries.length === 0) return found; // it gives at most 100 at a time
    for (const entry of entries) {
      if (entry.isDirectory) found.push(...(await walk(entry)));
      else found.push(await fileOf(entry));
    }
  }
}

/**
 * @param {any} entry
 * @returns {Promise<File>}
 */
const fileOf = (entry) =>
  new Promise((resolve, reject) => {
    const take = (/** @type {File} */ file) => {
      paths.set(file, entry.fullPath.replace(/^\//, ""));
      resolve(file);
    };
    entry.file(take, reject);
  });
