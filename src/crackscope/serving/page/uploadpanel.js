// @ts-check
/** The upload's dialog, the drop zone that is the whole page, and the panel that shows how far it is. */

import { droppedFiles, photosOnly } from "./chosen.js";
import { openDialog, field, toast, toastError } from "./dialogs.js";
import { fill, h, icon } from "./dom.js";
import * as icons from "./icons.js";
import { t } from "./strings.js";
import { ACCEPT, cancelUploads, progress, upload, uploads } from "./upload.js";

/**
 * @typedef {import("./upload.js").ScanFields} ScanFields
 * @typedef {import("./chosen.js").Found} Found
 */

const NOTHING = { mm_per_px: "", threshold: "" };
/** @type {Map<number | null, ScanFields>} typed for a project, also used for what is dropped on its page */
const typed = new Map();

/**
 * @param {Found} found
 * @param {number | null} project
 */
function begin(found, project) {
  if (found.files.length === 0) toast(t("upload.none"), { kind: "problem" });
  else upload(found, project, typed.get(project) ?? NOTHING).catch(toastError);
}

/**
 * The dialog to choose photos, with what the scan should know.
 * @param {number | null} project
 */
export function openUpload(project) {
  openDialog(t("upload.title"), (close) => {
    const take = (/** @type {Found} */ found) => {
      close();
      begin(found, project);
    };
    const photos = chooser({ multiple: true, accept: ACCEPT }, (files) => take({ files, skipped: 0 }));
    const folder = chooser({ webkitdirectory: true }, (files) => take(photosOnly(files)));
    return [
      h("p", { class: "soft" }, t("upload.settings")),
      scanFields(project),
      h(
        "div",
        { class: "dropzone" },
        icon(icons.UPLOAD),
        h("p", {}, t("upload.drop")),
        h(
          "p",
          { class: "buttons" },
          h("button", { class: "primary", onclick: () => photos.click() }, t("upload.choose"), " …"),
          h("button", { onclick: () => folder.click() }, icon(icons.FOLDER), t("upload.folder"), " …"),
        ),
        photos,
        folder,
      ),
    ];
  });
}

/**
 * Inputs for scale and threshold; what is typed is kept for the project while the page is open.
 * @param {number | null} project
 */
function scanFields(project) {
  const values = { ...NOTHING, ...typed.get(project) };
  typed.set(project, values);
  const input = (/** @type {keyof ScanFields} */ name, /** @type {Record<string, any>} */ limits) =>
    h("input", {
      type: "number",
      step: "any",
      value: values[name],
      oninput: (/** @type {any} */ event) =>
        (values[name] = event.target.validity.valid ? event.target.value : ""),
      ...limits,
    });
  return h(
    "div",
    { class: "two" },
    field(t("scan.scale"), input("mm_per_px", { min: 0.0001, max: 1000 }), t("scan.scale.hint")),
    field(t("scan.threshold"), input("threshold", { min: 0, max: 1 }), t("scan.threshold.hint")),
  );
}

/**
 * @param {Record<string, any>} attributes
 * @param {(files: File[]) => void} onChosen
 */
function chooser(attributes, onChosen) {
  return h("input", {
    type: "file",
    hidden: true,
    "aria-hidden": "true",
    tabindex: -1,
    ...attributes,
    onchange: (/** @type {any} */ event) => onChosen([...event.target.files]),
  });
}

/**
 * Let photos be dropped anywhere on the page.
 * @param {() => number | null | undefined} projectNow undefined: there is no place for photos here
 */
export function installDropZone(projectNow) {
  let inside = 0;
  const hasFiles = (/** @type {DragEvent} */ event) => event.dataTransfer?.types.includes("Files");
  const mark = () => document.body.classList.toggle("dropping", inside > 0 && projectNow() !== undefined);
  window.addEventListener("dragenter", (event) => {
    if (hasFiles(event)) inside++;
    mark();
  });
  window.addEventListener("dragleave", (event) => {
    if (hasFiles(event)) inside--;
    mark();
  });
  window.addEventListener("dragover", (event) => event.preventDefault());
  window.addEventListener("drop", async (event) => {
    event.preventDefault(); // a browser would leave the page and show the photo
    inside = 0;
    mark();
    const project = projectNow();
    if (project === undefined || !event.dataTransfer) return;
    document.querySelector("dialog")?.close();
    begin(await droppedFiles(event.dataTransfer), project);
  });
}

/**
 * Show the upload's progress and what was refused, on every view.
 * @param {HTMLElement} panel
 */
export function installUploadPanel(panel) {
  const title = h("strong", { id: "upload-title" });
  const bar = h("progress", { "aria-labelledby": "upload-title", max: 1, value: 0 });
  const problems = h("details", { open: true, hidden: true });
  const skipped = h("p", { class: "soft" });
  const hide = () => (panel.hidden = true);
  window.addEventListener("hashchange", () => progress.running || hide());
  const stop = h("button", { onclick: cancelUploads }, t("cancel"));
  const close = h(
    "button",
    { class: "quiet icon-only", "aria-label": t("close"), onclick: hide },
    icon(icons.CROSS),
  );
  fill(panel, h("header", {}, title, stop, close), bar, skipped, problems);
  panel.hidden = true;
  let shownRefusals = -1;

  uploads.addEventListener("change", () => {
    const { running, total, sent, refusals, bytes, bytesTotal } = progress;
    panel.hidden = false;
    fill(title, titleText());
    bar.hidden = stop.hidden = !running;
    close.hidden = running;
    bar.value = bytesTotal ? bytes / bytesTotal : 0;
    fill(skipped, progress.skipped ? t("upload.skipped", { n: progress.skipped }) : "");
    if (refusals.length !== shownRefusals) {
      shownRefusals = refusals.length;
      problems.hidden = refusals.length === 0;
      fill(
        problems,
        h("summary", { class: "problem" }, t("upload.errors", { n: refusals.length })),
        h(
          "ul",
          {},
          ...refusals.slice(0, 200).map(({ name, error }) => h("li", {}, h("b", {}, name), " ", error)),
        ),
      );
    }
    if (!running && sent === total && !progress.skipped) setTimeout(() => progress.running || hide(), 4000);
  });
}

function titleText() {
  const { running, waits, cancelled, sent, total, refusals } = progress;
  if (waits) return t("upload.waiting");
  if (running) return t("upload.running", { n: sent + refusals.length, total });
  return cancelled ? t("upload.cancelled", { n: sent }) : t("upload.done", { n: sent });
}
