// @ts-check
/** All findings of a project, each with the way to its photo. */

import { get } from "./api.js";
import { openDialog, toastError } from "./dialogs.js";
import { fill, h } from "./dom.js";
import { kindText, methodText } from "./findingform.js";
import { address } from "./route.js";
import { numberText, t } from "./strings.js";

/** @typedef {import("./types.js").Finding} Finding */

/** @param {{id: number}} project */
export function openFindings({ id }) {
  const shown = h("div", {}, h("p", { class: "soft" }, t("loading")));
  const dialog = openDialog(t("finding.title"), () => shown, { wide: true });
  get(`/v1/projects/${id}/findings`).then((/** @type {Finding[]} */ findings) => {
    const items = findings.map((finding) => h("li", {}, link(id, finding, () => dialog.close()), said(finding)));
    fill(shown, items.length ? h("ul", { class: "trail" }, ...items) : h("p", { class: "soft" }, t("finding.none")));
  }, toastError);
}

/**
 * @param {number} project
 * @param {Finding} finding
 * @param {() => void} close
 */
function link(project, { number, statement, photo_id, photo }, close) {
  const name = `${t("finding.tag", { n: String(number) })} ${kindText(statement.kind)}`;
  return h("a", { href: address(project, photo_id), onclick: close }, h("b", {}, name), ` · ${photo}`);
}

/** @param {Finding} finding */
function said({ statement, element, length_mm }) {
  const { width_mm, width_method, ratings, recommendation } = statement;
  const parts = [
    element,
    width_mm !== null && width_method && t("finding.width_is", { mm: numberText(width_mm), how: methodText(width_method) }),
    length_mm !== null && t("length.mm", { n: numberText(length_mm) }),
    ratings.map(({ scale, code }) => `${scale} ${code}`.trim()).join(", "),
    recommendation,
  ];
  return h("small", {}, parts.filter(Boolean).join(" · "));
}
