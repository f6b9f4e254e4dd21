// @ts-check
/** What reviewers decided of one photo and its boxes, as it counts, with what is still on its way. */

import { pendingOf } from "./outbox.js";

/**
 * @typedef {import("./types.js").Box} Box
 * @typedef {import("./types.js").Label} Label
 * @typedef {import("./types.js").Photo} Photo
 * @typedef {import("./types.js").Review} Review
 */

const DECISIONS = ["confirm", "reject", "relabel"];

/** @param {Label} label @returns {Label} */
const other = (label) => (label === "Positive" ? "Negative" : "Positive");

/** @param {Box | null | undefined} box */
const keyOf = (box) => (box ? box.join(",") : "");

/**
 * The boxes that somebody decided on, with the label that counts.
 * @param {Photo} photo
 * @param {Review[]} trail
 * @returns {{box: Box, label: Label}[]}
 */
export function decidedBoxes(photo, trail) {
  /** @type {Map<string, Box>} */
  const boxes = new Map();
  for (const row of counting(trail)) if (row.box_ltrb) boxes.set(keyOf(row.box_ltrb), row.box_ltrb);
  for (const { fields } of pendingOf(photo.id)) {
    if (fields.box_ltrb && fields.action !== "note")
      boxes.set(keyOf(/** @type {Box} */ (fields.box_ltrb)), /** @type {Box} */ (fields.box_ltrb));
  }
  return [...boxes.values()].map((box) => ({ box, label: labelNow(photo, trail, box) }));
}

/**
 * The label of a photo or a box that counts now; as the server has it, then what is on its way to it.
 * @param {Photo} photo
 * @param {Review[]} trail
 * @param {Box | null} box
 * @returns {Label}
 */
export function labelNow(photo, trail, box) {
  const decided = counting(trail)
    .filter((row) => keyOf(row.box_ltrb) === keyOf(box))
    .pop();
  let label = /** @type {Label} */ (decided?.new_label ?? modelLabel(photo, box));
  for (const { fields } of pendingOf(photo.id)) {
    if (keyOf(/** @type {any} */ (fields.box_ltrb)) !== keyOf(box)) continue;
    if (fields.action === "reject") label = other(label);
    if (fields.action === "relabel") label = /** @type {Label} */ (fields.new_label);
  }
  return label;
}

/** @param {Review[]} trail */
const counting = (trail) => trail.filter((row) => !row.undone && DECISIONS.includes(row.action));

/**
 * What the model says of a place: Positive where one of its regions touches it.
 * @param {Photo} photo
 * @param {Box | null} box
 * @returns {Label}
 */
function modelLabel({ result }, box) {
  if (!box) return result?.label ?? "Negative";
  return result?.regions.some(({ box_ltrb_px }) => overlap(box, box_ltrb_px)) ? "Positive" : "Negative";
}

/**
 * @param {Box} a
 * @param {Box} b
 */
const overlap = (a, b) => a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];

/**
 * Who decided on the photo as a whole, if somebody did.
 * @param {Review[]} trail
 * @returns {Review | undefined}
 */
export const decisionOf = (trail) =>
  counting(trail)
    .filter((row) => !row.box_ltrb)
    .pop();
