// @ts-check
/** The findings of the photo shown: listed, drawn, stated, changed and withdrawn. */

import { ApiError, get } from "./api.js";
import { announce } from "./changes.js";
import { toast, toastError } from "./dialogs.js";
import { fill, h, icon } from "./dom.js";
import { findingForm, kindText, methodText } from "./findingform.js";
import * as icons from "./icons.js";
import { newKey } from "./keys.js";
import { submit } from "./outbox.js";
import { boxAround, lengthOf } from "./shapes.js";
import { errorText, numberText, t } from "./strings.js";
import { myName } from "./who.js";

/**
 * @typedef {import("./types.js").Finding} Finding
 * @typedef {import("./types.js").Photo} Photo
 * @typedef {import("./types.js").Shape} Shape
 * @typedef {import("./types.js").Statement} Statement
 * @typedef {"box" | "polygon" | "polyline"} Mode
 */

export class Findings {
  /**
   * @param {object} listeners
   * @param {(mode: Mode) => void} listeners.onDraw
   * @param {() => void} listeners.onFromBox make the selected box a finding
   * @param {(shape: Shape) => void} listeners.onShow bring it into sight
   * @param {() => void} listeners.onChange draw anew
   * @param {() => Promise<unknown>} listeners.onSaved load what is new
   * @param {() => Promise<void>} listeners.askName
   */
  constructor({ onDraw, onFromBox, onShow, onChange, onSaved, askName }) {
    this.onSaved = onSaved;
    this.onShow = onShow;
    this.onChange = onChange;
    this.askName = askName;
    /** @type {Finding[]} */
    this.all = [];
    /** @type {Photo | null} */
    this.photo = null;
    /** @type {import("./types.js").ConditionList | null} */
    this.conditions = null;
    this.selected = 0;
    /** @type {Shape | null} drawn, and not stated yet */
    this.draft = null;
    /** @type {ReturnType<typeof findingForm> | null} */
    this.form = null;
    this.list = h("ul", { class: "regions findings" });
    this.place = h("div", {});
    const start = (/** @type {Mode} */ mode, /** @type {string} */ key, /** @type {any} */ text) =>
      h(
        "button",
        { onclick: () => onDraw(mode), "aria-keyshortcuts": key.toLowerCase() },
        t(text),
        h("kbd", { "aria-hidden": "true" }, key),
      );
    this.fromBox = h(
      "button",
      { onclick: onFromBox, "aria-keyshortcuts": "t" },
      icon(icons.CHECK),
      t("finding.from_box"),
      h("kbd", { "aria-hidden": "true" }, "T"),
    );
    this.tools = h(
      "div",
      { class: "buttons", role: "group", "aria-label": t("finding.new") },
      start("polyline", "L", "finding.line"),
      start("polygon", "G", "finding.polygon"),
      start("box", "K", "finding.box"),
      this.fromBox,
    );
    this.element = h("section", { class: "findings-panel" }, h("h2", {}, t("finding.title")), this.list, this.tools, this.place);
  }

  /**
   * @param {Photo} photo
   * @param {Finding[]} findings
   * @param {boolean} hasBox a region or box is selected
   */
  show(photo, findings, hasBox) {
    if (photo.id !== this.photo?.id) this.begin();
    this.photo = photo;
    this.all = findings;
    this.element.hidden = photo.project_id === null;
    this.fromBox.disabled = !hasBox;
    this.showList();
  }

  /** Another photo: what was typed for the last one is not its. */
  begin() {
    this.selected = 0;
    this.closeForm();
  }

  showList() {
    const focused = [...this.list.querySelectorAll("button")].indexOf(/** @type {any} */ (document.activeElement));
    fill(
      this.list,
      ...(this.all.length ? this.all.map((each) => this.item(each)) : [h("li", { class: "soft" }, t("finding.none"))]),
    );
    if (focused >= 0) this.list.querySelectorAll("button")[focused]?.focus();
  }

  /** @param {Finding} finding */
  item(finding) {
    const { statement } = finding;
    const rated = statement.ratings.map(({ scale, code }) => `${scale} ${code}`.trim()).join(", ");
    const width =
      statement.width_mm !== null &&
      statement.width_method !== null &&
      t("finding.width_is", { mm: numberText(statement.width_mm), how: methodText(statement.width_method) });
    return h(
      "li",
      {},
      h(
        "button",
        { "aria-pressed": String(finding.id === this.selected), onclick: () => this.open(finding) },
        h("b", {}, t("finding.number", { n: String(finding.number) })),
        h("span", {}, kindText(statement.kind)),
        h("small", {}, [width, rated, this.sizeOf(statement.shape)].filter(Boolean).join(" · ")),
      ),
    );
  }

  /** @param {Finding} finding */
  open(finding) {
    this.selected = finding.id;
    this.onShow(finding.statement.shape);
    this.openForm(finding.statement.shape, finding);
  }

  /**
   * A shape was drawn, or a box chosen: say what it is.
   * @param {Shape} shape
   */
  state(shape) {
    this.selected = 0;
    this.draft = shape;
    this.openForm(shape, null);
  }

  /**
   * @param {Shape} shape
   * @param {Finding | null} finding
   */
  async openForm(shape, finding) {
    const { photo } = this;
    if (photo?.project_id == null) return void toast(t("finding.no_project"));
    try {
      this.conditions = await get(`/v1/projects/${photo.project_id}/conditions`);
    } catch (error) {
      if (error instanceof ApiError) toastError(error); // away: the list known before
    }
    if (photo.id !== this.photo?.id) return;
    const key = newKey();
    this.form = findingForm({
      shape,
      size: this.sizeOf(shape),
      finding,
      conditions: this.conditions,
      onSave: (statement) => this.save(photo, finding, statement, key),
      onCancel: () => this.closeForm(),
      onWithdraw: () => finding && this.withdraw(photo, finding),
    });
    fill(
      this.place,
      h("h3", {}, finding ? t("finding.number", { n: String(finding.number) }) : t("finding.new")),
      this.form.element,
    );
    this.tools.hidden = true;
    this.showList();
    this.onChange();
    this.form.element.scrollIntoView({ block: "nearest" });
    this.form.focus();
    if (finding) this.loadHistory(finding).catch(() => undefined);
  }

  /**
   * Who stated what before; the form works without.
   * @param {Finding} finding
   */
  async loadHistory({ id }) {
    const { form } = this;
    const acts = await get(`/v1/findings/${id}/history`);
    form?.showHistory(acts);
  }

  closeForm() {
    this.form = this.draft = null;
    this.selected = 0;
    this.tools.hidden = false;
    fill(this.place);
    this.showList();
    this.onChange();
  }

  /**
   * Kept by the outbox until the server has it, whatever becomes of the page.
   * @param {Photo} photo
   * @param {Finding | null} finding
   * @param {Statement} statement
   * @param {string} key
   */
  async save(photo, finding, statement, key) {
    const { form } = this;
    await this.askName();
    form?.setSaving(true);
    const to = finding
      ? { method: /** @type {const} */ ("PUT"), path: `/v1/findings/${finding.id}` }
      : { method: /** @type {const} */ ("POST"), path: `/v1/photos/${photo.id}/findings` };
    const fields = { ...statement, ...(finding && { seen_act: finding.act_id }) };
    try {
      const saved = /** @type {any} */ (await submit({ photoId: photo.id, key, who: myName(), fields, ...to }));
      announce();
      toast(t("finding.saved", { n: String(saved.number) }));
      if (form === this.form) this.closeForm();
      await this.onSaved();
    } catch (error) {
      if (form !== this.form) return void toastError(error);
      form?.setSaving(false);
      form?.setProblem(t("failed", { problem: refusal(error) }));
    }
  }

  /**
   * @param {Photo} photo
   * @param {Finding} finding
   */
  async withdraw(photo, finding) {
    const { form } = this;
    const path = `/v1/findings/${finding.id}?seen_act=${finding.act_id}`;
    try {
      await submit({ photoId: photo.id, key: newKey(), who: myName(), fields: {}, method: "DELETE", path });
      announce();
      toast(t("finding.withdrawn", { n: String(finding.number) }));
      if (form === this.form) this.closeForm();
      await this.onSaved();
    } catch (error) {
      form?.setProblem(t("failed", { problem: refusal(error) }));
    }
  }

  /** What the stage draws. */
  get marks() {
    const marks = this.all.map(({ id, number, statement }) => ({
      id,
      shape: statement.shape,
      name: t("finding.tag", { n: String(number) }),
      selected: id === this.selected,
    }));
    if (this.draft) marks.push({ id: 0, shape: this.draft, name: t("finding.new"), selected: true });
    return marks;
  }

  /**
   * How large a shape is; millimetres only with a scale.
   * @param {Shape} shape
   */
  sizeOf(shape) {
    const mmPerPx = this.photo?.scale.mm_per_px ?? null;
    if (shape.kind === "polyline") return lengthText(lengthOf(shape.points_xy), mmPerPx);
    const [left, top, right, bottom] = boxAround(shape);
    const [width, height] = [right - left, bottom - top].map((px) => Math.round(px * (mmPerPx ?? 1)));
    return t(mmPerPx ? "regions.size_mm" : "regions.size", { width, height });
  }
}

/**
 * @param {number} px
 * @param {number | null} mmPerPx
 */
export const lengthText = (px, mmPerPx) =>
  mmPerPx === null
    ? t("length.px", { n: numberText(Math.round(px)) })
    : t("length.mm", { n: numberText(Number((px * mmPerPx).toPrecision(4))) });

/** @param {any} error the server's own words where it names what does not fit */
const refusal = (error) => errorText(error);
