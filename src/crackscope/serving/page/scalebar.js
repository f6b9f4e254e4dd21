// @ts-check
/** How long a round length is on the screen; without a scale of the photo it says so. */

import { fill, h } from "./dom.js";
import { t } from "./strings.js";

const LONGEST_PX = 140;

export function scaleBar() {
  const text = h("span", {});
  const line = h("i", {});
  return {
    element: h("div", { class: "scale-bar" }, line, text),
    /**
     * @param {number} scale CSS pixels per pixel of the photo
     * @param {number | null} mmPerPx
     */
    show(scale, mmPerPx) {
      line.hidden = !mmPerPx;
      if (!mmPerPx) return fill(text, t("viewer.uncalibrated"));
      const mm = roundLength((LONGEST_PX / scale) * mmPerPx);
      line.style.width = `${(mm / mmPerPx) * scale}px`;
      return fill(text, mm >= 1000 ? `${mm / 1000} m` : `${mm} mm`);
    },
  };
}

/**
 * The largest of 1, 2, 5 times a power of ten that is not above `longest`.
 * @param {number} longest
 */
export function roundLength(longest) {
  const power = 10 ** Math.floor(Math.log10(longest));
  const step = [5, 2, 1].find((each) => each * power <= longest * (1 + 1e-9)) ?? 1;
  return Number((step * power).toPrecision(1));
}
