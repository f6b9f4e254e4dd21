// @ts-check
/** "These photos are one site": asks where Positive would begin on it, and tries that threshold. */

import { get } from "./api.js";
import { toastError } from "./dialogs.js";
import { fill, h } from "./dom.js";
import { scoreText, t } from "./strings.js";

/** @typedef {import("./types.js").SiteCut} SiteCut */

/**
 * @param {number} project
 * @param {(threshold: number) => void} onFound called where the site has a cut of its own
 */
export function siteCutButton(project, onFound) {
  const said = h("p", { class: "soft", role: "status" });
  async function ask() {
    /** @type {SiteCut} */
    const cut = await get(`/v1/projects/${project}/site-cut`);
    const moved = cut.threshold > cut.model_threshold;
    const photos = { n: cut.photos, positive: cut.positive, threshold: scoreText(cut.threshold) };
    fill(said, t(moved ? "site.moved" : "site.stays", photos));
    if (moved) onFound(cut.threshold);
  }
  return h(
    "div",
    { class: "site-cut" },
    h("button", { onclick: () => ask().catch(toastError) }, t("site.button")),
    said,
  );
}
