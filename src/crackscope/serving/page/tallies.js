// @ts-check
/** How many photos are what; each number is also the button that shows only those. */

import { fillKeyed, h } from "./dom.js";
import { t } from "./strings.js";

/** The text, the filter, and the name of the count. */
const TALLIES = /** @type {const} */ ([
  ["gallery.all", {}, "total"],
  ["positive", { label: "Positive" }, "positive"],
  ["negative", { label: "Negative" }, "negative"],
  ["gallery.needed", { review: "needed" }, "needed"],
  ["gallery.reviewed", { review: "reviewed" }, "reviewed"],
  ["gallery.failed", { state: "failed" }, "failed"],
]);
const NOTHING = { label: "", review: "", state: "" };

/**
 * @param {HTMLElement} row
 * @param {import("./types.js").Counts} counts
 * @param {Record<string, string>} query of the route
 * @param {(filter: Record<string, string>) => void} onFilter
 */
export function showTallies(row, counts, query, onFilter) {
  const { label = "", review = "", state = "" } = query;
  const now = JSON.stringify({ label, review, state });
  const tallies = TALLIES.map(([text, filter, name]) => {
    const whole = { ...NOTHING, ...filter };
    return { text, filter: whole, n: counts[name], on: JSON.stringify(whole) === now };
  });
  fillKeyed(
    row,
    tallies,
    (tally) => tally.text,
    ({ text, filter, n, on }) =>
      h(
        "button",
        { class: "tally", "aria-pressed": String(on), onclick: () => onFilter(filter) },
        h("b", {}, n.toLocaleString()),
        h("span", {}, t(text)),
      ),
  );
}
