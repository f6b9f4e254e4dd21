// @ts-check
/** Projects: the list of them, and making, changing and deleting one. */

import { get, remove, send } from "./api.js";
import { announce } from "./changes.js";
import { confirmDelete, field, openDialog, toast } from "./dialogs.js";
import { fill, fillKeyed, h, icon } from "./dom.js";
import * as icons from "./icons.js";
import { pathOf } from "./chosen.js";
import { address, go } from "./route.js";
import { dateText, errorText, scoreText, t } from "./strings.js";
import { beginUpload } from "./uploadpanel.js";

/** @typedef {import("./types.js").Project} Project */

const FIELDS = /** @type {const} */ ([
  "name",
  "structure",
  "element",
  "inspector",
  "inspected_on",
  "notes",
  "condition_list",
  "own_conditions",
  "report_number",
  "letterhead",
]);
const EMPTY = {
  name: "",
  structure: "",
  element: "",
  inspector: "",
  inspected_on: null,
  notes: "",
  condition_list: "",
  own_conditions: "",
  report_number: "",
  letterhead: "",
};
/** By which classes findings are rated; empty: by none. */
const LISTS = /** @type {const} */ (["", "ri-ebw-pruef", "aashto", "own"]);

/**
 * Show all projects.
 * @param {HTMLElement} main
 */
export function showProjects(main) {
  const list = h("ul", { class: "projects" });
  const model = h("p", { class: "soft" });
  const begin = h(
    "button",
    { class: "primary", onclick: () => openProjectForm() },
    icon(icons.PLUS),
    t("projects.new"),
  );
  const none = h(
    "section",
    { class: "empty", hidden: true },
    h("h2", {}, t("projects.none.title")),
    h("p", {}, t("projects.none.text")),
    h("button", { class: "primary", onclick: () => openProjectForm() }, icon(icons.PLUS), t("projects.new")),
  );
  const loose = h(
    "p",
    { class: "soft" },
    h("a", { href: address(null, 0) }, t("projects.loose")),
    " · ",
    t("projects.loose.note"),
  );
  fill(
    main,
    h("div", { class: "title-row" }, h("h1", {}, t("projects.title")), begin),
    none,
    list,
    loose,
    model,
  );

  async function refresh() {
    /** @type {Project[]} */
    const projects = await get("/v1/projects");
    none.hidden = projects.length > 0;
    begin.hidden = projects.length === 0;
    fillKeyed(list, projects, (project) => project.id, projectCard);
    const { name, threshold } = await get("/v1/model");
    fill(model, t("projects.model", { name, threshold: scoreText(threshold.value) }));
  }
  const again = () => void (document.hidden || refresh().catch(() => undefined));
  window.addEventListener("focus", again);
  return { refresh, close: () => window.removeEventListener("focus", again) };
}

/** @param {Project} project */
function projectCard(project) {
  return h(
    "li",
    {},
    h(
      "a",
      { href: address(project.id, 0), class: "card project" },
      h("strong", {}, project.name),
      h("span", {}, describe(project)),
      h("span", { class: "soft" }, t("projects.photos", { n: project.photos })),
    ),
  );
}

/**
 * Structure, element, date and inspector in one line.
 * @param {Project} project
 */
export function describe({ structure, element, inspected_on, inspector }) {
  const date = inspected_on && dateText(inspected_on);
  return [structure, element, date, inspector].filter(Boolean).join(" · ");
}

/**
 * The form of a project; without one, of a new one. Only fields that were changed are sent, and one that
 * someone else changed meanwhile is not replaced without asking.
 * @param {Project} [project]
 * @param {() => void} [onSaved]
 * @param {import("./chosen.js").Found} [dropped] photos that a new project begins with
 */
export function openProjectForm(project, onSaved, dropped) {
  /** @type {Record<string, any>} */
  const inputs = {
    name: h("input", { value: project?.name ?? folderOf(dropped), required: true, maxlength: 200 }),
    structure: h("input", { value: project?.structure, maxlength: 200 }),
    element: h("input", { value: project?.element, maxlength: 200 }),
    inspector: h("input", { value: project?.inspector, maxlength: 200 }),
    inspected_on: h("input", { type: "date", value: project?.inspected_on }),
    notes: h("textarea", { value: project?.notes, rows: 3, maxlength: 10000 }),
    condition_list: h(
      "select",
      { onchange: () => showOwn() },
      ...LISTS.map((name) => h("option", { value: name }, t(/** @type {any} */ (`conditions.${name || "none"}`)))),
    ),
    report_number: h("input", { value: project?.report_number, maxlength: 200 }),
    letterhead: h("textarea", { value: project?.letterhead, rows: 3, maxlength: 10000 }),
    own_conditions: h("textarea", { value: project?.own_conditions, rows: 4, maxlength: 10000 }),
  };
  inputs.condition_list.value = project?.condition_list ?? "";
  const own = field(t("project.own_conditions"), inputs.own_conditions, t("project.own_conditions.hint"));
  const showOwn = () => (own.hidden = inputs.condition_list.value !== "own");
  showOwn();
  const logo = logoField(project);
  const problem = h("p", { class: "problem", role: "alert" });
  let known = project;
  /** @type {Project | undefined} */
  let made;

  const save = async () => {
    const changed = FIELDS.filter((name) => valueOf(inputs[name]) !== (project?.[name] ?? EMPTY[name]));
    const body = Object.fromEntries(changed.map((name) => [name, valueOf(inputs[name])]));
    if (!project) {
      // A logo that was refused must not make a second project.
      made = made ? await send("PATCH", `/v1/projects/${made.id}`, body) : await send("POST", "/v1/projects", body);
      return made;
    }
    const now = await get(`/v1/projects/${project.id}`);
    const clash = changed.find((name) => now[name] !== known?.[name] && now[name] !== body[name]);
    if (clash) {
      known = now;
      throw new Clash(
        t("project.conflict", {
          field: t(`project.${clash === "inspected_on" ? "date" : clash}`),
          value: now[clash] ?? "",
        }),
      );
    }
    return changed.length ? send("PATCH", `/v1/projects/${project.id}`, body) : now;
  };
  openDialog(project ? t("project.edit") : t("projects.new"), (close) => {
    const submit = async (/** @type {Event} */ event) => {
      event.preventDefault();
      try {
        const saved = await save();
        await logo.save(saved.id);
        announce();
        close();
        if (project) onSaved?.();
        else go(address(saved.id, 0));
        if (dropped) beginUpload(dropped, saved.id);
      } catch (error) {
        fill(problem, error instanceof Clash ? error.message : t("failed", { problem: errorText(error) }));
      }
    };
    return h(
      "form",
      { onsubmit: submit },
      field(t("project.name"), inputs.name),
      h(
        "div",
        { class: "two" },
        field(t("project.structure"), inputs.structure, t("project.structure.hint")),
        field(t("project.element"), inputs.element, t("project.element.hint")),
        field(t("project.inspector"), inputs.inspector),
        field(t("project.date"), inputs.inspected_on),
      ),
      field(t("project.notes"), inputs.notes),
      field(t("project.condition_list"), inputs.condition_list, t("project.condition_list.hint")),
      own,
      h("div", { class: "two" }, field(t("project.report_number"), inputs.report_number), logo.element),
      field(t("project.letterhead"), inputs.letterhead, t("project.letterhead.hint")),
      dropped && h("p", { class: "soft" }, t("projects.dropped", { n: dropped.files.length })),
      problem,
      h(
        "footer",
        {},
        h("button", { type: "button", onclick: close }, t("cancel")),
        h("button", { class: "primary", type: "submit" }, project ? t("save") : t("project.create")),
      ),
    );
  });
}

/**
 * The logo on the report: chosen here, sent when the form is saved.
 * @param {Project} [project]
 */
function logoField(project) {
  const input = h("input", { type: "file", accept: "image/png,image/jpeg" });
  const none = h("input", { type: "checkbox" });
  const element = h(
    "div",
    {},
    field(t("project.logo"), input, t(project?.has_logo ? "project.logo.there" : "project.logo.hint")),
    project?.has_logo && h("label", {}, none, " ", t("project.logo.remove")),
  );
  const save = async (/** @type {number} */ id) => {
    const file = input.files?.[0];
    if (file) await send("PUT", `/v1/projects/${id}/logo`, { image: await base64(file) });
    else if (none.checked) await remove(`/v1/projects/${id}/logo`);
  };
  return { element, save };
}

/**
 * @param {File} file
 * @returns {Promise<string>}
 */
function base64(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result).split(",")[1] ?? "");
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });
}

/**
 * The folder that was dropped: most often what the project is called.
 * @param {import("./chosen.js").Found} [dropped]
 */
function folderOf(dropped) {
  const path = dropped?.files.length ? pathOf(dropped.files[0]) : "";
  return path.includes("/") ? path.split("/")[0] : "";
}

class Clash extends Error {}

/** @param {HTMLInputElement} input */
const valueOf = (input) =>
  input.type === "date" ? input.value || null : input.type === "textarea" ? input.value : input.value.trim();

/** @param {Project} project */
export function openProjectDelete(project) {
  const { id, name, photos } = project;
  confirmDelete(
    t("project.delete.title", { name }),
    t("project.delete.text", { n: photos }),
    t("project.delete.yes"),
    async () => {
      await remove(`/v1/projects/${id}`);
      announce();
      toast(t("project.deleted", { name }));
      go("#/");
    },
  );
}
