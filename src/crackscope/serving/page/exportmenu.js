// @ts-check
/** What was found, for other programs: tables, maps, drawings, pictures, and labels for other tools. */

import { menu } from "./dialogs.js";
import { h, icon } from "./dom.js";
import { download } from "./downloads.js";
import * as icons from "./icons.js";
import { t } from "./strings.js";

const PLACES = /** @type {const} */ ([
  ["csv", "csv"],
  ["geojson", "geojson"],
  ["gpkg", "gpkg"],
  ["dxf", "dxf"],
  ["dxf-pixels", "dxf?pixels=true"],
  ["zip", "zip"],
]);
const LABELS = /** @type {const} */ ([
  ["coco", "json"],
  ["yolo", "zip"],
  ["label-studio", "json"],
  ["csv", "csv"],
]);

/** @param {number} project */
export function exportMenu(project) {
  const places = PLACES.map(([form, path]) =>
    h(
      "button",
      {
        onclick: () =>
          download(`/v1/projects/${project}/places.${path}`, `places-${project}.${path.split("?")[0]}`),
      },
      t(`places.${form}`),
    ),
  );
  const labels = LABELS.map(([form, ending]) =>
    h(
      "button",
      {
        onclick: () =>
          download(`/v1/projects/${project}/labels/${form}`, `labels-${project}-${form}.${ending}`),
      },
      t(`labels.${form}`),
    ),
  );
  return menu(
    [icon(icons.DOWNLOAD), t("places.menu")],
    [
      h("p", { class: "soft" }, t("places.title")),
      ...places,
      h("hr"),
      h("p", { class: "soft" }, t("labels.title")),
      ...labels,
    ],
  );
}
