// @ts-check
/** The photo's canvas with its scale bar, and the row of tools below it. */

import { h, icon } from "./dom.js";
import * as icons from "./icons.js";
import { scaleBar } from "./scalebar.js";
import { Stage } from "./stage.js";
import { t } from "./strings.js";

const HEAT = 0.6;

/**
 * @param {object} listeners
 * @param {(box: import("./types.js").Box | null) => void} listeners.onSelect
 * @param {(box: import("./types.js").Box) => void} listeners.onDraw
 * @param {(scale: number) => void} listeners.onView
 */
export function stageWithTools({ onSelect, onDraw, onView }) {
  const canvas = h("canvas", { class: "stage", tabindex: 0, role: "img" });
  const hint = h("p", { class: "stage-hint", hidden: true, role: "status" }, t("viewer.drawing"));
  const broken = h("p", { class: "stage-hint", hidden: true, role: "status" }, t("viewer.broken"));
  const bar = scaleBar();
  const stage = new Stage(canvas, {
    onView,
    onSelect: (mark) => onSelect(mark?.box ?? null),
    onDraw(box) {
      setDrawing(false);
      onDraw(box);
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
      onclick: () => setDrawing(!stage.drawing),
    },
    icon(icons.BOX),
    h("span", {}, t("viewer.draw")),
  );
  const tools = h(
    "div",
    { class: "stage-tools" },
    toolButton("viewer.zoom_out", icons.MINUS, "−", () => stage.zoom(1 / 1.5)),
    toolButton("viewer.zoom_in", icons.PLUS, "+", () => stage.zoom(1.5)),
    toolButton("viewer.fit", icons.FIT, "F", () => stage.fit()),
    draw,
    h("label", { class: "heat" }, h("span", {}, t("viewer.heat")), heat),
    h("span", { class: "legend", "aria-hidden": "true" }, "0.1", h("i"), "1 ", t("viewer.hot")),
  );

  /** @param {boolean} on */
  function setDrawing(on) {
    stage.drawing = on;
    draw.setAttribute("aria-pressed", String(on));
    hint.hidden = !on;
    canvas.classList.toggle("drawing", on);
  }

  /** @param {number} value */
  function setOpacity(value) {
    stage.opacity = value;
    heat.value = String(value);
    stage.redraw();
  }

  return {
    stage,
    bar,
    setDrawing,
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
