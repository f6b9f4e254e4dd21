// @ts-check
/**
 * What counts for a photo and its boxes: the server says so, and here only what is still on its way to it is laid
 * over. Which decision counts is decided there (`crackscope.inspection.verdict`).
 */

import { pendingOf } from "./outbox.js";

/**
 * @typedef {import("./types.js").Box} Box
 * @typedef {import("./types.js").Label} Label
 * @typedef {import("./types.js").Photo} Photo
 * @typedef {import("./types.js").Place} Place
 */

/** @param {Label} label @returns {Label} */
const other = (label) => (label === "Positive" ? "Negative" : "Positive");

/** @param {readonly number[] | null | undefined} box */
export const keyOf = (box) => (box ? box.join(",") : "");

/**
 * The place of a photo with this box, if it has one.
 * @param {Photo} photo
 * @param {Box} box
 * @returns {Place | undefined}
 */
export const placeAt = ({ places }, box) => places.find(({ box_ltrb }) => keyOf(box_ltrb) === keyOf(box));

/**
 * The label of a photo or a box that counts now; null for a box of which nobody has said anything.
 * @param {Photo} photo
 * @param {Box | null} box
 * @returns {Label | null}
 */
export function labelNow(photo, box) {
  /** @type {Label | null} */
  let label = box ? (placeAt(photo, box)?.label ?? null) : photo.label;
  for (const { fields } of pendingOf(photo.id)) {
    if (keyOf(fields.box_ltrb) !== keyOf(box)) continue;
    if (fields.action === "reject" && label) label = other(label);
    if (fields.action === "relabel") label = /** @type {Label} */ (fields.new_label);
  }
  return label;
}

/**
 * The label of a box that a person gave it, or its photo; null where only the model has spoken.
 * @param {Photo} photo
 * @param {Box} box
 * @returns {Label | null}
 */
export function decidedLabel(photo, box) {
  const pending = pendingOf(photo.id).some(
    ({ fields }) => keyOf(fields.box_ltrb) === keyOf(box) && fields.action !== "note",
  );
  return pending || placeAt(photo, box)?.review_id ? labelNow(photo, box) : null;
}

/**
 * Boxes that are on their way and no place of the photo yet.
 * @param {Photo} photo
 * @returns {Box[]}
 */
export function newBoxes(photo) {
  const boxes = pendingOf(photo.id).map(({ fields }) => /** @type {Box | undefined} */ (fields.box_ltrb));
  return boxes.filter((box) => box !== undefined).filter((box) => !placeAt(photo, box));
}
