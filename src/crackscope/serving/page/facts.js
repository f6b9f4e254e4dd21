// @ts-check
/** What is known about a photo apart from cracks. */

import { h, icon } from "./dom.js";
import * as icons from "./icons.js";
import { sizeText, t, timeText } from "./strings.js";

/**
 * @param {import("./types.js").Photo} photo
 * @param {() => void} askDelete
 */
export function factsList(photo, askDelete) {
  const { result, latitude, longitude } = photo;
  const mm = result?.settings.mm_per_px;
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
    ["facts.scale", result && (mm ? `${mm} mm/px` : t("viewer.uncalibrated"))],
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
    h("button", { class: "quiet danger-text", onclick: askDelete }, icon(icons.TRASH), t("viewer.delete")),
  ];
}
