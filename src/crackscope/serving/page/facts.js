// @ts-check
/** What is known about a photo apart from cracks. */

import { h, icon } from "./dom.js";
import * as icons from "./icons.js";
import { numberText, sizeText, sourceText, t, timeText } from "./strings.js";

/**
 * @param {import("./types.js").Photo} photo
 * @param {{askDelete: () => void, putInto: () => void, scaleBack: () => void}} acts
 */
export function factsList(photo, { askDelete, putInto, scaleBack }) {
  const { result, latitude, longitude, scale } = photo;
  const mm = scale.mm_per_px;
  /** @type {[any, string | null | undefined | false][]} */
  const rows = [
    ["facts.size", `${photo.width_px} × ${photo.height_px} px, ${sizeText(photo.size_bytes)}`],
    ["facts.taken", photo.taken_at],
    ["facts.camera", photo.camera],
    [
      "facts.position",
      latitude !== null && longitude !== null && `${latitude.toFixed(5)}, ${longitude.toFixed(5)}`,
    ],
    ["facts.copy", photo.same_as !== null && t("card.copy")],
    ["facts.scale", mm ? `${numberText(Number(mm.toPrecision(4)))} mm/px, ${sourceText(scale.source)}` : t("viewer.uncalibrated")],
    ["facts.tile", result && `${result.tile_px} px`],
    ["facts.model", result?.model_sha256.slice(0, 12)],
    ["facts.hash", photo.sha256.slice(0, 12)],
    ["facts.expires", photo.expires_at && timeText(photo.expires_at)],
  ];
  return [
    h(
      "dl",
      {},
      ...rows
        .filter(([, value]) => value)
        .map(([name, value]) => h("div", {}, h("dt", {}, t(name)), h("dd", {}, value))),
    ),
    photo.project_id !== null && h("button", { class: "quiet", onclick: putInto }, icon(icons.FOLDER), t("elements.put")),
    mm !== null && scale.source !== "from the map" && h("button", { class: "quiet", onclick: scaleBack }, icon(icons.UNDO), t("measure.back")),
    h("button", { class: "quiet danger-text", onclick: askDelete }, icon(icons.TRASH), t("viewer.delete")),
  ];
}
