// @ts-check
/** The upload's dialog, the drop zone that is the whole page, and the panel that shows how far it is. */

import { droppedFiles, photosOnly, withoutVideos } from "./chosen.js";
import { openDialog, field, toast, toastError } from "./dialogs.js";
import { fill, h, icon } from "./dom.js";
import * as icons from "./icons.js";
import { numberInput, numberOf } from "./numbers.js";
import { t } from "./strings.js";
import { ACCEPT, cancelUploads, progress, upload, uploads } from "./upload.js";

/**
 * @typedef {import("./upload.js").ScanFields} ScanFields
 * @typedef {import("./chosen.js").Found} Found
 */

const NOTHING = { mm_per_px: "", threshold: "", skip_copies: "true" };
/** @type {Map<number | null, ScanFields>} typed for a project, also used for what is dropped on its page */
const typed = new Map();

/**
 * @param {Found} found
 * @param {number | null} project
 */
export function beginUpload(found, project) {
  if (found.files.length === 0) toast(t(found.videos ? "upload.videos" : "upload.none", { n: found.videos }), { kind: "problem" });
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
      beginUpload(found, project);
    };
    const photos = chooser({ multiple: true, accept: ACCEPT }, (files) => take(withoutVideos(files)));
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
  const input = (/** @type {"mm_per_px" | "threshold"} */ name, /** @type {number} */ min, /** @type {number} */ max) => {
    const element = numberInput({
      min,
      max,
      value: values[name],
      oninput: () => (values[name] = element.validity.valid ? String(numberOf(element.value) ?? "") : ""),
    });
    element.addEventListener("blur", () => element.reportValidity());
    return element;
  };
  const skip = h("input", {
    type: "checkbox",
    checked: Boolean(values.skip_copies),
    onchange: () => (values.skip_copies = skip.checked ? "true" : ""),
  });
  return h(
    "div",
    {},
    h(
      "div",
      { class: "two" },
      field(t("scan.scale"), input("mm_per_px", 0.0001, 1000), t("scan.scale.hint")),
      field(t("scan.threshold"), input("threshold", 0, 1), t("scan.threshold.hint")),
    ),
    h("label", { class: "check" }, skip, t("upload.skip_copies")),
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
 * @param {() => number | null | undefined} projectNow undefined: no project is shown
 * @param {(found: Found) => void} begin a project with what was dropped where none is shown
 */
export function installDropZone(projectNow, begin) {
  let inside = 0;
  const hasFiles = (/** @type {DragEvent} */ event) => event.dataTransfer?.types.includes("Files");
  const mark = () => document.body.classList.toggle("dropping", inside > 0);
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
    if (!event.dataTransfer) return;
    const found = await droppedFiles(event.dataTransfer);
    document.querySelector("dialog")?.close();
    if (project === undefined) return begin(found);
    beginUpload(found, project);
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
    fill(skipped, notes().join(" "));
    if (refusals.length !== shownRefusals) {
      shownRefusals = refusals.length;
      problems.hidden = refusals.length === 0;
      fill(
        problems,
        h("summary", { class: "problem" }, problemText()),
        h(
          "ul",
          {},
          ...refusals.slice(0, 200).map(({ name, error }) => h("li", {}, h("b", {}, name), " ", error)),
        ),
      );
    }
    if (!running && sent === total && notes().length === 0 && !progress.unreadable) setTimeout(() => progress.running || hide(), 4000);
  });
}

/** What was left out, and why it is no error. */
function notes() {
  const { skipped, videos, copies } = progress;
  return [
    skipped > 0 && t("upload.skipped", { n: skipped }),
    videos > 0 && t("upload.videos", { n: videos }),
    copies > 0 && t("upload.copies", { n: copies }),
  ].filter((note) => note !== false);
}

/** Taken but not to be scanned, which the gallery counts as failed; and not taken at all. */
function problemText() {
  const { unreadable, refusals } = progress;
  const refused = refusals.length - unreadable;
  return [
    unreadable > 0 && t("upload.unreadables", { n: unreadable }),
    refused > 0 && t("upload.errors", { n: refused }),
  ]
    .filter((text) => text !== false)
    .join("; ");
}

function titleText() {
  const { running, waits, cancelled, sent, total, copies, unreadable, refusals } = progress;
  if (waits) return t("upload.waiting");
  if (running) return t("upload.running", { n: sent + copies + refusals.length - unreadable, total });
  return cancelled ? t("upload.cancelled", { n: sent }) : t("upload.done", { n: sent });
}
