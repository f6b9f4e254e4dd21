// @ts-check
/** What lies over the photo on the canvas: heat map, outline of the cracked cells, boxes, findings. */

import { cornersOf } from "./shapes.js";

/**
 * @typedef {import("./types.js").Box} Box
 * @typedef {{box: Box, name: string, label: string | null, selected: boolean, drawn: boolean}} Mark
 * @typedef {{id: number, shape: import("./types.js").Shape, name: string, selected: boolean}} ShapeMark a finding
 * @typedef {{path: Path2D, columns: number, rows: number}} Outline in cells of the grid
 * @typedef {{x: number, y: number, width: number, height: number}} Place of the photo on the canvas
 * @typedef {{scale: number, x: number, y: number}} View
 */

const COLOURS = /** @type {Record<string, string>} */ ({
  Positive: "#ff6a3d",
  Negative: "#6fd0ee",
  open: "#ffd24a",
});
const FINDING = "#f2f2ff";
const SIGNS = /** @type {Record<string, string>} */ ({ Positive: " ✓", Negative: " ✕" });

/**
 * A finding: a two-tone line with dots, so that it is no box of the model's.
 * @param {CanvasRenderingContext2D} context
 * @param {ShapeMark} mark
 * @param {View} view
 */
export function paintShape(context, { shape, name, selected }, view) {
  const corners = cornersOf(shape).map((point) => onCanvas(point, view));
  paintLine(context, corners, shape.kind !== "polyline", selected ? 3.5 : 2.25);
  const top = corners.reduce((best, each) => (each[1] < best[1] ? each : best));
  paintTag(context, name, [top[0], Math.max(top[1] - 22, view.y)], selected ? FINDING : "rgba(38, 24, 84, 0.92)", selected);
}

/**
 * What is being drawn, to where the mouse or the cross is.
 * @param {CanvasRenderingContext2D} context
 * @param {import("./draft.js").Draft} draft
 * @param {View} view
 */
export function paintDraft(context, { mode, points, at }, view) {
  const all = at ? [...points, at] : points;
  const shape = mode === "box" && all.length > 1 ? cornersOf(boxOver(all[0], all[all.length - 1])) : all;
  const corners = shape.map((point) => onCanvas(point, view));
  if (corners.length > 1) paintLine(context, corners, mode === "box" || mode === "polygon", 2.25);
  for (const point of points) paintDot(context, onCanvas(point, view));
  if (at) paintCross(context, onCanvas(at, view));
}

/**
 * @param {import("./types.js").PointXY} one
 * @param {import("./types.js").PointXY} other
 * @returns {import("./types.js").Shape}
 */
const boxOver = (one, other) => ({ kind: "box", points_xy: [one, other] });

/**
 * @param {import("./types.js").PointXY} point
 * @param {View} view
 * @returns {[number, number]}
 */
const onCanvas = ([x, y], view) => [x * view.scale + view.x, y * view.scale + view.y];

/**
 * @param {CanvasRenderingContext2D} context
 * @param {[number, number][]} corners
 * @param {boolean} closed
 * @param {number} wide
 */
function paintLine(context, corners, closed, wide) {
  context.beginPath();
  corners.forEach(([x, y], index) => (index ? context.lineTo(x, y) : context.moveTo(x, y)));
  if (closed) context.closePath();
  context.lineJoin = "round";
  context.lineWidth = wide + 3;
  context.strokeStyle = "rgba(38, 24, 84, 0.9)";
  context.stroke();
  context.lineWidth = wide;
  context.strokeStyle = FINDING;
  context.stroke();
  context.lineJoin = "miter";
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {[number, number]} at
 */
function paintDot(context, [x, y]) {
  context.beginPath();
  context.arc(x, y, 4, 0, 2 * Math.PI);
  context.fillStyle = FINDING;
  context.fill();
  context.lineWidth = 1.5;
  context.strokeStyle = "rgba(38, 24, 84, 1)";
  context.stroke();
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {[number, number]} at
 */
function paintCross(context, [x, y]) {
  for (const [wide, colour] of /** @type {const} */ ([[3, "rgba(38, 24, 84, 0.9)"], [1, FINDING]])) {
    context.lineWidth = wide;
    context.strokeStyle = colour;
    context.beginPath();
    context.moveTo(x - 10, y);
    context.lineTo(x + 10, y);
    context.moveTo(x, y - 10);
    context.lineTo(x, y + 10);
    context.stroke();
  }
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {HTMLCanvasElement} heat
 * @param {number} opacity
 * @param {Place} place
 */
export function paintHeat(context, heat, opacity, { x, y, width, height }) {
  context.save();
  context.beginPath();
  context.rect(x, y, width, height);
  context.clip();
  context.imageSmoothingEnabled = true;
  context.globalAlpha = opacity;
  context.drawImage(heat, x, y, width, height);
  context.restore();
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Outline} outline
 * @param {Place} place
 */
export function paintOutline(context, { path, columns, rows }, { x, y, width, height }) {
  const whole = new Path2D();
  whole.addPath(path, new DOMMatrix([width / columns, 0, 0, height / rows, x, y]));
  context.lineWidth = 1;
  context.strokeStyle = "rgba(90, 0, 20, 0.75)";
  context.stroke(whole);
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Mark} mark
 * @param {View} view
 */
export function paintMark(context, { box, name, label, selected, drawn }, view) {
  const [left, top, right, bottom] = box.map(
    (value, index) => value * view.scale + (index % 2 ? view.y : view.x),
  );
  const colour = COLOURS[label ?? "open"];
  context.setLineDash(label === "Negative" ? [6, 5] : []);
  // Dark below bright: the box is seen on pale and on dark concrete.
  context.lineWidth = selected ? 6 : 4;
  context.strokeStyle = "rgba(0, 0, 0, 0.65)";
  context.strokeRect(left, top, right - left, bottom - top);
  context.lineWidth = selected ? 3 : 1.75;
  context.strokeStyle = colour;
  context.strokeRect(left, top, right - left, bottom - top);
  context.setLineDash([]);
  if (!name) return;
  const text = `${drawn ? "□ " : ""}${name}${SIGNS[label ?? ""] ?? ""}`;
  paintTag(context, text, [left, Math.max(top - 18, view.y)], selected ? colour : "rgba(15, 17, 20, 0.82)", selected);
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {string} text
 * @param {[number, number]} corner
 * @param {string} ground
 * @param {boolean} dark the letters
 */
function paintTag(context, text, [x, y], ground, dark) {
  context.font = "600 12px system-ui, sans-serif";
  const wide = context.measureText(text).width + 10;
  context.fillStyle = ground;
  context.fillRect(x, y, wide, 18);
  context.fillStyle = dark ? "#111" : "#fff";
  context.fillText(text, x + 5, y + 13);
}
