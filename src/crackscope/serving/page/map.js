// @ts-check
/** A project's photos on a plan in metres: north up, a scale bar, and no picture from any server. */

import { get } from "./api.js";
import { fill, h, icon } from "./dom.js";
import * as icons from "./icons.js";
import { address } from "./route.js";
import { roundLength } from "./scalebar.js";
import { labelText, t } from "./strings.js";

/**
 * @typedef {[number, number]} PointM metres to the east and to the north
 * @typedef {{name: string, closed: boolean, points_m: PointM[]}} Area
 * @typedef {object} PlanPhoto
 * @property {number} id
 * @property {string} name
 * @property {import("./types.js").Label | null} label
 * @property {boolean} review_open
 * @property {PointM} at_m
 * @property {Area | null} outline
 * @property {Area[]} places
 * @typedef {{latitude: number | null, longitude: number | null, photos: PlanPhoto[], without_position: number}} Plan
 */

const SVG = "http://www.w3.org/2000/svg";
const DOT_PX = 8;
const BAR_PX = 140;
/** A smaller place is not enlarged further when all is shown: the noise of GPS would look like a plan. */
const SMALLEST_M = 20;
const MARGIN = 1.15;
const STEP = 1.5;

/**
 * Show where the photos of a project were taken.
 * @param {HTMLElement} main
 * @param {import("./route.js").Route} route
 */
export const showMap = (main, route) => new SiteMap(main, /** @type {number} */ (route.project));

/**
 * @param {string} tag
 * @param {Record<string, string | number>} attributes
 * @param {...Node} children
 */
function svg(tag, attributes, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.append(...children);
  return element;
}

class SiteMap {
  /**
   * @param {HTMLElement} main
   * @param {number} project
   */
  constructor(main, project) {
    this.project = project;
    /** The middle of what is shown, and metres per CSS pixel. */
    this.view = { east: 0, north: 0, perPx: 1 };
    this.whole = this.view;
    /** @type {Element[]} */
    this.dots = [];
    this.title = h("h1", {}, t("map.button"));
    this.plan = svg("svg", { class: "plan", role: "group", "aria-label": t("map.label") });
    this.bar = h("div", { class: "map-bar", "aria-hidden": true });
    this.told = h("span", { role: "status" });
    this.facts = h("p", { class: "map-facts soft" });
    this.frame = h("div", { class: "map-frame", hidden: true }, this.plan, this.tools(), north(), this.bar);
    this.none = h("section", { class: "empty", hidden: true }, h("p", {}, t("map.none")));
    const back = h("nav", { class: "crumb" }, h("a", { href: address(project, 0) }, t("viewer.back")));
    fill(main, back, h("div", { class: "title-row" }, this.title), this.frame, this.none, this.facts);
    this.installPointer();
    /** @type {PlanPhoto[]} */
    this.photos = [];
    this.resized = new ResizeObserver(() => this.fit());
    this.resized.observe(this.frame);
  }

  tools() {
    const button = (/** @type {string} */ name, /** @type {string} */ path, /** @type {() => void} */ onclick) =>
      h("button", { class: "icon-only", "aria-label": t(/** @type {any} */ (name)), onclick }, icon(path));
    return h(
      "div",
      { class: "map-tools" },
      button("map.in", icons.PLUS, () => this.zoom(1 / STEP)),
      button("map.out", icons.MINUS, () => this.zoom(STEP)),
      button("map.fit", icons.FIT, () => this.look(this.whole)),
    );
  }

  async refresh() {
    const [project, plan] = await Promise.all([
      get(`/v1/projects/${this.project}`),
      get(`/v1/projects/${this.project}/plan`),
    ]);
    fill(this.title, t("map.title", { name: project.name }));
    document.title = t("map.title", { name: project.name });
    this.draw(plan);
  }

  /** @param {Plan} plan */
  draw({ photos, latitude, longitude, without_position }) {
    this.frame.hidden = photos.length === 0;
    this.none.hidden = photos.length > 0;
    const maps = photos.filter(({ outline }) => outline);
    const drawn = maps.map((photo) =>
      this.link(
        photo,
        area(/** @type {Area} */ (photo.outline), "outline"),
        ...photo.places.map((place) => area(place, place.closed ? "place" : "place line")),
      ),
    );
    this.dots = photos.filter(({ outline }) => !outline).map((photo) => dot(photo));
    const links = photos.filter(({ outline }) => !outline).map((photo, at) => this.link(photo, this.dots[at]));
    this.plan.replaceChildren(...drawn, ...links);
    fill(
      this.facts,
      this.told,
      photos.length > 0 && h("span", { class: "map-key Positive" }, labelText("Positive")),
      photos.length > 0 && h("span", { class: "map-key Negative" }, labelText("Negative")),
      photos.length > 0 && h("span", { class: "map-key open" }, t("map.open")),
      latitude !== null &&
        longitude !== null &&
        t("map.centre", { latitude: latitude.toFixed(5), longitude: longitude.toFixed(5) }),
      without_position > 0 && h("span", {}, t("map.without", { n: without_position })),
    );
    this.photos = photos;
    this.fit();
  }

  /**
   * @param {PlanPhoto} photo
   * @param {...Element} shapes
   */
  link(photo, ...shapes) {
    const label = photo.label ? `, ${labelText(photo.label)}` : "";
    const name = `${photo.name}${label}${photo.review_open ? `, ${t("map.open")}` : ""}`;
    const link = svg("a", { href: address(this.project, photo.id), "aria-label": name }, ...shapes);
    for (const event of ["focus", "pointerenter"]) link.addEventListener(event, () => fill(this.told, name));
    return link;
  }

  /** @param {PlanPhoto[]} photos */
  measure(photos) {
    const points = photos.flatMap(({ at_m, outline }) => [at_m, ...(outline?.points_m ?? [])]);
    const easts = points.map(([east]) => east);
    const norths = points.map(([, north]) => north);
    const [left, right] = [least(easts), -least(easts.map((east) => -east))];
    const [bottom, top] = [least(norths), -least(norths.map((north) => -north))];
    const { width, height } = this.size();
    const perPx = Math.max(
      (Math.max(right - left, SMALLEST_M) * MARGIN) / width,
      (Math.max(top - bottom, SMALLEST_M / 3) * MARGIN) / height,
    );
    this.whole = { east: (left + right) / 2, north: (bottom + top) / 2, perPx };
  }

  /** Show all of it, also in a frame of another size, unless somebody looks closer. */
  fit() {
    const all = this.view.perPx === this.whole.perPx;
    if (this.photos.length) this.measure(this.photos);
    this.look(all ? this.whole : this.view);
  }

  size() {
    const { clientWidth, clientHeight } = this.plan;
    return { width: Math.max(clientWidth, 1), height: Math.max(clientHeight, 1) };
  }

  /** @param {{east: number, north: number, perPx: number}} view */
  look(view) {
    this.view = { ...view };
    this.show();
  }

  show() {
    const { east, north, perPx } = this.view;
    const { width, height } = this.size();
    const [wide, high] = [width * perPx, height * perPx];
    this.plan.setAttribute("viewBox", `${east - wide / 2} ${-north - high / 2} ${wide} ${high}`);
    for (const each of this.dots) each.setAttribute("r", String(DOT_PX * perPx));
    const bar = roundLength(BAR_PX * perPx);
    const line = h("i", {});
    line.style.width = `${bar / perPx}px`;
    fill(this.bar, line, bar >= 1000 ? `${bar / 1000} km` : bar < 1 ? `${bar * 100} cm` : `${bar} m`);
  }

  /**
   * Show more or less of it; the place under the pointer stays.
   * @param {number} by
   * @param {PointM} [at]
   */
  zoom(by, at = [this.view.east, this.view.north]) {
    const { east, north } = this.view;
    const perPx = Math.min(Math.max(this.view.perPx * by, 1e-4), this.whole.perPx * 4);
    const kept = perPx / this.view.perPx;
    this.look({ east: at[0] + (east - at[0]) * kept, north: at[1] + (north - at[1]) * kept, perPx });
  }

  installPointer() {
    const plan = /** @type {SVGSVGElement} */ (this.plan);
    /** @type {{x: number, y: number, moved: boolean} | null} */
    let held = null;
    plan.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.zoom(event.deltaY > 0 ? STEP : 1 / STEP, this.under(event));
    });
    plan.addEventListener("pointerdown", ({ clientX, clientY }) => (held = { x: clientX, y: clientY, moved: false }));
    plan.addEventListener("pointermove", ({ clientX, clientY, pointerId, buttons }) => {
      if (!held || !buttons) return;
      const [right, down] = [clientX - held.x, clientY - held.y];
      if (!held.moved && Math.hypot(right, down) < 5) return;
      if (!held.moved) plan.setPointerCapture(pointerId);
      plan.classList.add("dragged");
      held = { x: clientX, y: clientY, moved: true };
      const { east, north, perPx } = this.view;
      this.look({ east: east - right * perPx, north: north + down * perPx, perPx });
    });
    plan.addEventListener("pointerup", () => plan.classList.remove("dragged"));
    // A drag that ends on a photo does not open it.
    plan.addEventListener("click", (event) => held?.moved && event.preventDefault(), { capture: true });
  }

  /**
   * @param {MouseEvent} event
   * @returns {PointM}
   */
  under({ clientX, clientY }) {
    const box = this.plan.getBoundingClientRect();
    const { east, north, perPx } = this.view;
    return [
      east + (clientX - box.left - box.width / 2) * perPx,
      north - (clientY - box.top - box.height / 2) * perPx,
    ];
  }

  /** @param {KeyboardEvent} event */
  key({ key }) {
    const { east, north, perPx } = this.view;
    const step = 80 * perPx;
    if (key === "+" || key === "=") this.zoom(1 / STEP);
    else if (key === "-") this.zoom(STEP);
    else if (key === "0") this.look(this.whole);
    else if (key === "ArrowLeft") this.look({ east: east - step, north, perPx });
    else if (key === "ArrowRight") this.look({ east: east + step, north, perPx });
    else if (key === "ArrowUp") this.look({ east, north: north + step, perPx });
    else if (key === "ArrowDown") this.look({ east, north: north - step, perPx });
    else return false;
    return true;
  }

  close() {
    this.resized.disconnect();
  }
}

/** @param {number[]} values of which there may be more than a call takes */
function least(values) {
  return values.reduce((one, other) => Math.min(one, other));
}

/** @param {PlanPhoto} photo */
function dot({ at_m: [east, north], label, review_open }) {
  const kind = `dot ${label ?? ""} ${review_open ? "open" : ""}`;
  return svg("circle", { class: kind, cx: east, cy: -north, r: 1 });
}

/**
 * @param {Area} place
 * @param {string} kind
 */
function area({ name, closed, points_m }, kind) {
  const points = points_m.map(([east, north]) => `${east},${-north}`).join(" ");
  const title = svg("title", {});
  title.textContent = name;
  return svg(closed ? "polygon" : "polyline", { class: kind, points }, title);
}

function north() {
  const arrow = svg("svg", { viewBox: "0 0 13 16", "aria-hidden": "true" }, svg("path", { d: "M6.5 0L13 16 6.5 12 0 16z" }));
  return h("div", { class: "map-north" }, t("map.north"), arrow);
}
