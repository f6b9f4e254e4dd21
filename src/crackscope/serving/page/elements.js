// @ts-check
/** The parts of the structure: a grid with counts and progress; each is also the filter that shows its photos. */

import { get, query, remove, send } from "./api.js";
import { announce } from "./changes.js";
import { confirmDelete, field, openDialog, toast, toastError } from "./dialogs.js";
import { fill, fillKeyed, h, icon } from "./dom.js";
import * as icons from "./icons.js";
import { choiceOf } from "./route.js";
import { errorText, numberText, t } from "./strings.js";

/** @typedef {import("./types.js").Element} Element */

/**
 * @param {object} listeners
 * @param {(element: string) => void} listeners.onFilter empty: all
 * @param {() => void} listeners.onChanged
 */
export function elementGrid({ onFilter, onChanged }) {
  const list = h("ul", { class: "elements" });
  const section = h("section", { hidden: true }, h("h2", {}, t("elements.title")), list);
  return {
    element: section,
    /**
     * @param {number | null} project
     * @param {string} chosen the element shown; empty: all
     */
    async show(project, chosen) {
      /** @type {Element[]} */
      const all = project === null ? [] : await get(`/v1/projects/${project}/elements`);
      section.hidden = !all.some(({ id }) => id);
      const items = all.map((each) => ({ each, on: String(each.id) === chosen }));
      fillKeyed(
        list,
        items,
        ({ each }) => each.id,
        ({ each, on }) => card(each, on, onFilter, onChanged),
      );
    },
  };
}

/**
 * @param {Element} element
 * @param {boolean} on
 * @param {(element: string) => void} onFilter
 * @param {() => void} onChanged
 */
function card(element, on, onFilter, onChanged) {
  const { id, photos, reviewed, needed, positive, findings, mm_per_px } = element;
  const name = element.name || t("elements.none");
  const facts = [
    t("projects.photos", { n: photos }),
    t("elements.positive", { n: positive }),
    t("elements.findings", { n: findings }),
    mm_per_px && t("elements.scale", { scale: numberText(Number(mm_per_px.toPrecision(3))) }),
  ];
  return h(
    "li",
    { class: "element" },
    h(
      "button",
      { "aria-pressed": String(on), onclick: () => onFilter(on ? "" : String(id)) },
      h("b", {}, name),
      h("small", {}, facts.filter(Boolean).join(" · ")),
      h("progress", { max: photos || 1, value: String(reviewed), "aria-label": t("gallery.reviewed") }),
      h(
        "small",
        {},
        t("elements.progress", { reviewed, photos }),
        needed > 0 && ` · ${t("elements.needed", { n: needed })}`,
      ),
    ),
    id > 0 &&
      h(
        "button",
        { class: "quiet icon-only", "aria-label": t("elements.edit", { name }), onclick: () => openEdit(element, onChanged) },
        icon(icons.PENCIL),
      ),
  );
}

/**
 * @param {Element} element
 * @param {() => void} onChanged
 */
function openEdit(element, onChanged) {
  const name = h("input", { value: element.name, required: true, maxlength: 200 });
  const problem = h("p", { class: "problem", role: "alert" });
  const changed = () => {
    announce();
    onChanged();
  };
  openDialog(t("elements.edit", { name: element.name }), (close) => {
    const submit = async (/** @type {Event} */ event) => {
      event.preventDefault();
      try {
        await send("PATCH", `/v1/elements/${element.id}`, { name: name.value.trim() });
        close();
        changed();
      } catch (error) {
        fill(problem, t("failed", { problem: errorText(error) }));
      }
    };
    const ask = () => {
      close();
      confirmDelete(t("viewer.delete.title", { name: element.name }), t("elements.delete.text"), t("delete"), async () => {
        await remove(`/v1/elements/${element.id}`);
        changed();
      });
    };
    return h(
      "form",
      { onsubmit: submit },
      field(t("project.name"), name, t("elements.rename.hint")),
      problem,
      h(
        "footer",
        {},
        h("button", { type: "button", class: "quiet danger-text", onclick: ask }, t("elements.delete")),
        h("button", { type: "button", onclick: close }, t("cancel")),
        h("button", { class: "primary", type: "submit" }, t("save")),
      ),
    );
  });
}

/**
 * Put photos into an element, chosen by name or new.
 * @param {number} project
 * @param {number[]} photos
 * @param {() => void} onChanged
 */
export async function openPutInto(project, photos, onChanged) {
  /** @type {Element[]} */
  const all = await get(`/v1/projects/${project}/elements`);
  const names = all.filter(({ id }) => id).map((each) => h("option", { value: each.name }));
  const list = h("datalist", { id: "element-names" }, ...names);
  const name = h("input", { maxlength: 200, list: "element-names", autocomplete: "off" });
  const problem = h("p", { class: "problem", role: "alert" });
  openDialog(t("elements.put"), (close) => {
    const submit = async (/** @type {Event} */ event) => {
      event.preventDefault();
      try {
        await putInto(project, photos, name.value.trim());
        close();
        toast(t("elements.put.done", { n: photos.length, name: name.value.trim() || t("elements.none") }));
        onChanged();
      } catch (error) {
        fill(problem, t("failed", { problem: errorText(error) }));
      }
    };
    return h(
      "form",
      { onsubmit: submit },
      h("p", {}, t("elements.put.text", { n: photos.length })),
      field(t("project.element"), name, t("elements.put.hint")),
      list,
      problem,
      h(
        "footer",
        {},
        h("button", { type: "button", onclick: close }, t("cancel")),
        h("button", { class: "primary", type: "submit" }, t("elements.put.yes")),
      ),
    );
  });
}

/**
 * All photos that a gallery's filters choose, put into an element.
 * @param {import("./route.js").Route} route
 * @param {() => void} onChanged
 */
export async function putShownInto(route, onChanged) {
  if (route.project === null) return;
  try {
    await openPutInto(route.project, await get(`/v1/photos/ids${query(choiceOf(route))}`), onChanged);
  } catch (error) {
    toastError(error);
  }
}

/**
 * @param {number} project
 * @param {number[]} photos
 * @param {string} name empty: into none
 */
async function putInto(project, photos, name) {
  const made = name && (await send("POST", `/v1/projects/${project}/elements`, { name }));
  await send("PUT", `/v1/projects/${project}/photos/element`, {
    element_id: made ? made.id : null,
    photo_ids: photos,
  });
  announce();
}
