// @ts-check
/** What is looked at: a photo, its cells and reviews, the threshold tried, the box selected; and what follows. */

import { pendingOf } from "./outbox.js";
import { regionCells, regionsAt } from "./regions.js";
import { decidedLabel, keyOf, labelNow, newBoxes, placeAt } from "./review.js";

/**
 * @typedef {import("./types.js").Box} Box
 * @typedef {import("./types.js").Grid} Grid
 * @typedef {import("./types.js").Photo} Photo
 * @typedef {import("./types.js").Region} Region
 * @typedef {import("./types.js").Review} Review
 * @typedef {import("./stage.js").Mark} Mark
 */

export class Look {
  /**
   * @param {number | null} tried a threshold
   * @param {Box | null} selected
   */
  constructor(tried, selected) {
    /** @type {Photo | null} */
    this.photo = null;
    /** @type {Grid | null} */
    this.grid = null;
    /** @type {Review[]} */
    this.trail = [];
    this.tried = tried;
    this.selected = selected;
    /** @type {Box | null} a box that was drawn, and maybe not decided on yet */
    this.drawn = null;
  }

  /** The threshold that is shown: the one tried, else the scan's. */
  get threshold() {
    return this.tried ?? this.photo?.result?.threshold ?? 0.5;
  }

  /**
   * The regions at that threshold.
   * @returns {Region[]}
   */
  get regions() {
    const { photo, grid, threshold } = this;
    if (!photo?.result || !grid) return [];
    if (threshold === photo.result.threshold) return photo.result.regions;
    return photo.result.score >= threshold ? regionsAt(grid, photo, threshold) : [];
  }

  /** The cells of those regions; null where there are none. */
  get cells() {
    const { photo, grid, threshold } = this;
    const positive = photo?.result && photo.result.score >= threshold;
    return positive && grid ? regionCells(grid, threshold) : null;
  }

  /** Whether those regions are only an estimate: an old result lacks the scores of the tiles. */
  get estimated() {
    return this.tried !== null && this.grid !== null && !this.grid.tile_scores;
  }

  /**
   * The boxes to show: regions first, then what was drawn or decided elsewhere.
   * @returns {Mark[]}
   */
  get marks() {
    if (!this.photo) return [];
    const photo = this.photo;
    const regions = this.regions.map(({ box_ltrb_px }) => box_ltrb_px);
    const known = new Set(regions.map(keyOf));
    const said = photo.places.filter(({ review_id }) => review_id).map(({ box_ltrb }) => box_ltrb);
    /** @type {Map<string, Box>} */
    const more = new Map([...said, ...newBoxes(photo)].map((box) => [keyOf(box), box]));
    for (const box of [this.drawn, this.selected]) if (box) more.set(keyOf(box), box);
    const mark = (/** @type {Box} */ box, /** @type {string} */ name, /** @type {boolean} */ drawn) => ({
      box,
      name: placeAt(photo, box)?.name ?? name,
      drawn,
      label: decidedLabel(photo, box),
      selected: keyOf(box) === keyOf(this.selected),
    });
    return [
      ...regions.map((box, index) => mark(box, String(index + 1), false)),
      ...[...more].filter(([key]) => !known.has(key)).map(([, box]) => mark(box, "?", true)),
    ];
  }

  /** The label that counts, of the selected box or of the photo; null for a box nobody has spoken of. */
  get label() {
    return this.photo ? labelNow(this.photo, this.selected) : null;
  }

  /** How many reviews of the photo are on their way. */
  get pending() {
    return this.photo ? pendingOf(this.photo.id).length : 0;
  }
}

/**
 * The box of a text such as "10,20,300,400".
 * @param {string | undefined} text
 * @returns {Box | null}
 */
export function boxOf(text) {
  const [left, top, right, bottom, ...more] = (text ?? "").split(",").map(Number);
  const whole = [left, top, right, bottom].every(Number.isInteger) && more.length === 0;
  return whole ? [left, top, right, bottom] : null;
}
