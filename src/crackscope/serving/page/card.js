// @ts-check
/** A photo in the gallery. */

import { h, icon } from "./dom.js";
import * as icons from "./icons.js";
import { picturePath, show } from "./pictures.js";
import { labelText, reasonText, scoreText, t, whoText } from "./strings.js";

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
 */
export function photoCard(photo, href, tried) {
  const image = h("img", { alt: "", loading: "lazy", decoding: "async" });
  const broken = photo.status === "failed" && !photo.width_px;
  if (!broken) show(image, picturePath(photo, "thumbnail"));
  const becomes = changedLabel(photo, tried);
  return h(
    "li",
    {},
    h(
      "a",
      { href, class: `card photo ${becomes ? "changes" : ""} ${photo.reviewed ? "reviewed" : ""}` },
      h("span", { class: "thumb" }, broken ? icon(icons.CROSS) : image),
      h("span", { class: "name", title: photo.name }, photo.name),
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
    return [h("span", { class: "badge failed" }, t("gallery.failed")), h("small", {}, error)];
  if (!result)
    return [h("span", { class: "badge waiting" }, t(status === "running" ? "card.running" : "card.waiting"))];
  return [
    labelBadge(label),
    h("small", {}, t("card.score", { score: scoreText(result.score) })),
    status !== "done" && h("span", { class: "badge waiting" }, t("card.waiting")),
    becomes && h("span", { class: "badge whatif" }, t("card.becomes", { label: labelText(becomes) })),
    decision &&
      h("small", { class: "by" }, icon(icons.CHECK), t("card.reviewed", { who: whoText(decision.who) })),
    question && h("span", { class: "badge review" }, t("card.question")),
    !decision &&
      result.reason &&
      h("span", { class: "badge review" }, t("card.review", { reason: reasonText(result.reason) })),
  ];
}

/** @param {string | null} label */
export const labelBadge = (label) =>
  h("span", { class: `badge ${String(label).toLowerCase()}` }, labelText(label));
