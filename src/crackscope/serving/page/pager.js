// @ts-check
/** From page to page of the gallery. */

import { fill, h, icon } from "./dom.js";
import * as icons from "./icons.js";
import { t } from "./strings.js";

/** Photos on a page. */
export const PAGE = 48;

/**
 * @param {HTMLElement} nav
 * @param {number} page from 1
 * @param {number} total photos
 * @param {(page: number) => void} onTurn
 */
export function showPager(nav, page, total, onTurn) {
  const last = Math.ceil(total / PAGE);
  const step = (
    /** @type {number} */ to,
    /** @type {import("./strings.js").Key} */ text,
    /** @type {string} */ path,
  ) =>
    h(
      "button",
      { "aria-label": t(text), disabled: to < 1 || to > last, onclick: () => onTurn(to) },
      icon(path),
    );
  const shown = { from: (page - 1) * PAGE + 1, to: Math.min(page * PAGE, total), total };
  nav.hidden = last <= 1;
  fill(
    nav,
    step(page - 1, "gallery.previous", icons.LEFT),
    h("span", {}, t("gallery.range", shown)),
    step(page + 1, "gallery.next", icons.RIGHT),
  );
}
