// @ts-check
/** What stands around a large photo: its name, the way to its neighbours, and the panel that says all about it. */

import { fill, h, icon } from "./dom.js";
import { factsList } from "./facts.js";
import * as icons from "./icons.js";
import { showRegions } from "./regionlist.js";
import { toolButton } from "./stagetools.js";
import { t } from "./strings.js";
import { thresholdControl } from "./threshold.js";
import { trailList } from "./trail.js";
import { verdict } from "./verdict.js";

/**
 * @typedef {import("./types.js").Box} Box
 * @typedef {import("./types.js").Photo} Photo
 */

export class ViewerFrame {
  /**
   * @param {object} parts
   * @param {HTMLElement} parts.tools the photo with its tools
   * @param {ReturnType<typeof import("./reviewpanel.js").reviewPanel>} parts.review
   * @param {HTMLElement} parts.findings
   * @param {(photo: Photo) => void} parts.onPutInto an element
   * @param {(photo: Photo) => void} parts.onScaleBack
   * @param {(by: number) => void} parts.onStep to another photo
   * @param {() => void} parts.onSkip to the next suggestion
   * @param {(tried: number | null) => void} parts.onThreshold
   * @param {(box: Box | null) => void} parts.onSelect a region of the list
   * @param {(photo: Photo) => void} parts.onDelete
   * @param {(label: import("./types.js").Label) => void} parts.onAnswer what the photo is, where that is asked
   */
  constructor({
    tools,
    review,
    findings,
    onPutInto,
    onScaleBack,
    onStep,
    onSkip,
    onThreshold,
    onSelect,
    onDelete,
    onAnswer,
  }) {
    this.findings = findings;
    this.onPutInto = onPutInto;
    this.onScaleBack = onScaleBack;
    this.onAnswer = onAnswer;
    this.review = review;
    this.onSelect = onSelect;
    this.onDelete = onDelete;
    this.threshold = thresholdControl(onThreshold);
    this.title = h("h1", {});
    this.place = h("span", { class: "soft" });
    this.previous = toolButton("viewer.previous", icons.LEFT, "←", () => onStep(-1));
    this.next = toolButton("viewer.next", icons.RIGHT, "→", () => onStep(1));
    this.back = h("a", { class: "button quiet" }, icon(icons.LEFT), h("span", {}, t("viewer.back")));
    this.queuePlace = h("span", {});
    this.queue = h(
      "div",
      { class: "queue", role: "status", hidden: true },
      this.queuePlace,
      h("button", { onclick: onSkip }, t("suggest.skip"), icon(icons.RIGHT)),
    );
    this.judged = h("section", { class: "verdict", "aria-live": "polite" });
    this.regionList = h("ul", { class: "regions" });
    this.estimate = h("p", { class: "soft", hidden: true }, t("regions.estimate"));
    this.trail = h("div", {});
    this.facts = h("div", {});
    const steps = h("div", { class: "steps" }, this.previous, this.place, this.next);
    const head = h("div", { class: "viewer-head" }, this.back, this.title, steps);
    this.element = h("div", { class: "viewer" }, head, tools, this.panel());
  }

  panel() {
    const section = (/** @type {import("./strings.js").Key} */ title, /** @type {any[]} */ ...content) =>
      h("section", {}, h("h2", {}, t(title)), ...content);
    return h(
      "aside",
      { class: "panel" },
      this.queue,
      this.judged,
      this.review.element,
      this.findings,
      section("threshold.title", this.threshold.element),
      section("regions.title", this.regionList, this.estimate),
      section("trail.title", this.trail),
      section("facts.title", this.facts),
    );
  }

  /** @param {string} name */
  showName(name) {
    fill(this.title, name);
    this.title.title = name;
  }

  /**
   * @param {number[]} order the photos before and after
   * @param {number} photo
   * @param {string} gallery its address
   * @param {{at: number, total: number} | null} queued the place among the suggestions
   */
  showPlace(order, photo, gallery, queued) {
    this.queue.hidden = !queued;
    if (queued) fill(this.queuePlace, t("suggest.place", { n: queued.at + 1, total: queued.total }));
    const at = order.indexOf(photo);
    fill(this.place, at < 0 ? "" : t("viewer.place", { n: at + 1, total: order.length }));
    this.previous.disabled = at <= 0;
    this.next.disabled = at < 0 || at === order.length - 1;
    this.back.setAttribute("href", gallery);
  }

  /**
   * @param {import("./look.js").Look} look
   * @param {number} wouldChange photos whose label the threshold tried would change
   */
  show(look, wouldChange) {
    const { photo, trail, tried } = look;
    if (!photo) return;
    this.threshold.element.hidden = !photo.result;
    this.threshold.show(tried, photo.result?.threshold ?? 0.5, wouldChange);
    this.estimate.hidden = !look.estimated;
    this.review.show(Boolean(photo.result), look.label, look.selected, look.pending);
    fill(this.judged, ...verdict(photo, tried, this.onAnswer));
    showRegions(this.regionList, look, this.onSelect);
    fill(this.trail, trailList(trail));
    fill(
      this.facts,
      factsList(photo, {
        askDelete: () => this.onDelete(photo),
        putInto: () => this.onPutInto(photo),
        scaleBack: () => this.onScaleBack(photo),
      }),
    );
  }
}
