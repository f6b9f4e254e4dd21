// @ts-check
/** The boxes of a photo as a list of buttons: what the canvas shows, for keys and screen readers. */

import { labelBadge } from "./card.js";
import { fill, h } from "./dom.js";
import { scoreText, t } from "./strings.js";

/**
 * @typedef {import("./types.js").Box} Box
 * @param {HTMLElement} list
 * @param {import("./look.js").Look} look
 * @param {(box: Box | null) => void} onSelect
 */
export function showRegions(list, look, onSelect) {
  const { marks, regions } = look;
  const mmPerPx = look.photo?.scale.mm_per_px ?? null;
  const items = marks.map((mark, index) =>
    h(
      "li",
      {},
      h(
        "button",
        {
          "aria-pressed": String(mark.selected),
          class: mark.label === "Negative" ? "rejected" : "",
          onclick: () => onSelect(mark.selected ? null : mark.box),
        },
        h("b", {}, t(mark.drawn ? "regions.drawn" : "regions.item", { n: mark.name })),
        !mark.drawn && ` ${scoreText(regions[index].score)}`,
        h("small", {}, sizeText(mark.box, mmPerPx)),
        mark.label && labelBadge(mark.label),
      ),
    ),
  );
  const focused = [...list.querySelectorAll("button")].indexOf(/** @type {any} */ (document.activeElement));
  fill(list, ...(items.length ? items : [h("li", { class: "soft" }, t("regions.none"))]));
  if (focused >= 0) list.querySelectorAll("button")[focused]?.focus();
}

/**
 * @param {Box} box
 * @param {number | null} mmPerPx
 */
function sizeText([left, top, right, bottom], mmPerPx) {
  const [width, height] = [right - left, bottom - top].map((px) => Math.round(px * (mmPerPx ?? 1)));
  return t(mmPerPx ? "regions.size_mm" : "regions.size", { width, height });
}
