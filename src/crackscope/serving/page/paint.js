// @ts-check
/** What lies over the photo on the canvas: heat map, outline of the cracked cells, boxes. */

/**
 * @typedef {import("./types.js").Box} Box
 * @typedef {{box: Box, name: string, label: string | null, selected: boolean, drawn: boolean}} Mark
 * @typedef {{path: Path2D, columns: number, rows: number}} Outline in cells of the grid
 * @typedef {{x: number, y: number, width: number, height: number}} Place of the photo on the canvas
 * @typedef {{scale: number, x: number, y: number}} View
 */

const COLOURS = /** @type {Record<string, string>} */ ({
  Positive: "#ff6a3d",
  Negative: "#6fd0ee",
  open: "#ffd24a",
});
const SIGNS = /** @type {Record<string, string>} */ ({ Positive: " ✓", Negative: " ✕" });

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
  context.font = "600 12px system-ui, sans-serif";
  const text = `${drawn ? "□ " : ""}${name}${SIGNS[label ?? ""] ?? ""}`;
  const wide = context.measureText(text).width + 10;
  const y = Math.max(top - 18, view.y);
  context.fillStyle = selected ? colour : "rgba(15, 17, 20, 0.82)";
  context.fillRect(left, y, wide, 18);
  context.fillStyle = selected ? "#111" : "#fff";
  context.fillText(text, left + 5, y + 13);
}
