// @ts-check
/** One photo, large: what the model saw, at any threshold, and what a person decides. */

import { ApiError, get, remove, send } from "./api.js";
import { announce, watch } from "./changes.js";
import { isAway } from "./connection.js";
import { confirmDelete, toast, toastError } from "./dialogs.js";
import { fill, h, icon } from "./dom.js";
import { factsList } from "./facts.js";
import { heatPicture, outline } from "./heatmap.js";
import * as icons from "./icons.js";
import { lastPhoto, orderWith } from "./order.js";
import { flushed, outbox, pendingOf, submit } from "./outbox.js";
import { picturePath, show } from "./pictures.js";
import { regionsAt } from "./regions.js";
import { decidedBoxes, labelNow } from "./review.js";
import { reviewPanel } from "./reviewpanel.js";
import { address, choiceOf, go } from "./route.js";
import { scaleBar } from "./scalebar.js";
import { Stage } from "./stage.js";
import { labelText, scoreText, t } from "./strings.js";
import { thresholdControl, triedOf, whenQuiet } from "./threshold.js";
import { describeAct, trailList } from "./trail.js";
import { verdict } from "./verdict.js";
import { myName, who } from "./who.js";

/**
 * @typedef {import("./route.js").Route} Route
 * @typedef {import("./types.js").Box} Box
 * @typedef {import("./types.js").Grid} Grid
 * @typedef {import("./types.js").Photo} Photo
 * @typedef {import("./types.js").Region} Region
 * @typedef {import("./types.js").Review} Review
 * @typedef {import("./stage.js").Mark} Mark
 */

const DETAIL_PX = 4096;
const FIRST_PX = 2048;

/**
 * Show a photo.
 * @param {HTMLElement} main
 * @param {Route} first
 */
export function showViewer(main, first) {
  let route = first;
  /** @type {Photo | null} */
  let photo = null;
  /** @type {Grid | null} */
  let grid = null;
  /** @type {Review[]} */
  let trail = [];
  /** @type {number[]} */
  let order = [];
  /** @type {Region[]} */
  let regions = [];
  /** @type {Box | null} */
  let selected = null;
  /** @type {Box | null} a box that was drawn and not decided on yet */
  let drawn = null;
  let opacity = 0.6;
  let loadedPx = 0;
  let wouldChange = 0;
  /** @type {number | null} */
  let tried = triedOf(route.query);

  const canvas = h("canvas", { class: "stage", tabindex: 0, role: "img" });
  const stage = new Stage(canvas, {
    onSelect: (mark) => select(mark?.box ?? null),
    onDraw(box) {
      drawn = box;
      setDrawing(false);
      select(box);
    },
    onView(scale) {
      bar.show(scale, photo?.result?.settings.mm_per_px ?? null);
      if (photo && scale * (window.devicePixelRatio || 1) * Math.max(photo.width_px, photo.height_px) > FIRST_PX * 1.2) loadImage(DETAIL_PX);
    },
  });
  const bar = scaleBar();
  const hint = h("p", { class: "stage-hint", hidden: true, role: "status" }, t("viewer.drawing"));
  const heat = h("input", { type: "range", min: 0, max: 1, step: 0.05, value: opacity, "aria-label": t("viewer.heat"), oninput: () => setOpacity(Number(heat.value)) });
  const draw = h("button", { "aria-pressed": "false", title: `${t("viewer.draw")} (B)`, onclick: () => setDrawing(!stage.drawing) }, icon(icons.BOX), h("span", {}, t("viewer.draw")));
  const button = (/** @type {any} */ text, /** @type {string} */ path, /** @type {string} */ key, /** @type {() => void} */ onclick) =>
    h("button", { class: "icon-only", "aria-label": t(text), title: `${t(text)} (${key})`, onclick }, icon(path));
  const toolbar = h(
    "div",
    { class: "stage-tools" },
    button("viewer.zoom_out", icons.MINUS, "−", () => stage.zoom(1 / 1.5)),
    button("viewer.zoom_in", icons.PLUS, "+", () => stage.zoom(1.5)),
    button("viewer.fit", icons.FIT, "F", () => stage.fit()),
    draw,
    h("label", { class: "heat" }, h("span", {}, t("viewer.heat")), heat),
    h("span", { class: "legend", "aria-hidden": "true" }, "0.1", h("i"), "1 ", t("viewer.hot")),
  );
  const title = h("h1", {});
  const place = h("span", { class: "soft" });
  const previous = button("viewer.previous", icons.LEFT, "←", () => step(-1));
  const next = button("viewer.next", icons.RIGHT, "→", () => step(1));
  const back = h("a", { class: "button quiet" }, icon(icons.LEFT), h("span", {}, t("viewer.back")));
  const judged = h("section", { class: "verdict", "aria-live": "polite" });
  const threshold = thresholdControl((value) => {
    tried = value;
    showAll();
    trying.soon();
  });
  const trying = whenQuiet(200, () => go(address(route.project, route.photo, { ...route.query, t: tried === null ? "" : String(tried) }), true));
  const review = reviewPanel({ act, undo, onWhole: () => select(null) });
  const regionList = h("ul", { class: "regions" });
  const estimate = h("p", { class: "soft", hidden: true }, t("regions.estimate"));
  const facts = h("div", {});
  const trailShown = h("div", {});
  const panel = h(
    "aside",
    { class: "panel" },
    judged,
    review.element,
    h("section", {}, h("h2", {}, t("threshold.title")), threshold.element),
    h("section", {}, h("h2", {}, t("regions.title")), regionList, estimate),
    h("section", {}, h("h2", {}, t("trail.title")), trailShown),
    h("section", {}, h("h2", {}, t("facts.title")), facts),
  );
  const shown = h("div", { class: "shown" }, canvas, bar.element, hint);
  fill(
    main,
    h(
      "div",
      { class: "viewer" },
      h("div", { class: "viewer-head" }, back, title, h("div", { class: "steps" }, previous, place, next)),
      h("div", { class: "stage-side" }, shown, toolbar),
      panel,
    ),
  );

  const watcher = watch(
    () => ({ project_id: route.project, threshold: route.query.t }),
    (counts, changed) => {
      wouldChange = counts.would_change;
      if (changed) loadPhoto().catch(problem);
      else showAll();
    },
  );
  outbox.addEventListener("change", showAll);
  who.addEventListener("change", showAll);

  async function load() {
    drawn = null;
    selected = boxOf(route.query.box);
    tried = triedOf(route.query);
    loadedPx = 0;
    photo = grid = null;
    trail = [];
    stage.begin({ width: 1, height: 1 });
    review.clear();
    lastPhoto.id = route.photo;
    await loadPhoto();
    if (selected) stage.zoomTo(selected);
    order = await orderWith(choiceOf(route), route.photo);
    showPlace();
  }

  /** Photo, trail and cells; called again when something changed, and then leaves zoom and selection alone. */
  async function loadPhoto() {
    const asked = route.photo;
    const [fresh, rows] = await Promise.all([get(`/v1/photos/${asked}`), get(`/v1/photos/${asked}/reviews`)]);
    const same = grid && photo?.result?.id === fresh.result?.id;
    const cells = same ? grid : fresh.result ? await get(`/v1/photos/${asked}/grid`) : null;
    if (asked !== route.photo) return;
    const isNew = photo === null;
    [photo, trail, grid] = [fresh, rows, cells];
    if (isNew) begin();
    if (!same) stage.heat = grid && heatPicture(grid);
    showAll();
  }

  function begin() {
    if (!photo) return;
    document.title = `${photo.name} – crackscope`;
    fill(title, photo.name);
    title.title = photo.name;
    stage.begin({ width: photo.width_px || 1, height: photo.height_px || 1 });
    if (photo.width_px) loadImage(FIRST_PX);
  }

  /** @param {number} px */
  function loadImage(px) {
    if (!photo || loadedPx >= px) return;
    loadedPx = px;
    const image = new Image();
    const asked = route.photo;
    image.addEventListener("load", () => {
      if (asked !== route.photo) return;
      stage.image = image;
      stage.redraw();
    });
    show(image, picturePath(photo, "image", px));
  }

  /** Everything that follows from photo, trail, threshold and selection. */
  function showAll() {
    if (!photo) return;
    const { result } = photo;
    const at = tried ?? result?.threshold ?? 0.5;
    regions = regionsFor(at);
    if (grid) stage.outline = { path: outline(grid, at), columns: grid.columns, rows: grid.rows };
    stage.marks = marks();
    stage.opacity = opacity;
    stage.redraw();
    threshold.element.hidden = !result;
    threshold.show(tried, result?.threshold ?? 0.5, wouldChange);
    estimate.hidden = tried === null || !grid || Boolean(grid.tile_scores);
    fill(judged, ...verdict(photo, trail, tried));
    review.show(Boolean(result), labelNow(photo, trail, selected), selected, pendingOf(photo.id).length);
    showRegions();
    fill(trailShown, trailList(trail));
    fill(facts, factsList(photo, askDelete));
    describe();
  }

  /** @param {number} at */
  function regionsFor(at) {
    if (!photo?.result || !grid) return [];
    if (at === photo.result.threshold) return photo.result.regions;
    return photo.result.score >= at ? regionsAt(grid, photo, at) : [];
  }

  /** @returns {Mark[]} */
  function marks() {
    if (!photo) return [];
    const decided = decidedBoxes(photo, trail);
    const key = selected?.join();
    const label = (/** @type {Box} */ box) => decided.find((each) => each.box.join() === box.join())?.label ?? null;
    const found = regions.map(({ box_ltrb_px: box }, index) => ({ box, name: String(index + 1), label: label(box), selected: box.join() === key, drawn: false }));
    const known = new Set(found.map(({ box }) => box.join()));
    const extra = decided.map(({ box }) => box);
    for (const box of [drawn, selected]) if (box && !extra.some((each) => each.join() === box.join())) extra.push(box);
    const more = extra.filter((box) => !known.has(box.join())).map((box) => ({ box, name: labelText(label(box)), label: label(box), selected: box.join() === key, drawn: true }));
    return [...found, ...more];
  }

  function showRegions() {
    const item = (/** @type {Mark} */ mark, /** @type {number} */ index) => {
      const region = mark.drawn ? null : regions[index];
      const text = mark.drawn ? t("regions.drawn") : t("regions.item", { n: index + 1 });
      return h(
        "li",
        {},
        h(
          "button",
          { "aria-pressed": String(mark.selected), onclick: () => select(mark.selected ? null : mark.box, true) },
          h("b", {}, text),
          region && ` ${scoreText(region.score)}`,
          h("small", {}, sizeOf(mark.box)),
          mark.label && h("span", { class: `badge ${mark.label.toLowerCase()}` }, labelText(mark.label)),
        ),
      );
    };
    const focused = [...regionList.querySelectorAll("button")].indexOf(/** @type {any} */ (document.activeElement));
    fill(regionList, ...(stage.marks.length ? stage.marks.map(item) : [h("li", { class: "soft" }, t("regions.none"))]));
    if (focused >= 0) regionList.querySelectorAll("button")[focused]?.focus();
  }

  /** @param {Box} box */
  function sizeOf([left, top, right, bottom]) {
    const mm = photo?.result?.settings.mm_per_px;
    const values = { width: Math.round((right - left) * (mm ?? 1)), height: Math.round((bottom - top) * (mm ?? 1)) };
    return t(mm ? "regions.size_mm" : "regions.size", values);
  }

  function describe() {
    if (!photo) return;
    const { name, result, label } = photo;
    const text = result
      ? t("viewer.canvas", { name, label: labelText(label), score: scoreText(result.score), regions: regions.length })
      : t("viewer.canvas.plain", { name });
    canvas.setAttribute("aria-label", text);
  }

  function showPlace() {
    const at = order.indexOf(route.photo);
    fill(place, at < 0 ? "" : t("viewer.place", { n: at + 1, total: order.length }));
    previous.disabled = at <= 0;
    next.disabled = at < 0 || at === order.length - 1;
    back.setAttribute("href", address(route.project, 0, { ...route.query, box: "" }));
  }

  /** @param {number} by */
  function step(by) {
    const to = order[order.indexOf(route.photo) + by];
    if (to && order.includes(route.photo)) go(address(route.project, to, { ...route.query, box: "" }), true);
  }

  /**
   * @param {Box | null} box
   * @param {boolean} [bring]
   */
  function select(box, bring = false) {
    selected = box;
    if (box && bring) stage.zoomTo(box);
    showAll();
  }

  /** @param {boolean} on */
  function setDrawing(on) {
    stage.drawing = on;
    draw.setAttribute("aria-pressed", String(on));
    hint.hidden = !on;
    canvas.classList.toggle("drawing", on);
  }

  /** @param {number} value */
  function setOpacity(value) {
    opacity = value;
    heat.value = String(value);
    showAll();
  }

  /**
   * Keep an act on the photo, or on the selected box.
   * @param {"confirm" | "reject" | "relabel" | "note"} action
   * @param {string} [newLabel]
   */
  async function act(action, newLabel) {
    if (!photo?.result) return;
    const [about, box, note] = [photo, selected, review.takeNote()];
    if (action === "note" && !note) return;
    const fields = {
      action,
      ...(newLabel && { new_label: newLabel }),
      ...(note && { note }),
      ...(box && { box_ltrb: box }),
      ...(action !== "note" && { seen_label: labelNow(about, trail, box) }),
    };
    const after = Math.max(0, ...trail.map((row) => row.id));
    const sent = submit({ photoId: about.id, after, who: myName(), fields });
    if (review.goOn() && action !== "note" && !box) step(1);
    try {
      const row = await sent;
      announce();
      if (photo?.id === about.id) {
        trail = [...trail.filter(({ id }) => id !== row.id), row];
        showAll();
        await loadPhoto();
        review.saved();
      }
    } catch (error) {
      refused(error, about, note);
    }
  }

  /**
   * @param {any} error
   * @param {Photo} about
   * @param {string} note
   */
  function refused(error, about, note) {
    if (photo?.id === about.id) review.giveBack(note);
    if (error instanceof ApiError && error.code === "label_changed") {
      const link = { text: about.name, href: address(route.project, about.id, route.query) };
      toast(t("review.changed", { label: labelText(error.details.label) }), { kind: "problem", link });
    } else toastError(error);
    loadPhoto().catch(problem);
  }

  async function undo() {
    if (isAway()) return toast(t("review.undo.away"), { kind: "problem" });
    await flushed();
    try {
      const body = route.project === null ? {} : { project_id: route.project };
      /** @type {Review} */
      const row = await send("POST", "/v1/reviews/undo", body);
      announce();
      const [about, rows] = await Promise.all([get(`/v1/photos/${row.photo_id}`), get(`/v1/photos/${row.photo_id}/reviews`)]);
      const undone = rows.find((/** @type {Review} */ each) => each.id === row.undoes_id);
      const link = row.photo_id === route.photo ? undefined : { text: about.name, href: address(route.project, row.photo_id, route.query) };
      toast(t("review.undone", { what: undone ? describeAct(undone) : "" }), { link });
      await loadPhoto();
    } catch (error) {
      if (error instanceof ApiError && error.code === "nothing_to_undo") toast(t("review.nothing"));
      else toastError(error);
    }
  }

  function askDelete() {
    if (!photo) return;
    const { id, name } = photo;
    confirmDelete(t("viewer.delete.title", { name }), t("viewer.delete.text"), t("delete"), async () => {
      await remove(`/v1/photos/${id}`);
      announce();
      toast(t("viewer.deleted", { name }));
      go(address(route.project, 0, { ...route.query, box: "" }));
    });
  }

  /** @param {any} error */
  function problem(error) {
    if (error instanceof ApiError && error.status === 404) fill(main, h("section", { class: "empty" }, h("p", {}, t("gone")), back));
  }

  /** @type {Record<string, () => void>} */
  const keys = {
    c: () => act("confirm"),
    x: () => act("reject"),
    p: () => act("relabel", "Positive"),
    n: () => act("relabel", "Negative"),
    u: undo,
    e: () => review.focusNote(),
    b: () => setDrawing(!stage.drawing),
    h: () => setOpacity(opacity ? 0 : 0.6),
    f: () => stage.fit(),
    "+": () => stage.zoom(1.5),
    "=": () => stage.zoom(1.5),
    "-": () => stage.zoom(1 / 1.5),
    ArrowLeft: () => step(-1),
    ArrowRight: () => step(1),
    j: () => step(1),
    k: () => step(-1),
    "0": () => select(null),
  };
  /** @type {Record<string, [number, number]>} */
  const pans = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] };

  return {
    refresh: () => (photo?.id === route.photo ? loadPhoto() : load()),
    /** @param {Route} to */
    update(to) {
      const other = to.photo !== route.photo || to.query.box !== route.query.box;
      route = to;
      if (other) return load();
      showPlace();
      watcher.now();
      return undefined;
    },
    close: () => {
      trying.never();
      watcher.stop();
      stage.close();
      outbox.removeEventListener("change", showAll);
      who.removeEventListener("change", showAll);
    },
    /** @param {KeyboardEvent} event */
    key(event) {
      if (event.key === "Escape") {
        if (stage.drawing) setDrawing(false);
        else if (selected) select(null);
        else location.hash = back.getAttribute("href") ?? "#/";
        return true;
      }
      if (event.shiftKey && pans[event.key]) {
        stage.pan(...pans[event.key]);
        return true;
      }
      const mark = /^[1-9]$/.test(event.key) && stage.marks[Number(event.key) - 1];
      const does = mark ? () => select(mark.box, true) : keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
      does?.();
      return Boolean(does);
    },
  };
}

/**
 * @param {string | undefined} text
 * @returns {Box | null}
 */
function boxOf(text) {
  const sides = (text ?? "").split(",").map(Number);
  return sides.length === 4 && sides.every(Number.isInteger) ? /** @type {Box} */ (/** @type {unknown} */ (sides)) : null;
}
