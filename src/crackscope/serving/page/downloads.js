// @ts-check
/** Files to take away: the reviews as a data set, and the report. Fetched, because links carry no token. */

import { ApiError, get, getBlob } from "./api.js";
import { menu, openDialog, toast, toastError } from "./dialogs.js";
import { h, icon } from "./dom.js";
import * as icons from "./icons.js";
import { address } from "./route.js";
import { errorText, LANGUAGES, language, t } from "./strings.js";

const KINDS = /** @type {const} */ (["html", "pdf", "docx", "xlsx"]);

/**
 * @param {string} path
 * @param {string} name of the file
 */
export async function download(path, name) {
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

/**
 * Say what the data set will hold, then make it.
 * @param {number} project
 */
export async function downloadExport(project) {
  try {
    const { positive, negative, without_place } = await get(`/v1/projects/${project}/export/plan`);
    const missing = without_place.length;
    openDialog(t("project.export"), (close) => [
      h("p", {}, t("export.tiles", { positive, negative })),
      h("p", {}, t("export.rule")),
      missing > 0 && h("p", { class: "problem" }, t("export.without", { n: missing })),
      missing > 0 &&
        h(
          "ul",
          { class: "left-out" },
          ...without_place
            .slice(0, 20)
            .map((/** @type {{id: number, name: string}} */ { id, name }) =>
              h("li", {}, h("a", { href: address(project, id), onclick: close }, name)),
            ),
        ),
      h(
        "footer",
        {},
        h("button", { type: "button", onclick: close }, t("cancel")),
        h(
          "button",
          {
            class: "primary",
            disabled: positive + negative === 0,
            onclick: () => {
              close();
              download(`/v1/projects/${project}/export`, `reviews-${project}.zip`);
            },
          },
          t("export.make"),
        ),
      ),
    ]);
  } catch (error) {
    toastError(error);
  }
}

/** @param {number} project */
export const downloadCorrections = (project) =>
  download(`/v1/projects/${project}/corrections.csv`, `corrections-${project}.csv`);

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
  const zone = encodeURIComponent(Intl.DateTimeFormat().resolvedOptions().timeZone);
  const make = (/** @type {string} */ kind) =>
    download(
      `/v1/projects/${project}/report.${kind}?language=${chosen.value}&zone=${zone}`,
      `report-${project}.${kind}`,
    );
  return menu(
    [icon(icons.DOWNLOAD), t("project.report")],
    [
      chosen,
      ...KINDS.map((kind) => h("button", { onclick: () => make(kind) }, t(`download.${kind}`))),
      h("hr"),
      h("button", { onclick: () => downloadExport(project) }, t("project.export")),
    ],
  );
}
