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
  place = (row) => row.box_ltrb && h("span", { class: "chip" }, t("trail.box")),
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
  Promise.all([get(`/v1/projects/${id}/reviews`), namesOf(id)]).then(([rows, names]) => {
    const place = (/** @type {Review} */ row) => {
      const href = address(id, row.photo_id, { box: row.box_ltrb?.join(",") });
      return h(
        "a",
        { href, onclick: () => dialog.close() },
        names.get(row.photo_id) ?? `${t("facts.title")} ${row.photo_id}`,
        row.box_ltrb && ` · ${t("trail.box")}`,
      );
    };
    fill(shown, trailList(rows, place));
  }, toastError);
}

/**
 * The names of the photos that were decided on, as many as the server lists at once.
 * @param {number} project
 * @returns {Promise<Map<number, string>>}
 */
async function namesOf(project) {
  const { photos } = await get(`/v1/photos?project_id=${project}&review=reviewed&limit=1000`);
  return new Map(photos.map((/** @type {{id: number, name: string}} */ photo) => [photo.id, photo.name]));
}
