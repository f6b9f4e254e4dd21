// @ts-check
/** What is being drawn on the photo: a box, a polygon, a line along a crack, or the two points of a known length. */

/**
 * @typedef {import("./types.js").PointXY} PointXY
 * @typedef {import("./types.js").Shape} Shape
 * @typedef {"box" | "polygon" | "polyline" | "measure"} Mode
 */

/** The fewest points of each; box and measure are complete with them. */
const FEWEST = { box: 2, polygon: 3, polyline: 2, measure: 2 };
const ENDS_BY_ITSELF = ["box", "measure"];

export class Draft {
  /** @param {Mode} mode */
  constructor(mode) {
    this.mode = mode;
    /** @type {PointXY[]} */
    this.points = [];
    /** @type {PointXY | null} where the mouse or the keyboard's cross is */
    this.at = null;
  }

  /**
   * Add a point; the same one twice in a row is one.
   * @param {PointXY} point
   * @returns {boolean} whether it is complete
   */
  add(point) {
    const last = this.points[this.points.length - 1];
    if (!last || last[0] !== point[0] || last[1] !== point[1]) this.points.push(point);
    return ENDS_BY_ITSELF.includes(this.mode) && this.points.length === FEWEST[this.mode];
  }

  /** Take the last point back; says whether there was one. */
  back() {
    return this.points.pop() !== undefined;
  }

  get enough() {
    return this.points.length >= FEWEST[this.mode];
  }

  /** @returns {Shape} */
  get shape() {
    if (this.mode !== "box")
      return { kind: this.mode === "polygon" ? "polygon" : "polyline", points_xy: this.points };
    const [xs, ys] = [0, 1].map((axis) => this.points.map((point) => point[axis]));
    return {
      kind: "box",
      points_xy: [
        [Math.min(...xs), Math.min(...ys)],
        [Math.max(...xs), Math.max(...ys)],
      ],
    };
  }
}
