// @ts-check
/** The place on the page is its address: a reload, a bookmark or the back button keep it. */

/**
 * @typedef {object} Route
 * @property {"projects" | "gallery" | "viewer" | "labels" | "map"} view
 * @property {number | null} project null: photos outside projects
 * @property {number} photo 0: none
 * @property {Record<string, string>} query what is sorted, filtered, tried out
 */

const PLACE = /^#\/projects\/(\d+|none)(?:\/photos\/(\d+)|\/(labels|map))?$/;

/**
 * @param {string} hash
 * @returns {Route}
 */
export function parseRoute(hash) {
  const [path, search = ""] = hash.split("?");
  const query = Object.fromEntries(new URLSearchParams(search));
  const found = PLACE.exec(path);
  if (!found) return { view: "projects", project: null, photo: 0, query };
  const project = found[1] === "none" ? null : Number(found[1]);
  const own = /** @type {"labels" | "map" | undefined} */ (found[3]);
  if (own && project !== null) return { view: own, project, photo: 0, query };
  return { view: found[2] ? "viewer" : "gallery", project, photo: Number(found[2] ?? 0), query };
}

/**
 * The address of a gallery, or of a photo in it.
 * @param {number | null} project
 * @param {number} photo 0: the gallery
 * @param {Record<string, string | number | null | undefined>} [query]
 */
export function address(project, photo, query = {}) {
  const given = Object.entries(query).filter(
    ([, value]) => value !== "" && value !== null && value !== undefined,
  );
  const search = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return `#/projects/${project ?? "none"}${photo ? `/photos/${photo}` : ""}${search ? `?${search}` : ""}`;
}

/**
 * The address of a project's map.
 * @param {number} project
 */
export const mapAddress = (project) => `#/projects/${project}/map`;

/**
 * Go to an address.
 * @param {string} hash
 * @param {boolean} [replace] leave no step for the back button
 */
export function go(hash, replace = false) {
  if (!replace) location.hash = hash;
  else if (location.hash !== hash) {
    history.replaceState(null, "", hash);
    window.dispatchEvent(new HashChangeEvent("hashchange"));
  }
}

/**
 * The query of the API for the photos that a route's query chooses.
 * @param {Route} route
 */
export function choiceOf({ project, query }) {
  const { sort = "review", desc, review, label, state, name, element, t, changes } = query;
  const filter = { review, label, state, name, element, threshold: t, changes: t ? changes : "" };
  return { project_id: project, sort, descending: desc, ...filter };
}
