// @ts-check
/** The photo's canvas with its scale bar, and the row of tools below it. */

import { Draft } from "./draft.js";
import { fill, h, icon } from "./dom.js";
import * as icons from "./icons.js";
import { scaleBar } from "./scalebar.js";
import { Stage } from "./stage.js";
import { t } from "./strings.js";

/** @typedef {import("./draft.js").Mode} Mode */

const HEAT = 0.6;

/**
 * @param {object} listeners
 * @param {(box: import("./types.js").Box | null) => void} listeners.onSelect
 * @param {(mark: import("./paint.js").ShapeMark) => void} listeners.onShape
 * @param {(draft: Draft, finding: boolean) => void} listeners.onDraw
 * @param {(scale: number) => void} listeners.onView
 */
export function stageWithTools({ onSelect, onShape, onDraw, onView }) {
  const canvas = h("canvas", { class: "stage", tabindex: 0, role: "img" });
  const hint = h("p", { class: "stage-hint", hidden: true, role: "status" });
  const broken = h("p", { class: "stage-hint", hidden: true, role: "status" }, t("viewer.broken"));
  const bar = scaleBar();
  const stage = new Stage(canvas, {
    onView,
    onSelect: (mark) => onSelect(mark?.box ?? null),
    onShape,
    onDraw(draft) {
      const finding = forFinding;
      setMode(null);
      onDraw(draft, finding);
    },
  });
  const heat = h("input", {
    type: "range",
    min: 0,
    max: 1,
    step: 0.05,
    value: HEAT,
    "aria-label": t("viewer.heat"),
    oninput: () => setOpacity(Number(heat.value)),
    onpointerup: () => heat.blur(),
  });
  const draw = h(
    "button",
    {
      "aria-pressed": "false",
      "aria-label": t("viewer.draw"),
      title: `${t("viewer.draw")} (B)`,
      onclick: () => toggleMode("box"),
    },
    icon(icons.BOX),
    h("span", {}, t("viewer.draw")),
  );
  const measure = h(
    "button",
    {
      "aria-pressed": "false",
      "aria-label": t("measure.tool"),
      title: `${t("measure.tool")} (M)`,
      onclick: () => toggleMode("measure"),
    },
    icon(icons.RULER),
    h("span", {}, t("measure.tool")),
  );
  // Where there is no keyboard to press Enter on.
  const done = h("button", { class: "primary", hidden: true, onclick: () => stage.finish() }, t("drawing.done"));
  /** A finding is drawn, not a box to decide on. */
  let forFinding = false;
  const tools = h(
    "div",
    { class: "stage-tools" },
    toolButton("viewer.zoom_out", icons.MINUS, "−", () => stage.zoom(1 / 1.5)),
    toolButton("viewer.zoom_in", icons.PLUS, "+", () => stage.zoom(1.5)),
    toolButton("viewer.fit", icons.FIT, "F", () => stage.fit()),
    draw,
    measure,
    done,
    h("label", { class: "heat" }, h("span", {}, t("viewer.heat")), heat),
    h("span", { class: "legend", "aria-hidden": "true" }, "0.1", h("i"), "1 ", t("viewer.hot")),
  );

  /**
   * @param {Mode | null} mode null: no more drawing
   * @param {boolean} [finding]
   */
  function setMode(mode, finding = false) {
    forFinding = finding;
    stage.draft = mode && new Draft(mode);
    draw.setAttribute("aria-pressed", String(mode === "box" && !finding));
    measure.setAttribute("aria-pressed", String(mode === "measure"));
    hint.hidden = !mode;
    done.hidden = mode !== "polygon" && mode !== "polyline";
    if (mode) fill(hint, howTo(mode));
    canvas.classList.toggle("drawing", Boolean(mode));
    if (mode) {
      canvas.focus({ preventScroll: true });
      canvas.scrollIntoView({ block: "nearest" }); // on a phone the panel lies below it
    }
    stage.redraw();
  }

  /** @param {Mode} mode */
  const toggleMode = (mode) => setMode(stage.draft?.mode === mode && !forFinding ? null : mode);

  /** @param {number} value */
  function setOpacity(value) {
    stage.opacity = value;
    heat.value = String(value);
    stage.redraw();
  }

  return {
    stage,
    bar,
    setMode,
    toggleMode,
    /** @param {boolean} on there is no picture to show */
    showBroken: (on) => (broken.hidden = !on),
    toggleHeat: () => setOpacity(stage.opacity ? 0 : HEAT),
    element: h(
      "div",
      { class: "stage-side" },
      h("div", { class: "shown" }, canvas, bar.element, hint, broken),
      tools,
    ),
  };
}

/**
 * How to draw, by mouse and keys or by touch.
 * @param {Mode} mode
 */
function howTo(mode) {
  const bySteps = mode === "polygon" || mode === "polyline";
  if (window.matchMedia("(hover: none)").matches) return t(bySteps ? "drawing.touch" : "drawing.touch_two");
  return t(mode === "box" ? "viewer.drawing" : `drawing.${mode}`);
}

/**
 * A button with an icon, named for screen readers, with its key for the others.
 * @param {import("./strings.js").Key} text
 * @param {string} path
 * @param {string} key
 * @param {() => void} onclick
 */
export const toolButton = (text, path, key, onclick) =>
  h(
    "button",
    { class: "icon-only", "aria-label": t(text), title: `${t(text)} (${key})`, onclick },
    icon(path),
  );
