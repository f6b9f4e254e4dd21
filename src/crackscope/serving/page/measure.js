// @ts-check
/** Two points in a photo: a known length between them gives the scale; with a scale they give a length. */

import { get, send } from "./api.js";
import { announce } from "./changes.js";
import { field, openDialog, toast } from "./dialogs.js";
import { fill, h } from "./dom.js";
import { lengthText } from "./findings.js";
import { numberInput, numberOf } from "./numbers.js";
import { lengthOf } from "./shapes.js";
import { errorText, numberText, t } from "./strings.js";

/**
 * @param {import("./types.js").Photo} photo
 * @param {import("./types.js").PointXY[]} points two
 * @param {() => void} onSaved
 */
export async function openMeasure(photo, points, onSaved) {
  const px = lengthOf(points);
  const { mm_per_px: known } = photo.scale;
  const element = await elementOf(photo);
  const length = numberInput({ min: 0.01, max: 1e6, oninput: () => showScale() });
  length.required = true;
  const result = h("p", { class: "soft", role: "status" });
  const problem = h("p", { class: "problem", role: "alert" });
  const whole = h("input", { type: "checkbox" });
  const showScale = () => {
    const mm = numberOf(length.value);
    fill(result, mm ? t("measure.gives", { scale: numberText(Number((mm / px).toPrecision(4))) }) : "");
  };
  openDialog(t("measure.title"), (close) => {
    const submit = async (/** @type {Event} */ event) => {
      event.preventDefault();
      try {
        const of = whole.checked ? "element" : "photo";
        const fields = { points_xy: points, length_mm: numberOf(length.value), of };
        const { mm_per_px } = await send("PUT", `/v1/photos/${photo.id}/scale`, fields);
        close();
        announce();
        toast(t("measure.saved", { scale: numberText(Number(mm_per_px.toPrecision(4))) }));
        onSaved();
      } catch (error) {
        fill(problem, t("failed", { problem: errorText(error) }));
      }
    };
    const form = h(
      "form",
      { onsubmit: submit },
      h("p", {}, t("measure.text", { px: numberText(Math.round(px)) })),
      field(t("measure.length"), length),
      result,
      element &&
        h("label", { class: "check" }, whole, t("measure.element", { name: element.name, n: element.photos })),
      problem,
      h(
        "footer",
        {},
        h("button", { type: "button", onclick: close }, t("cancel")),
        h("button", { class: "primary", type: "submit" }, t("measure.set")),
      ),
    );
    if (known === null) return form;
    return [
      h("p", { class: "measured" }, lengthText(px, known), " ", h("small", {}, lengthText(px, null))),
      h("details", {}, h("summary", {}, t("measure.again")), form),
    ];
  });
}

/**
 * The photo's element with its counts; null where it is of none.
 * @param {import("./types.js").Photo} photo
 * @returns {Promise<import("./types.js").Element | null>}
 */
async function elementOf({ element_id, project_id }) {
  if (!element_id) return null;
  const all = await get(`/v1/projects/${project_id}/elements`).catch(() => []);
  return all.find((/** @type {{id: number}} */ each) => each.id === element_id) ?? null;
}
