// @ts-check
/** The audit trail: who decided what, when, and what was before. */

import { get } from "./api.js";
import { openDialog, toastError } from "./dialogs.js";
import { fill, h } from "./dom.js";
import { address } from "./route.js";
import { labelText, t, timeText, whoText } from "./strings.js";

/** @typedef {import("./types.js").Review} Review */

/**
 * What a row says was done.
 * @param {Review} row
 * @param {Review[]} rows
 * @returns {string}
 */
export function describeAct({ action, old_label, new_label, undoes_id }, rows = []) {
  const values = { old: labelText(old_label), new: labelText(new_label) };
  if (action !== "undo") return t(`trail.${action}`, values);
  const undone = rows.find((row) => row.id === undoes_id);
  return undone ? t("trail.undid", { what: describeAct(undone) }) : t("trail.undo");
}

/**
 * The rows, newest first.
 * @param {Review[]} rows
 * @param {(row: Review) => any} [place] what to say of where
 */
export function trailList(
  rows,
  place = (row) => row.place && h("span", { class: "chip" }, placeText(row)),
) {
  if (rows.length === 0) return h("p", { class: "soft" }, t("trail.none"));
  return h(
    "ol",
    { class: "trail", reversed: true },
    ...[...rows]
      .reverse()
      .map((row) =>
        h(
          "li",
          { class: row.undone ? "undone" : "" },
          h(
            "span",
            {},
            h("b", {}, whoText(row.who)),
            " ",
            h("span", { class: "what" }, describeAct(row, rows)),
            " ",
            place(row),
          ),
          row.note && h("q", {}, row.note),
          h(
            "small",
            {},
            h("time", { datetime: row.created_at }, timeText(row.created_at)),
            row.undone && ` · ${t("trail.undone")}`,
          ),
        ),
      ),
  );
}

/**
 * The trail of a whole project.
 * @param {{id: number, name: string}} project
 */
export function openProjectTrail({ id }) {
  const shown = h("div", {}, h("p", { class: "soft" }, t("loading")));
  const dialog = openDialog(t("project.trail"), () => shown, { wide: true });
  get(`/v1/projects/${id}/reviews`).then((rows) => {
    const place = (/** @type {Review} */ row) => {
      const href = address(id, row.photo_id, { box: row.box_ltrb?.join(",") });
      const name = row.photo_name ?? `${t("facts.title")} ${row.photo_id}`;
      return h("a", { href, onclick: () => dialog.close() }, name, row.place && ` · ${placeText(row)}`);
    };
    fill(shown, trailList(rows, place));
  }, toastError);
}

/**
 * Which place of the photo an act is about.
 * @param {Review} row
 */
const placeText = ({ place }) => t(/^\d/.test(place ?? "") ? "regions.item" : "regions.drawn", { n: place ?? "" });
