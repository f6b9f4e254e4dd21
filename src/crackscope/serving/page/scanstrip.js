// @ts-check
/** How far the scans of a project are, and the button that stops them. */

import { fillKeyed, h } from "./dom.js";
import { stopJobs } from "./jobs.js";
import { t } from "./strings.js";

export function scanStrip() {
  const element = h("div", { class: "scanning", hidden: true });
  let [total, before] = [0, 0];
  return {
    element,
    /**
     * Counted from when nothing waited, or the page was opened.
     * @param {import("./types.js").Counts} counts
     */
    show({ waiting, open_jobs }) {
      total = waiting && total + Math.max(0, waiting - before);
      before = waiting;
      element.hidden = waiting === 0;
      const state = { done: total - waiting, total, jobs: open_jobs };
      if (waiting) fillKeyed(element, [state], () => "scan", strip);
    },
  };
}

/** @param {{done: number, total: number, jobs: number[]}} state */
function strip({ done, total, jobs }) {
  return h(
    "div",
    {},
    h("span", { id: "scanning" }, t("scan.running", { done, total })),
    h("progress", { value: done, max: total, "aria-labelledby": "scanning" }),
    h("button", { onclick: () => stopJobs(jobs) }, t("scan.cancel")),
  );
}
