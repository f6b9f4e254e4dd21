// @ts-check
/** A photo in the gallery. */

import { fill, h, icon } from "./dom.js";
import * as icons from "./icons.js";
import { picturePath, show } from "./pictures.js";
import { labelText, photoErrorText, reasonText, scoreText, t, whoText } from "./strings.js";

/**
 * @typedef {import("./types.js").Photo} Photo
 * @typedef {import("./types.js").Label} Label
 */

/**
 * The label a photo would have with another threshold; null where it is the same or a person decided.
 * @param {Photo} photo
 * @param {number | null} tried
 * @returns {Label | null}
 */
export function changedLabel({ result, reviewed }, tried) {
  if (!result || reviewed || tried === null) return null;
  const label = result.score >= tried ? "Positive" : "Negative";
  return label === result.label ? null : label;
}

/**
 * @param {Photo} photo
 * @param {string} href
 * @param {number | null} tried a threshold
 * @param {string} [prefix] what all names shown begin with
 */
export function photoCard(photo, href, tried, prefix = "") {
  const thumb = h("span", { class: "thumb" });
  const image = h("img", { alt: "", loading: "lazy", decoding: "async" });
  const noPicture = () => fill(thumb, icon(icons.CROSS));
  if (photo.width_px) {
    thumb.append(image);
    show(image, picturePath(photo, "thumbnail"), noPicture);
  } else noPicture();
  const becomes = changedLabel(photo, tried);
  return h(
    "li",
    {},
    h(
      "a",
      { href, class: `card photo ${becomes ? "changes" : ""} ${photo.reviewed ? "reviewed" : ""}` },
      thumb,
      h("span", { class: "name", title: photo.name }, shortName(photo.name, prefix)),
      h("span", { class: "badges" }, ...badges(photo, becomes)),
    ),
  );
}

/**
 * @param {Photo} photo
 * @param {Label | null} becomes
 */
function badges(photo, becomes) {
  const { status, error, label, result, decision, question } = photo;
  if (status === "failed")
    return [h("span", { class: "badge failed" }, t("gallery.failed")), h("small", {}, photoErrorText(error))];
  if (!result)
    return [h("span", { class: "badge waiting" }, t(status === "running" ? "card.running" : "card.waiting"))];
  return [
    labelBadge(label),
    h("small", {}, t("card.score", { score: scoreText(result.score) })),
    status !== "done" && h("span", { class: "badge waiting" }, t("card.waiting")),
    becomes && h("span", { class: "badge whatif" }, t("card.becomes", { label: labelText(becomes) })),
    decision &&
      h("small", { class: "by" }, icon(icons.CHECK), t("card.reviewed", { who: whoText(decision.who) })),
    photo.same_as && h("small", {}, t("card.copy")),
    question && h("span", { class: "badge review" }, t(question === "crack stated" ? "card.stated" : "card.question")),
    !decision &&
      result.reason &&
      h("span", { class: "badge review" }, t("card.review", { reason: reasonText(result.reason) })),
  ];
}

/** @param {string | null} label */
export const labelBadge = (label) =>
  h("span", { class: `badge ${String(label).toLowerCase()}` }, labelText(label));

/**
 * What all names begin with, up to where a part of a name ends; empty where it is too short to matter.
 * @param {string[]} names
 */
export function sharedPrefix(names) {
  if (names.length < 2) return "";
  let length = Math.min(...names.map((name) => name.length));
  for (const name of names) while (name.slice(0, length) !== names[0].slice(0, length)) length--;
  const end = Math.max(...["/", "_", "-", " "].map((sign) => names[0].slice(0, length).lastIndexOf(sign))) + 1;
  return end >= 10 ? names[0].slice(0, end) : "";
}

/**
 * @param {string} name
 * @param {string} prefix
 */
const shortName = (name, prefix) => (prefix && name.startsWith(prefix) ? `…${name.slice(prefix.length)}` : name);
