// @ts-check
/** Shapes in pixels of a photo: their corners, their box, how long they are, how near a point is. */

/**
 * @typedef {import("./types.js").Box} Box
 * @typedef {import("./types.js").PointXY} PointXY
 * @typedef {import("./types.js").Shape} Shape
 */

/**
 * Its corners in order: four of a box.
 * @param {Shape} shape
 * @returns {PointXY[]}
 */
export function cornersOf({ kind, points_xy }) {
  if (kind !== "box") return points_xy;
  const [[left, top], [right, bottom]] = points_xy;
  return [
    [left, top],
    [right, top],
    [right, bottom],
    [left, bottom],
  ];
}

/**
 * @param {Shape} shape
 * @returns {Box}
 */
export function boxAround({ points_xy }) {
  const [xs, ys] = [0, 1].map((axis) => points_xy.map((point) => point[axis]));
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
}

/**
 * @param {Box} box
 * @returns {Shape}
 */
export const shapeOfBox = ([left, top, right, bottom]) => ({
  kind: "box",
  points_xy: [
    [left, top],
    [right, bottom],
  ],
});

/**
 * Along a line through these points, in pixels.
 * @param {PointXY[]} points
 */
export const lengthOf = (points) =>
  points.slice(1).reduce((sum, [x, y], index) => sum + Math.hypot(x - points[index][0], y - points[index][1]), 0);

/**
 * How far a point is from a shape's outline, in pixels.
 * @param {Shape} shape
 * @param {PointXY} point
 */
export function distanceTo(shape, point) {
  const corners = cornersOf(shape);
  const ends = shape.kind === "polyline" ? corners.slice(1) : [...corners.slice(1), corners[0]];
  return Math.min(...ends.map((end, index) => toSegment(corners[index], end, point)));
}

/**
 * @param {PointXY} from
 * @param {PointXY} to
 * @param {PointXY} point
 */
function toSegment([ax, ay], [bx, by], [x, y]) {
  const [dx, dy] = [bx - ax, by - ay];
  const along = Math.min(Math.max(((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy || 1), 0), 1);
  return Math.hypot(x - ax - along * dx, y - ay - along * dy);
}
