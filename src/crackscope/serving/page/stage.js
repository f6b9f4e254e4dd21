// @ts-check
/** The photo on a canvas: zoomed and moved by wheel, fingers, mouse and keys, with heat map and boxes. */

import { Draft } from "./draft.js";
import { paintDraft, paintHeat, paintMark, paintOutline, paintShape } from "./paint.js";
import { distanceTo } from "./shapes.js";

/**
 * @typedef {import("./types.js").Box} Box
 * @typedef {import("./paint.js").Mark} Mark
 * @typedef {import("./paint.js").ShapeMark} ShapeMark
 * @typedef {import("./types.js").PointXY} PointXY
 * @typedef {{x: number, y: number}} Point
 */

const MOST_ZOOM = 24;
const CLICK_PX = 5;
const SMALLEST_BOX_PX = 8;
/** So near, on the screen, a click is on a line. */
const NEAR_PX = 9;
/** A step of the cross that keys move. */
const STEP_PX = 12;

export class Stage {
  /**
   * @param {HTMLCanvasElement} canvas
   * @param {object} listeners
   * @param {(mark: Mark | null) => void} listeners.onSelect
   * @param {(mark: ShapeMark) => void} listeners.onShape a finding was clicked
   * @param {(draft: Draft) => void} listeners.onDraw a drawing is complete
   * @param {(scale: number) => void} listeners.onView CSS pixels per pixel of the photo
   */
  constructor(canvas, { onSelect, onShape, onDraw, onView }) {
    this.canvas = canvas;
    this.context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    this.onSelect = onSelect;
    this.onShape = onShape;
    this.onDraw = onDraw;
    this.onView = onView;
    this.photo = { width: 1, height: 1 };
    /** @type {HTMLImageElement | null} */
    this.image = null;
    /** @type {HTMLCanvasElement | null} */
    this.heat = null;
    /** @type {import("./paint.js").Outline | null} */
    this.outline = null;
    this.opacity = 0.6;
    /** @type {Mark[]} */
    this.marks = [];
    /** @type {ShapeMark[]} findings */
    this.shapes = [];
    /** @type {Draft | null} what is being drawn */
    this.draft = null;
    this.view = { scale: 1, x: 0, y: 0 };
    this.fitted = true;
    /** @type {Map<number, Point>} */
    this.pointers = new Map();
    /** @type {{from: Point, moved: boolean} | null} */
    this.gesture = null;
    this.asked = false;
    this.watcher = new ResizeObserver(() => this.resize());
    this.watcher.observe(canvas);
    this.listen();
  }

  close() {
    this.watcher.disconnect();
  }

  /** @param {{width: number, height: number}} photo */
  begin(photo) {
    Object.assign(this, { photo, image: null, heat: null, outline: null, marks: [], shapes: [] });
    if (this.draft) this.draft = new Draft(this.draft.mode);
    this.fit();
  }

  resize() {
    const { clientWidth, clientHeight } = this.canvas;
    const ratio = window.devicePixelRatio || 1;
    this.canvas.width = Math.round(clientWidth * ratio);
    this.canvas.height = Math.round(clientHeight * ratio);
    if (this.fitted) this.fit();
    else this.redraw();
  }

  get fitScale() {
    const { clientWidth, clientHeight } = this.canvas;
    return Math.min(clientWidth / this.photo.width, clientHeight / this.photo.height) || 1;
  }

  fit() {
    const scale = this.fitScale;
    const { clientWidth, clientHeight } = this.canvas;
    const [x, y] = [
      (clientWidth - this.photo.width * scale) / 2,
      (clientHeight - this.photo.height * scale) / 2,
    ];
    this.view = { scale, x, y };
    this.fitted = true;
    this.redraw();
  }

  /**
   * @param {number} factor
   * @param {Point} [at] stays where it is; without it the middle
   */
  zoom(factor, at = { x: this.canvas.clientWidth / 2, y: this.canvas.clientHeight / 2 }) {
    const least = this.fitScale;
    const scale = Math.min(Math.max(this.view.scale * factor, least), Math.max(least, MOST_ZOOM));
    const real = scale / this.view.scale;
    this.view = { scale, x: at.x - (at.x - this.view.x) * real, y: at.y - (at.y - this.view.y) * real };
    this.fitted = scale === least;
    if (this.fitted) this.fit();
    else this.hold();
  }

  /**
   * @param {number} dx
   * @param {number} dy
   */
  pan(dx, dy) {
    this.view.x += dx;
    this.view.y += dy;
    this.hold();
  }

  /**
   * Bring a box to the middle, large enough to judge.
   * @param {Box} box
   */
  zoomTo([left, top, right, bottom]) {
    const { clientWidth, clientHeight } = this.canvas;
    const wanted = Math.min(clientWidth / (right - left), clientHeight / (bottom - top)) * 0.6;
    const scale = Math.min(Math.max(wanted, this.fitScale), 4);
    const [x, y] = [
      clientWidth / 2 - ((left + right) / 2) * scale,
      clientHeight / 2 - ((top + bottom) / 2) * scale,
    ];
    this.view = { scale, x, y };
    this.fitted = scale === this.fitScale;
    if (this.fitted) this.fit();
    else this.hold();
  }

  /** Keep some of the photo in sight. */
  hold() {
    const { clientWidth, clientHeight } = this.canvas;
    const { scale } = this.view;
    this.view.x = within(this.view.x, clientWidth, this.photo.width * scale);
    this.view.y = within(this.view.y, clientHeight, this.photo.height * scale);
    this.redraw();
  }

  redraw() {
    if (this.asked) return;
    this.asked = true;
    requestAnimationFrame(() => {
      this.asked = false;
      this.draw();
      this.onView(this.view.scale);
    });
  }

  draw() {
    const { context, canvas, view, photo } = this;
    const ratio = canvas.width / Math.max(canvas.clientWidth, 1);
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, canvas.width, canvas.height);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    const [x, y, width, height] = [view.x, view.y, photo.width * view.scale, photo.height * view.scale];
    context.imageSmoothingEnabled = view.scale < 3;
    context.imageSmoothingQuality = "high";
    if (this.image?.naturalWidth) context.drawImage(this.image, x, y, width, height);
    if (this.heat && this.opacity > 0) paintHeat(context, this.heat, this.opacity, { x, y, width, height });
    if (this.outline && this.opacity > 0) paintOutline(context, this.outline, { x, y, width, height });
    for (const mark of this.marks) paintMark(context, mark, view);
    for (const mark of this.shapes) paintShape(context, mark, view);
    if (this.draft) paintDraft(context, this.draft, view);
  }

  listen() {
    const { canvas } = this;
    canvas.addEventListener(
      "wheel",
      (event) => {
        event.preventDefault();
        const step = event.deltaMode === 1 ? event.deltaY * 16 : event.deltaY;
        this.zoom(Math.exp(-step * (event.ctrlKey ? 0.01 : 0.0015)), { x: event.offsetX, y: event.offsetY });
      },
      { passive: false },
    );
    canvas.addEventListener("dblclick", (event) => {
      if (this.draft) this.finish();
      else this.zoom(2, { x: event.offsetX, y: event.offsetY });
    });
    canvas.addEventListener("pointerdown", (event) => this.down(event));
    canvas.addEventListener("pointermove", (event) => this.move(event));
    canvas.addEventListener("pointerup", (event) => this.up(event));
    canvas.addEventListener("pointercancel", (event) => this.up(event));
  }

  /** @param {PointerEvent} event */
  down(event) {
    this.canvas.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, { x: event.offsetX, y: event.offsetY });
    this.gesture = { from: { x: event.offsetX, y: event.offsetY }, moved: this.pointers.size > 1 };
  }

  /** @param {PointerEvent} event */
  move(event) {
    const before = this.pointers.get(event.pointerId);
    if (!before || !this.gesture) return this.hover(event);
    const now = { x: event.offsetX, y: event.offsetY };
    if (distance(now, this.gesture.from) > CLICK_PX) this.gesture.moved = true;
    if (this.pointers.size === 2) this.pinch(event.pointerId, now);
    else if (this.draft && event.pointerType !== "touch" && !this.gesture.moved) this.hover(event);
    else if (this.draft && this.byDragging) this.drag(now);
    else if (this.gesture.moved) this.pan(now.x - before.x, now.y - before.y);
    this.pointers.set(event.pointerId, now);
  }

  /**
   * @param {number} id
   * @param {Point} now
   */
  pinch(id, now) {
    const other = [...this.pointers].find(([key]) => key !== id)?.[1] ?? now;
    const before = /** @type {Point} */ (this.pointers.get(id));
    const middle = (/** @type {Point} */ point) => ({
      x: (point.x + other.x) / 2,
      y: (point.y + other.y) / 2,
    });
    const [from, to] = [middle(before), middle(now)];
    this.pan(to.x - from.x, to.y - from.y);
    this.zoom(distance(now, other) / Math.max(distance(before, other), 1), to);
  }

  /** @param {PointerEvent} event */
  up(event) {
    const { draft, gesture } = this;
    this.pointers.delete(event.pointerId);
    if (this.pointers.size > 0) return;
    this.gesture = null;
    const isClick = gesture && !gesture.moved && event.button === 0 && event.type === "pointerup";
    if (draft && gesture?.moved && this.byDragging && event.type === "pointerup") this.drop(gesture.from, event);
    else if (draft && isClick) this.addPoint(this.pixelAt(gesture.from));
    else if (isClick) this.click(gesture.from);
    this.redraw();
  }

  /** Boxes and lengths are drawn by dragging as well as by two clicks. */
  get byDragging() {
    return this.draft?.mode === "box" || this.draft?.mode === "measure";
  }

  /** @param {PointerEvent} event */
  hover({ offsetX, offsetY }) {
    if (!this.draft) return;
    this.draft.at = this.pixelAt({ x: offsetX, y: offsetY });
    this.redraw();
  }

  /** @param {Point} now */
  drag(now) {
    const { draft, gesture } = this;
    if (!draft || !gesture) return;
    if (draft.points.length === 0) draft.add(this.pixelAt(gesture.from));
    draft.at = this.pixelAt(now);
    this.redraw();
  }

  /**
   * The end of dragging.
   * @param {Point} from
   * @param {PointerEvent} event
   */
  drop(from, { offsetX, offsetY }) {
    const { draft } = this;
    if (!draft) return;
    draft.points = [this.pixelAt(from)];
    const [[left, top], [right, bottom]] = [draft.points[0], this.pixelAt({ x: offsetX, y: offsetY })];
    const small = Math.abs(right - left) < SMALLEST_BOX_PX || Math.abs(bottom - top) < SMALLEST_BOX_PX;
    if (draft.mode === "box" && small) draft.points = [];
    else this.addPoint([right, bottom]);
  }

  /** @param {Point} point */
  click(point) {
    const shape = this.shapeAt(this.pixelAt(point));
    if (shape) this.onShape(shape);
    else this.onSelect(this.markAt(point));
  }

  /** @param {PointXY} point */
  addPoint(point) {
    const last = this.draft?.points.at(-1);
    // The second click of a double click is no other point.
    const same = last && Math.hypot(last[0] - point[0], last[1] - point[1]) * this.view.scale < CLICK_PX;
    if (!same && this.draft?.add(point)) this.finish();
    this.redraw();
  }

  /** The drawing is done, where it has enough points. */
  finish() {
    const { draft } = this;
    if (draft?.enough) this.onDraw(draft);
  }

  /**
   * Draw with keys: arrows move a cross, space sets a point, enter ends it, backspace takes a point back.
   * @param {KeyboardEvent} event
   * @returns {boolean} whether it was such a key
   */
  drawKey({ key, shiftKey }) {
    const { draft } = this;
    if (!draft || shiftKey) return false;
    /** @type {Record<string, PointXY>} */
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    if (steps[key]) this.moveCross(steps[key]);
    else if (key === " ") this.addPoint(draft.at ?? this.middle);
    else if (key === "Enter") this.finish();
    else if (key === "Backspace") draft.back();
    else return false;
    this.redraw();
    return true;
  }

  /** @param {PointXY} step */
  moveCross([dx, dy]) {
    const { draft } = this;
    if (!draft) return;
    const [x, y] = draft.at ?? this.middle;
    const by = Math.max(1, Math.round(STEP_PX / this.view.scale));
    draft.at = this.inside([x + dx * by, y + dy * by]);
  }

  /** The pixel in the middle of what is seen. */
  get middle() {
    return this.pixelAt({ x: this.canvas.clientWidth / 2, y: this.canvas.clientHeight / 2 });
  }

  /**
   * The pixel of the photo at a point of the canvas.
   * @param {Point} point
   * @returns {PointXY}
   */
  pixelAt({ x, y }) {
    const { view } = this;
    return this.inside([Math.round((x - view.x) / view.scale), Math.round((y - view.y) / view.scale)]);
  }

  /**
   * @param {PointXY} point
   * @returns {PointXY}
   */
  inside([x, y]) {
    const { width, height } = this.photo;
    return [Math.min(Math.max(x, 0), width), Math.min(Math.max(y, 0), height)];
  }

  /**
   * The finding whose outline is nearest, if one is near.
   * @param {PointXY} pixel
   */
  shapeAt(pixel) {
    const near = this.shapes
      .map((mark) => ({ mark, far: distanceTo(mark.shape, pixel) * this.view.scale }))
      .filter(({ mark, far }) => mark.id && far <= NEAR_PX);
    return near.sort((a, b) => a.far - b.far)[0]?.mark ?? null;
  }

  /**
   * The smallest box under a point.
   * @param {Point} point
   */
  markAt(point) {
    const [x, y] = [(point.x - this.view.x) / this.view.scale, (point.y - this.view.y) / this.view.scale];
    const area = (/** @type {Mark} */ { box: [left, top, right, bottom] }) => (right - left) * (bottom - top);
    const hit = this.marks.filter(
      ({ box: [left, top, right, bottom] }) => left <= x && x < right && top <= y && y < bottom,
    );
    return hit.sort((a, b) => area(a) - area(b))[0] ?? null;
  }
}

/**
 * @param {Point} a
 * @param {Point} b
 */
const distance = (a, b) => Math.hypot(a.x - b.x, a.y - b.y);

/**
 * Where the photo may begin: smaller than the window it is centred, larger it covers it.
 * @param {number} at
 * @param {number} room
 * @param {number} size
 */
function within(at, room, size) {
  return size <= room ? (room - size) / 2 : Math.min(0, Math.max(room - size, at));
}
