// @ts-check
/** What to review next: photos and places from which the next model would learn most. */

import { ApiError, get } from "./api.js";
import { fill, h, icon } from "./dom.js";
import * as icons from "./icons.js";
import { picturePath, show } from "./pictures.js";
import { keepQueue, MOST, queueAddress } from "./queue.js";
import { errorText, reasonText, scoreText, t } from "./strings.js";

/** @typedef {{photo_id: number, box_ltrb: number[] | null, score: number | null, reason: string | null}} Suggestion */

/**
 * Show suggestions in a section, which closes again.
 * @param {HTMLElement} section
 * @param {number} project
 */
export async function showSuggestions(section, project) {
  const close = h(
    "button",
    { class: "quiet icon-only", "aria-label": t("close"), onclick: () => (section.hidden = true) },
    icon(icons.CROSS),
  );
  const list = h("ul", { class: "suggestions" });
  const message = h("p", { class: "soft" }, t("loading"));
  fill(section, h("header", {}, h("h2", {}, t("suggest.title")), close), message, list);
  section.hidden = false;
  try {
    /** @type {Suggestion[]} */
    const suggestions = await get(`/v1/projects/${project}/suggestions?n=${MOST}`);
    fill(message, suggestions.length ? t("suggest.text") : t("suggest.none"));
    keepQueue(project, suggestions);
    const cards = await Promise.all(suggestions.map((suggestion, at) => card(project, suggestion, at)));
    fill(list, ...cards);
  } catch (error) {
    const missing = error instanceof ApiError && error.status === 404;
    fill(message, missing ? t("suggest.missing") : t("failed", { problem: errorText(error) }));
  }
}

/**
 * @param {number} project
 * @param {Suggestion} suggestion
 * @param {number} at its place in the queue
 */
async function card(project, suggestion, at) {
  const { photo_id, box_ltrb, score, reason } = suggestion;
  const photo = await get(`/v1/photos/${photo_id}`);
  const image = h("img", { alt: "" });
  show(image, picturePath(photo, "thumbnail"));
  const href = queueAddress(project, suggestion, at);
  const facts = [
    box_ltrb && t("suggest.part"),
    score !== null && t("card.score", { score: scoreText(score) }),
    reasonText(reason),
  ];
  return h(
    "li",
    {},
    h(
      "a",
      { href, class: "card photo" },
      thumb(photo, image, box_ltrb),
      h("span", { class: "name" }, photo.name),
      h("small", {}, facts.filter(Boolean).join(" · ")),
    ),
  );
}

/**
 * The whole photo, with the place framed.
 * @param {import("./types.js").Photo} photo
 * @param {HTMLElement} image
 * @param {number[] | null} box
 */
function thumb({ width_px, height_px }, image, box) {
  const element = h("span", { class: "thumb" }, image);
  element.style.aspectRatio = `${width_px} / ${height_px}`;
  if (!box) return element;
  const [left, right] = [box[0] / width_px, box[2] / width_px];
  const [top, bottom] = [box[1] / height_px, box[3] / height_px];
  const frame = h("i", { class: "frame" });
  Object.assign(frame.style, {
    left: `${left * 100}%`,
    top: `${top * 100}%`,
    width: `${(right - left) * 100}%`,
    height: `${(bottom - top) * 100}%`,
  });
  element.append(frame);
  return element;
}
