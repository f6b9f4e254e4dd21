// @ts-check
/** One photo, large: what the model saw, at any threshold, and what a person decides. */

import { explainRefusal, keep, undoLast } from "./acts.js";
import { ApiError, get, remove } from "./api.js";
import { announce, watch } from "./changes.js";
import { confirmDelete, toast, toastError } from "./dialogs.js";
import { fill, h } from "./dom.js";
import { openPutInto } from "./elements.js";
import { Findings } from "./findings.js";
import { heatPicture, outline } from "./heatmap.js";
import { boxOf, Look } from "./look.js";
import { openMeasure } from "./measure.js";
import { failedOf, lastPhoto, orderWith } from "./order.js";
import { outbox } from "./outbox.js";
import { picturePath, show } from "./pictures.js";
import { nextInQueue, placeInQueue } from "./queue.js";
import { keyOf } from "./review.js";
import { reviewPanel } from "./reviewpanel.js";
import { address, choiceOf, go } from "./route.js";
import { boxAround, shapeOfBox } from "./shapes.js";
import { stageWithTools } from "./stagetools.js";
import { labelText, scoreText, t } from "./strings.js";
import { triedOf, whenQuiet } from "./threshold.js";
import { ViewerFrame } from "./viewerframe.js";
import { pressKey } from "./viewerkeys.js";
import { myName, nameOnce, who } from "./who.js";

/**
 * @typedef {import("./route.js").Route} Route
 * @typedef {import("./types.js").Box} Box
 * @typedef {import("./types.js").Photo} Photo
 */

const FIRST_PX = 2048;
const DETAIL_PX = 4096;

/**
 * Show a photo.
 * @param {HTMLElement} main
 * @param {Route} route
 */
export const showViewer = (main, route) => new Viewer(main, route);

export class Viewer {
  /**
   * @param {HTMLElement} main
   * @param {Route} route
   */
  constructor(main, route) {
    this.main = main;
    this.route = route;
    this.look = new Look(null, null);
    /** @type {number[]} the photos before and after */
    this.order = [];
    /** @type {Set<number>} photos of the order that can't be looked at */
    this.failed = new Set();
    this.loadedPx = 0;
    /** @type {import("./types.js").Finding[]} of the photo */
    this.found = [];
    this.wouldChange = 0;
    this.tools = stageWithTools({
      onSelect: (box) => this.select(box),
      onShape: ({ id }) => this.openFinding(id),
      onDraw: (draft, finding) => this.onDraw(draft, finding),
      onView: (scale) => this.onView(scale),
    });
    this.stage = this.tools.stage;
    this.review = reviewPanel({
      act: (action, label) => this.act(action, label),
      undo: () => this.undo(),
      onWhole: () => this.select(null),
    });
    this.findings = new Findings({
      onDraw: (mode) => this.drawFinding(mode),
      onFromBox: () => this.findingFromBox(),
      onShow: (shape) => this.stage.zoomTo(roomAround(boxAround(shape))),
      onChange: () => this.showShapes(),
      onSaved: () => this.load(),
      askName: async () => nameOnce(await this.inspector()),
    });
    this.frame = new ViewerFrame({
      tools: this.tools.element,
      review: this.review,
      findings: this.findings.element,
      onPutInto: (photo) => openPutInto(Number(photo.project_id), [photo.id], () => this.load()),
      onScaleBack: (photo) => this.takeScaleBack(photo),
      onStep: (by) => this.step(by),
      onSkip: () => this.nextSuggestion(),
      onThreshold: (tried) => this.tryThreshold(tried),
      onSelect: (box) => this.select(box, true),
      onDelete: (photo) => this.askDelete(photo),
      onAnswer: (label) => {
        this.select(null);
        this.act("relabel", label);
      },
    });
    fill(main, this.frame.element);
    this.trying = whenQuiet(200, () => this.keepInAddress());
    this.showAll = this.showAll.bind(this);
    outbox.addEventListener("change", this.showAll);
    who.addEventListener("change", this.showAll);
    this.watcher = watch(
      () => ({ project_id: this.route.project, threshold: this.route.query.t }),
      (counts, changed) => this.onCounts(counts, changed),
    );
  }

  /** Load and show the photo of the route; where it is shown already, what is new about it. */
  async refresh() {
    const { query, photo } = this.route;
    if (this.look.photo?.id !== photo) {
      this.look = new Look(triedOf(query), boxOf(query.box));
      this.loadedPx = 0;
      this.stage.begin({ width: 1, height: 1 });
      this.review.clear();
      lastPhoto.id = photo;
    }
    await this.load();
    [this.order, this.failed] = await Promise.all([
      orderWith(choiceOf(this.route), photo),
      failedOf(this.route.project),
    ]);
    this.showPlace();
  }

  /** Photo, trail and cells; zoom and selection stay as they are. */
  async load() {
    const { look } = this;
    const number = this.route.photo;
    const [photo, trail, findings] = await Promise.all([
      get(`/v1/photos/${number}`),
      get(`/v1/photos/${number}/reviews`),
      get(`/v1/photos/${number}/findings`),
    ]);
    const known = look.grid && look.photo?.result?.id === photo.result?.id;
    const grid = known ? look.grid : photo.result && (await get(`/v1/photos/${number}/grid`));
    if (look !== this.look) return; // another photo is shown by now
    const isFirst = look.photo === null;
    Object.assign(look, { photo, trail, grid });
    this.found = findings;
    if (isFirst) this.begin(photo);
    if (!known) this.stage.heat = grid && heatPicture(grid);
    this.showAll();
  }

  /** @param {Photo} photo */
  begin(photo) {
    document.title = `${photo.name} – crackscope`;
    this.frame.showName(photo.name);
    this.stage.begin({ width: photo.width_px || 1, height: photo.height_px || 1 });
    this.tools.showBroken(!photo.width_px);
    if (photo.width_px) this.loadImage(FIRST_PX);
    if (this.look.selected) this.stage.zoomTo(this.look.selected);
  }

  /** @param {number} px its longer side, at most */
  loadImage(px) {
    const { look } = this;
    if (!look.photo || this.loadedPx >= px) return;
    this.loadedPx = px;
    const image = new Image();
    image.addEventListener("load", () => {
      if (look !== this.look) return;
      this.stage.image = image;
      this.stage.redraw();
    });
    show(image, picturePath(look.photo, "image", px), () => look === this.look && this.tools.showBroken(true));
  }

  /** Everything that follows from photo, trail, threshold and selection. */
  showAll() {
    const { look, stage } = this;
    const { grid } = look;
    if (!look.photo) return;
    const cells = look.cells;
    stage.outline =
      grid && cells && { path: outline(grid, cells), columns: grid.columns, rows: grid.rows };
    stage.marks = look.marks;
    stage.canvas.setAttribute("aria-label", describe(look));
    this.findings.show(look.photo, this.found, Boolean(look.selected));
    this.showShapes();
    this.frame.show(look, this.wouldChange);
  }

  showShapes() {
    this.stage.shapes = this.findings.marks;
    this.stage.redraw();
  }

  /**
   * @param {import("./draft.js").Draft} draft
   * @param {boolean} finding
   */
  onDraw(draft, finding) {
    const { photo } = this.look;
    if (!photo) return;
    if (draft.mode === "measure") openMeasure(photo, draft.points, () => this.load()).catch(toastError);
    else if (finding) this.findings.state(draft.shape);
    else {
      this.look.drawn = boxAround(draft.shape);
      this.select(this.look.drawn);
    }
  }

  /** @param {"box" | "polygon" | "polyline"} mode */
  drawFinding(mode) {
    if (this.route.project === null) toast(t("finding.no_project"));
    else this.tools.setMode(mode, true);
  }

  findingFromBox() {
    const { selected } = this.look;
    if (selected) this.findings.state(shapeOfBox(selected));
    else toast(t("finding.choose_box"));
  }

  /** @param {number} id */
  openFinding(id) {
    const finding = this.found.find((each) => each.id === id);
    if (finding) this.findings.open(finding);
  }

  /** @param {Photo} photo */
  async takeScaleBack({ id }) {
    try {
      await remove(`/v1/photos/${id}/scale`);
      await this.load();
    } catch (error) {
      toastError(error);
    }
  }

  showPlace() {
    this.frame.showPlace(this.order, this.route.photo, this.galleryAddress, placeInQueue(this.route));
  }

  get galleryAddress() {
    return address(this.route.project, 0, { ...this.route.query, box: "", q: "" });
  }

  /** @param {number} scale */
  onView(scale) {
    const { photo } = this.look;
    this.tools.bar.show(scale, photo?.scale.mm_per_px ?? null);
    const shownPx = photo ? scale * window.devicePixelRatio * Math.max(photo.width_px, photo.height_px) : 0;
    if (shownPx > FIRST_PX * 1.2) this.loadImage(DETAIL_PX);
  }

  /**
   * @param {import("./types.js").Counts} counts
   * @param {boolean} changed
   */
  onCounts(counts, changed) {
    this.wouldChange = counts.would_change;
    if (changed) this.load().catch((error) => this.explain(error));
    else this.showAll();
  }

  /** @param {number | null} tried */
  tryThreshold(tried) {
    this.look.tried = tried;
    this.showAll();
    this.trying.soon();
  }

  keepInAddress() {
    const { tried } = this.look;
    const query = { ...this.route.query, t: tried === null ? "" : String(tried) };
    go(address(this.route.project, this.route.photo, query), true);
  }

  /**
   * @param {number} by
   * @param {boolean} [pass] over photos that can't be looked at
   */
  step(by, pass = false) {
    const { order, route } = this;
    if (!order.includes(route.photo)) return;
    let at = order.indexOf(route.photo) + by;
    while (pass && this.failed.has(order[at])) at += by;
    if (order[at]) go(address(route.project, order[at], { ...route.query, box: "", q: "" }), true);
  }

  /** The next place of those that were suggested; at the end of them back to the photos. */
  async nextSuggestion() {
    try {
      if (await nextInQueue(this.route)) return;
      toast(t("suggest.none"));
      go(this.galleryAddress);
    } catch (error) {
      toastError(error);
    }
  }

  /**
   * @param {Box | null} box
   * @param {boolean} [bring] it to the middle
   */
  select(box, bring = false) {
    this.look.selected = box;
    if (box && bring) this.stage.zoomTo(box);
    this.showAll();
  }

  /**
   * @param {import("./acts.js").Action} action
   * @param {string} [newLabel]
   */
  async act(action, newLabel) {
    const { look, review } = this;
    const { photo } = look;
    const note = review.takeNote();
    if (!photo?.result || (action === "note" && !note)) return;
    if (look.label === null && (action === "confirm" || action === "reject")) {
      review.giveBack(note);
      return void toast(t("review.choose"));
    }
    await nameOnce(await this.inspector());
    const kept = keep(look, action, note, newLabel);
    const queued = action !== "note" && keyOf(look.selected) === keyOf(placeInQueue(this.route)?.suggestion.box_ltrb);
    if (review.goOn() && action !== "note" && !look.selected) this.step(1, true);
    try {
      await kept;
      if (queued && look.selected && look === this.look) await this.nextSuggestion();
      if (look !== this.look) return;
      await this.load();
      review.saved();
    } catch (error) {
      if (look === this.look) review.giveBack(note);
      const href = address(this.route.project, photo.id, this.route.query);
      explainRefusal(error, { text: photo.name, href });
      this.load().catch((problem) => this.explain(problem));
    }
  }

  /** Who inspects, says the project: the name that is offered to a reviewer without one. */
  async inspector() {
    const { project } = this.route;
    if (project === null || myName() !== "local") return "";
    const found = await get(`/v1/projects/${project}`).catch(() => null);
    return found?.inspector ?? "";
  }

  async undo() {
    await undoLast(this.route);
    await this.load().catch((error) => this.explain(error));
  }

  /** @param {Photo} photo */
  askDelete({ id, name }) {
    confirmDelete(t("viewer.delete.title", { name }), t("viewer.delete.text"), t("delete"), async () => {
      await remove(`/v1/photos/${id}`);
      announce();
      toast(t("viewer.deleted", { name }));
      go(this.galleryAddress);
    });
  }

  /**
   * Someone deleted the photo; that the server is away is said elsewhere.
   * @param {any} error
   */
  explain(error) {
    if (!(error instanceof ApiError) || error.status !== 404) return;
    fill(this.main, h("section", { class: "empty" }, h("p", {}, t("gone")), this.frame.back));
  }

  /** @param {Route} to the same project: another photo, place or threshold */
  update(to) {
    const other = to.photo !== this.route.photo || to.query.box !== this.route.query.box;
    this.route = to;
    this.showPlace();
    if (other) this.look.photo = null;
    else this.watcher.now();
    return other ? this.refresh() : undefined;
  }

  close() {
    this.trying.never();
    this.watcher.stop();
    this.stage.close();
    outbox.removeEventListener("change", this.showAll);
    who.removeEventListener("change", this.showAll);
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    return pressKey(this, event);
  }

  /** Out of drawing, out of the box, out of the photo. */
  leave() {
    if (this.stage.draft) this.tools.setMode(null);
    else if (this.findings.form) this.findings.closeForm();
    else if (this.look.selected) this.select(null);
    else go(this.galleryAddress);
  }
}

/**
 * A box with room around it: of a thin line too little would be seen.
 * @param {Box} box
 * @returns {Box}
 */
function roomAround([left, top, right, bottom]) {
  const room = Math.max(right - left, bottom - top, 40) * 0.25;
  return [left - room, top - room, right + room, bottom + room];
}

/**
 * The canvas in words.
 * @param {Look} look
 */
function describe({ photo, regions }) {
  const { name, result, label } = /** @type {Photo} */ (photo);
  if (!result) return t("viewer.canvas.plain", { name });
  return t("viewer.canvas", {
    name,
    label: labelText(label),
    score: scoreText(result.score),
    regions: regions.length,
  });
}
