// @ts-check
/** The heat map: cells as a small picture that the stage draws large, and the outline of what reaches a threshold. */

/** @typedef {import("./types.js").Grid} Grid */

// ColorBrewer's "YlOrRd", as in the pictures that `crackscope scan` draws: strong is dark, because concrete is pale.
const COLOURS = [
  [255, 237, 160],
  [254, 217, 118],
  [254, 178, 76],
  [253, 141, 60],
  [252, 78, 42],
  [227, 26, 28],
  [189, 0, 38],
];
const FAINTEST = 0.1;
const OPAQUE_FROM = 0.5;

/**
 * One pixel per cell; weak cells are clear.
 * @param {Grid} grid
 */
export function heatPicture({ rows, columns, scores }) {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [columns, rows];
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const picture = context.createImageData(columns, rows);
  scores.flat().forEach((score, index) => picture.data.set(colourOf(score), index * 4));
  context.putImageData(picture, 0, 0);
  return canvas;
}

/**
 * @param {number} score
 * @returns {number[]} red, green, blue, alpha, 0 to 255
 */
function colourOf(score) {
  const at = Math.min(Math.max(score, 0), 1) * (COLOURS.length - 1);
  const [from, to] = [COLOURS[Math.floor(at)], COLOURS[Math.ceil(at)]];
  const alpha = Math.min(Math.max((score - FAINTEST) / (OPAQUE_FROM - FAINTEST), 0), 1);
  return [...from.map((value, index) => value + (to[index] - value) * (at % 1)), alpha * 255];
}

/**
 * The edges between cells that are part of a region and cells that are not, in cells.
 * @param {Grid} grid
 * @param {boolean[][]} cells
 */
export function outline({ rows, columns }, cells) {
  const path = new Path2D();
  const inside = (/** @type {number} */ row, /** @type {number} */ column) =>
    cells[row]?.[column] ?? false;
  for (let row = 0; row <= rows; row++) {
    for (let column = 0; column <= columns; column++) {
      if (inside(row, column) !== inside(row - 1, column)) line(path, column, row, column + 1, row);
      if (inside(row, column) !== inside(row, column - 1)) line(path, column, row, column, row + 1);
    }
  }
  return path;
}

/**
 * @param {Path2D} path
 * @param {number} x1
 * @param {number} y1
 * @param {number} x2
 * @param {number} y2
 */
function line(path, x1, y1, x2, y2) {
  path.moveTo(x1, y1);
  path.lineTo(x2, y2);
}
