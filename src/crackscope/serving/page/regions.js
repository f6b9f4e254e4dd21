// @ts-check
/**
 * The regions of a photo at any threshold, by the rule of the scan: neighbouring cells whose score reaches it,
 * with a tile over them that reaches it too. See scanning/decision.py; a test compares the two.
 */

/**
 * @typedef {import("./types.js").Box} Box
 * @typedef {import("./types.js").Grid} Grid
 * @typedef {import("./types.js").Region} Region
 * @typedef {{cells: number, score: number, box: number[], places: number[][]}} Merged
 */

const SMALLEST_CELLS = 4;

/**
 * @param {Grid} grid
 * @param {{width_px: number, height_px: number}} photo
 * @param {number} threshold
 * @returns {Region[]} the strongest first
 */
export function regionsAt(grid, { width_px, height_px }, threshold) {
  const { rows, columns } = grid;
  const found = merge(grid, threshold);
  found.sort((a, b) => b.score - a.score || b.cells - a.cells || compare(a.box, b.box));
  const cellPx = (width_px * height_px) / (rows * columns);
  return found.map(({ cells, score, box: [left, top, right, bottom] }, index) => ({
    region: index + 1,
    score,
    area_px: roundEven(cells * cellPx),
    box_ltrb_px: /** @type {Box} */ ([
      roundEven((left * width_px) / columns),
      roundEven((top * height_px) / rows),
      roundEven((right * width_px) / columns),
      roundEven((bottom * height_px) / rows),
    ]),
  }));
}

/**
 * Which cells are part of a region: smaller groups of strong cells are noise, and are not outlined as one.
 * @param {Grid} grid
 * @param {number} threshold
 * @returns {boolean[][]}
 */
export function regionCells(grid, threshold) {
  const cells = grid.scores.map((row) => row.map(() => false));
  for (const { places } of merge(grid, threshold)) for (const [y, x] of places) cells[y][x] = true;
  return cells;
}

/**
 * @param {Grid} grid
 * @param {number} threshold
 * @returns {Merged[]}
 */
function merge({ scores, tile_scores }, threshold) {
  const tiles = tile_scores ?? scores;
  const found = mergedCells(scores, tiles, threshold).filter(
    ({ cells, score }) => score >= threshold && cells >= SMALLEST_CELLS,
  );
  if (found.length) return found;
  // Strong tiles whose maps point nowhere: the cells of the strongest tile then stand for the place.
  return mergedCells(tiles, tiles, Math.max(...tiles.map((row) => Math.max(...row))));
}

/**
 * The connected components (also over corners) of the cells that reach a threshold.
 * @param {number[][]} cells
 * @param {number[][]} tiles
 * @param {number} threshold
 * @returns {Merged[]}
 */
function mergedCells(cells, tiles, threshold) {
  const seen = cells.map((row) => row.map((score) => score < threshold));
  /** @type {Merged[]} */
  const found = [];
  for (let row = 0; row < cells.length; row++) {
    for (let column = 0; column < cells[row].length; column++) {
      if (!seen[row][column]) found.push(flood(row, column, seen, tiles));
    }
  }
  return found;
}

/**
 * @param {number} row
 * @param {number} column
 * @param {boolean[][]} seen
 * @param {number[][]} tiles
 * @returns {Merged}
 */
function flood(row, column, seen, tiles) {
  /** @type {Merged} */
  const merged = { cells: 0, score: 0, box: [Infinity, Infinity, 0, 0], places: [] };
  const open = [[row, column]];
  seen[row][column] = true;
  for (let next = open.pop(); next; next = open.pop()) {
    const [y, x] = next;
    const [left, top, right, bottom] = merged.box;
    merged.cells++;
    merged.places.push([y, x]);
    merged.score = Math.max(merged.score, tiles[y][x]);
    merged.box = [Math.min(left, x), Math.min(top, y), Math.max(right, x + 1), Math.max(bottom, y + 1)];
    for (let ny = Math.max(0, y - 1); ny <= Math.min(seen.length - 1, y + 1); ny++) {
      for (let nx = Math.max(0, x - 1); nx <= Math.min(seen[0].length - 1, x + 1); nx++) {
        if (seen[ny][nx]) continue;
        seen[ny][nx] = true;
        open.push([ny, nx]);
      }
    }
  }
  return merged;
}

/**
 * @param {number[]} a
 * @param {number[]} b
 */
function compare(a, b) {
  const at = a.findIndex((value, index) => value !== b[index]);
  return at < 0 ? 0 : a[at] - b[at];
}

/**
 * Round as Python does: halves to the even neighbour.
 * @param {number} value
 */
function roundEven(value) {
  const below = Math.floor(value);
  if (value - below !== 0.5) return Math.round(value);
  return below % 2 === 0 ? below : below + 1;
}
