// @ts-check
/** Starts the page: the address says which view is shown, and each view keeps itself up to date. */

import { ApiError, AwayError } from "./api.js";
import { announce } from "./changes.js";
import { connection } from "./connection.js";
import { toast, toastError } from "./dialogs.js";
import { fill, h } from "./dom.js";
import { showGallery } from "./gallery.js";
import { showHeader } from "./header.js";
import { openHelp } from "./help.js";
import { showLabels } from "./labels.js";
import { showMap } from "./map.js";
import { outbox, resume, waitingReviews } from "./outbox.js";
import { openProjectForm, showProjects } from "./projects.js";
import { parseRoute } from "./route.js";
import { language, t } from "./strings.js";
import { progress } from "./upload.js";
import { installDropZone, installUploadPanel } from "./uploadpanel.js";
import { showViewer } from "./viewer.js";
import { installTokenDialog, learnName } from "./who.js";

/**
 * @typedef {import("./route.js").Route} Route
 * @typedef {object} View
 * @property {() => Promise<unknown>} refresh load and show everything
 * @property {(route: Route) => Promise<unknown> | undefined} [update] the same view, another query or photo
 * @property {() => void} close
 * @property {(event: KeyboardEvent) => boolean} [key] true: it was for the view
 */

const main = /** @type {HTMLElement} */ (document.getElementById("main"));
const banner = /** @type {HTMLElement} */ (document.getElementById("connection"));
const VIEWS = {
  projects: showProjects,
  gallery: showGallery,
  viewer: showViewer,
  labels: showLabels,
  map: showMap,
};

/** @type {Route | null} */
let route = null;
/** @type {View | null} */
let view = null;

function follow() {
  const next = parseRoute(location.hash);
  const same = route && next.view === route.view && next.project === route.project;
  const before = route;
  route = next;
  if (same && view?.update) return void view.update(next)?.catch(failed);
  view?.close();
  if (before) window.scrollTo({ top: 0 });
  document.title = "crackscope";
  document.body.dataset.view = next.view;
  view = VIEWS[next.view](main, next);
  if (before) main.focus({ preventScroll: true });
  view.refresh().catch(failed);
}

/** @param {any} error */
function failed(error) {
  if (error instanceof AwayError) return; // the banner says so, and "back" loads again
  if (error instanceof ApiError && error.status === 404) {
    view?.close();
    view = null;
    fill(
      main,
      h(
        "section",
        { class: "empty" },
        h("p", {}, t("gone")),
        h("a", { class: "button", href: "#/" }, t("projects.title")),
      ),
    );
  } else {
    toastError(error);
    if (!(error instanceof ApiError)) console.error(error);
  }
}

function showConnection() {
  const n = waitingReviews();
  fill(banner, h("b", {}, t("away.title")), " ", n ? t("away.waiting", { n }) : t("away.nothing"));
}

/** @param {KeyboardEvent} event */
function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  const target = /** @type {HTMLElement} */ (event.target);
  const typing = target.closest("textarea, select, input:not([type=checkbox])");
  const slides = target.matches("input[type=range]") && !/^Arrow|^Home|^End|^Page/.test(event.key);
  if (typing && !slides) return;
  if (event.key === "?") openHelp();
  else if (!view?.key?.(event)) return;
  event.preventDefault();
}

document.documentElement.lang = language;
fill(/** @type {HTMLElement} */ (document.getElementById("skip")), t("skip"));
showHeader(/** @type {HTMLElement} */ (document.getElementById("header")));
installTokenDialog();
installUploadPanel(/** @type {HTMLElement} */ (document.getElementById("uploads")));
installDropZone(
  () => (route && route.view !== "projects" ? route.project : undefined),
  (found) => openProjectForm(undefined, undefined, found),
);
connection.addEventListener("lost", () => {
  document.body.classList.add("away");
  showConnection();
});
connection.addEventListener("back", () => {
  document.body.classList.remove("away");
  fill(banner);
  toast(t("away.back"));
  learnName().catch(failed);
  view?.refresh().catch(failed);
});
outbox.addEventListener("change", () => document.body.classList.contains("away") && showConnection());
window.addEventListener("beforeunload", (event) => {
  if (waitingReviews() || progress.running) event.preventDefault();
});
window.addEventListener("hashchange", follow);
document.addEventListener("keydown", onKey);
document.getElementById("skip")?.addEventListener("click", (event) => {
  event.preventDefault(); // the hash is the address of a view
  main.focus();
});
learnName().catch(failed);
for (const sent of resume()) sent.then(announce, toastError);
follow();
