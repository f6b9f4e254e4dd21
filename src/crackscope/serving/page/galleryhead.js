// @ts-check
/** What stands above a project's photos: its facts, and what can be done with it as a whole. */

import { openComparison } from "./comparison.js";
import { menu } from "./dialogs.js";
import { h, icon } from "./dom.js";
import { reportMenu } from "./downloads.js";
import { exportMenu } from "./exportmenu.js";
import { openFindings } from "./findinglist.js";
import * as icons from "./icons.js";
import { describe, openProjectDelete, openProjectForm } from "./projects.js";
import { go, mapAddress } from "./route.js";
import { t } from "./strings.js";
import { openProjectTrail } from "./trail.js";
import { openUpload } from "./uploadpanel.js";

/**
 * @typedef {import("./types.js").Project} Project
 * @typedef {object} HeadActs
 * @property {() => void} onChanged
 * @property {() => void} suggest
 * @property {() => void} rescan
 * @property {() => void} putInto an element, the photos shown
 */

/**
 * @param {Project | null} project null: photos outside projects
 * @param {HeadActs} acts
 */
export function galleryHead(project, acts) {
  const crumb = h("nav", { class: "crumb" }, h("a", { href: "#/" }, t("projects.title")));
  const add = button("upload.photos", icons.PLUS, () => openUpload(project?.id ?? null), "primary");
  const title = h("div", {}, h("h1", {}, project?.name ?? t("project.loose")));
  title.append(h("p", { class: "soft" }, project ? describe(project) : t("project.loose.note")));
  const buttons = h("div", { class: "buttons" });
  if (project) {
    buttons.append(
      button("suggest.button", icons.SPARK, acts.suggest),
      reportMenu(project.id),
      exportMenu(project.id),
      h("a", { class: "button", href: mapAddress(project.id) }, icon(icons.MAP), t("map.button")),
      moreMenu(project, acts),
    );
  }
  buttons.append(add);
  return [
    crumb,
    h("div", { class: "title-row" }, title, buttons),
    project?.notes && h("p", { class: "notes", tabindex: 0 }, project.notes),
  ];
}

/**
 * @param {Project} project
 * @param {HeadActs} acts
 */
function moreMenu(project, { onChanged, rescan, putInto }) {
  return menu(
    [t("project.more")],
    [
      button("project.edit", icons.PENCIL, () => openProjectForm(project, onChanged)),
      button("finding.all", icons.NOTE, () => openFindings(project)),
      button("compare.menu", icons.HALF, () => openComparison(project)),
      button("project.trail", icons.CLOCK, () => openProjectTrail(project)),
      button("elements.put_shown", icons.FOLDER, putInto),
      button("check.open", icons.CHECK, () => go(`#/projects/${project.id}/labels`)),
      button("project.rescan", icons.AGAIN, rescan),
      h("hr"),
      button("project.delete", icons.TRASH, () => openProjectDelete(project), "danger-text"),
    ],
  );
}

/**
 * @param {import("./strings.js").Key} text
 * @param {string} path of its icon
 * @param {() => void} onclick
 * @param {string} [kind]
 */
const button = (text, path, onclick, kind = "") => h("button", { class: kind, onclick }, icon(path), t(text));
