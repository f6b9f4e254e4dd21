// @ts-check
/** The slider that asks "what if the threshold were another": it changes what is shown, nothing that is kept. */

import { fill, h } from "./dom.js";
import { scoreText, t } from "./strings.js";

/**
 * @typedef {object} ThresholdControl
 * @property {HTMLElement} element
 * @property {(tried: number | null, scanned: number, changes?: number) => void} show
 */

/**
 * @param {(tried: number | null) => void} onTry null: as scanned
 * @param {Node[]} [more] what follows the slider while a threshold is tried
 * @returns {ThresholdControl}
 */
export function thresholdControl(onTry, more = []) {
  const value = h("output", {});
  const slider = h("input", {
    type: "range",
    min: 0,
    max: 1,
    step: 0.005,
    "aria-label": t("threshold.label"),
    oninput: () => onTry(Number(slider.value)),
    // After a drag the arrow keys turn to the next photo again.
    onpointerup: () => slider.blur(),
  });
  const effect = h("p", { class: "effect", role: "status" });
  const extra = h(
    "div",
    { class: "buttons", hidden: true },
    h("button", { onclick: () => onTry(null) }, t("threshold.reset")),
    ...more,
  );
  const note = h("p", { class: "soft", hidden: true }, t("threshold.note"));
  const element = h(
    "div",
    { class: "threshold" },
    h("label", {}, h("span", {}, t("threshold.label")), slider, value),
    effect,
    note,
    extra,
  );
  return {
    element,
    show(tried, scanned, changes) {
      const shown = tried ?? scanned;
      slider.value = String(shown);
      slider.setAttribute("aria-valuetext", scoreText(shown));
      fill(value, scoreText(shown));
      extra.hidden = note.hidden = tried === null;
      element.classList.toggle("tried", tried !== null);
      fill(
        effect,
        tried === null
          ? t("threshold.none")
          : changes === undefined
            ? ""
            : t("threshold.changes", { n: changes }),
      );
    },
  };
}

/** @param {Record<string, string>} query of a route */
export function triedOf({ t: tried }) {
  const value = Number(tried);
  return tried && value >= 0 && value <= 1 ? value : null;
}

/**
 * Call after things have been quiet for a moment.
 * @param {number} ms
 * @param {() => void} act
 */
export function whenQuiet(ms, act) {
  /** @type {ReturnType<typeof setTimeout>} */
  let timer;
  return {
    soon() {
      clearTimeout(timer);
      timer = setTimeout(act, ms);
    },
    never: () => clearTimeout(timer),
  };
}
