// @ts-check
/** What a reviewer does: sent to the server at once, and taken back. */

import { ApiError, get, send } from "./api.js";
import { announce } from "./changes.js";
import { isAway } from "./connection.js";
import { toast, toastError } from "./dialogs.js";
import { newKey } from "./keys.js";
import { flushed, submit } from "./outbox.js";
import { address } from "./route.js";
import { labelText, t } from "./strings.js";
import { describeAct } from "./trail.js";
import { myName } from "./who.js";

/**
 * @typedef {import("./look.js").Look} Look
 * @typedef {import("./route.js").Route} Route
 * @typedef {import("./types.js").Review} Review
 * @typedef {"confirm" | "reject" | "relabel" | "note"} Action
 */

let undoKey = newKey();

/**
 * Keep an act on what is looked at: the selected box, or the photo.
 * @param {Look} look
 * @param {Action} action
 * @param {string} note
 * @param {string} [newLabel]
 * @returns {Promise<Review>}
 */
export async function keep(look, action, note, newLabel) {
  const { photo, selected, label } = look;
  if (!photo) throw new Error("nothing is looked at");
  const fields = {
    action,
    ...(newLabel && { new_label: newLabel }),
    ...(note && { note }),
    ...(selected && { box_ltrb: selected }),
    ...(action !== "note" && label && { seen_label: label }),
  };
  const row = await submit({ photoId: photo.id, key: newKey(), who: myName(), fields });
  announce();
  return row;
}

/**
 * Say why an act was not kept.
 * @param {any} error
 * @param {{text: string, href: string}} link to the photo
 */
export function explainRefusal(error, link) {
  if (!(error instanceof ApiError) || error.code !== "label_changed") return toastError(error);
  return toast(t("review.changed", { label: labelText(error.details.label) }), { kind: "problem", link });
}

/**
 * Take back the reviewer's last act in the project, on whichever photo it was, and say what it was.
 * @param {Route} route
 */
export async function undoLast(route) {
  if (isAway()) return toast(t("review.undo.away"), { kind: "problem" });
  await flushed();
  try {
    /** @type {Review} */
    const row = await send(
      "POST",
      "/v1/reviews/undo",
      route.project === null ? {} : { project_id: route.project },
      { key: undoKey },
    );
    undoKey = newKey();
    announce();
    /** @type {Review[]} */
    const rows = await get(`/v1/photos/${row.photo_id}/reviews`);
    const undone = rows.find((each) => each.id === row.undoes_id);
    toast(t("review.undone", { what: undone ? describeAct(undone) : "" }), {
      link: await linkTo(row.photo_id, route),
    });
  } catch (error) {
    // Where only the answer got lost, the next try has the same key and undoes no second act.
    if (error instanceof ApiError) undoKey = newKey();
    if (error instanceof ApiError && error.code === "nothing_to_undo") toast(t("review.nothing"));
    else toastError(error);
  }
  return undefined;
}

/**
 * @param {number} photo
 * @param {Route} route nothing to link to where it is the photo shown
 */
async function linkTo(photo, route) {
  if (photo === route.photo) return undefined;
  const { name } = await get(`/v1/photos/${photo}`);
  return { text: name, href: address(route.project, photo, route.query) };
}
