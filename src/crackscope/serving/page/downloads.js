// @ts-check
/** Files to take away: the reviews as a data set, and the report. Fetched, because links carry no token. */

import { ApiError, getBlob } from "./api.js";
import { menu, toast } from "./dialogs.js";
import { h, icon } from "./dom.js";
import * as icons from "./icons.js";
import { errorText, LANGUAGES, language, t } from "./strings.js";

const KINDS = /** @type {const} */ (["html", "pdf", "xlsx"]);

/**
 * @param {string} path
 * @param {string} name of the file
 */
async function download(path, name) {
  toast(t("download.making", { name }));
  try {
    const address = URL.createObjectURL(await getBlob(path));
    h("a", { href: address, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(address), 60000);
    toast(t("download.ready", { name }));
  } catch (error) {
    const missing = error instanceof ApiError && error.status === 404;
    const problem = missing ? t("download.missing") : errorText(error);
    toast(t("download.failed", { name, problem }), { kind: "problem" });
  }
}

/** @param {number} project */
export const downloadExport = (project) =>
  download(`/v1/projects/${project}/export`, `reviews-${project}.zip`);

/**
 * The menu of reports.
 * @param {number} project
 */
export function reportMenu(project) {
  const chosen = h(
    "select",
    { "aria-label": t("download.language") },
    ...Object.entries(LANGUAGES).map(([code, name]) => h("option", { value: code }, name)),
  );
  chosen.value = language;
  const get = (/** @type {string} */ kind) =>
    download(`/v1/projects/${project}/report.${kind}?language=${chosen.value}`, `report-${project}.${kind}`);
  return menu(
    [icon(icons.DOWNLOAD), t("project.report")],
    [
      chosen,
      ...KINDS.map((kind) => h("button", { onclick: () => get(kind) }, t(`download.${kind}`))),
      h("hr"),
      h("button", { onclick: () => downloadExport(project) }, t("project.export")),
    ],
  );
}
