// @ts-check
/** The photos of a project: sorted, filtered, page by page, and how far scans and reviews are. */

import { get, query } from "./api.js";
import { photoCard } from "./card.js";
import { watch } from "./changes.js";
import { menu, toastError } from "./dialogs.js";
import { fill, fillKeyed, h, icon } from "./dom.js";
import { reportMenu } from "./downloads.js";
import * as icons from "./icons.js";
import { openRescan, stopJobs } from "./jobs.js";
import { lastPhoto, forgetOrder } from "./order.js";
import { describe, openProjectDelete, openProjectForm } from "./projects.js";
import { address, choiceOf, go } from "./route.js";
import { t } from "./strings.js";
import { showSuggestions } from "./suggestions.js";
import { thresholdControl, triedOf, whenQuiet } from "./threshold.js";
import { openProjectTrail } from "./trail.js";
import { openUpload } from "./uploadpanel.js";

/**
 * @typedef {import("./route.js").Route} Route
 * @typedef {import("./types.js").Counts} Counts
 * @typedef {import("./types.js").Photo} Photo
 * @typedef {import("./types.js").Project} Project
 */

const PAGE = 48;
const SORTS = /** @type {const} */ (["review", "score", "label", "name", "uploaded"]);

/** What the buttons above the gallery show: the text, the filter, and how many there are. */
const TALLIES = /** @type {const} */ ([
  ["gallery.all", {}, "total"],
  ["positive", { label: "Positive" }, "positive"],
  ["negative", { label: "Negative" }, "negative"],
  ["gallery.needed", { review: "needed" }, "needed"],
  ["gallery.reviewed", { review: "reviewed" }, "reviewed"],
  ["gallery.failed", { state: "failed" }, "failed"],
]);
const NO_FILTER = { label: "", review: "", state: "", name: "", changes: "", page: "" };

/**
 * Show a project's photos.
 * @param {HTMLElement} main
 * @param {Route} first
 */
export function showGallery(main, first) {
  let route = first;
  let scanned = 0.5;
  let mostWaiting = 0;
  let before = 0;
  /** @type {Counts | null} */
  let counts = null;

  const head = h("div", { class: "head" });
  const scanning = h("div", { class: "scanning", hidden: true });
  const suggested = h("section", { class: "suggested", hidden: true });
  const tallies = h("div", { class: "tallies", role: "group", "aria-label": t("gallery.filter") });
  const list = h("ul", { class: "gallery", "aria-label": t("gallery.list"), onkeydown: moveFocus });
  const empty = h("section", { class: "empty", hidden: true });
  const pages = h("nav", { class: "pages", "aria-label": t("gallery.pages") });
  const find = h("input", { type: "search", id: "find", value: route.query.name, "aria-label": t("gallery.search"), placeholder: t("gallery.search"), oninput: () => typing.soon() });
  const sort = h(
    "select",
    { onchange: () => change({ sort: sort.value, page: "" }) },
    ...SORTS.map((name) => h("option", { value: name }, t(`sort.${name}`))),
  );
  const only = h("input", { type: "checkbox", onchange: () => change({ changes: only.checked ? "true" : "", page: "" }) });
  const rescan = () => route.project !== null && openRescan(route.project, route.query.t ?? "", () => change({ t: "", changes: "" }));
  const threshold = thresholdControl(
    (tried) => {
      threshold.show(tried, scanned, counts?.would_change);
      tries = tried;
      trying.soon();
    },
    [
      h("label", { class: "check" }, only, t("threshold.only")),
      route.project !== null && h("button", { onclick: rescan }, t("threshold.keep")),
    ].filter(Boolean),
  );
  /** @type {number | null} */
  let tries = null;
  const trying = whenQuiet(120, () => change({ t: tries === null ? "" : String(tries), ...(tries === null && { changes: "" }) }));
  const typing = whenQuiet(250, () => change({ name: find.value.trim(), page: "" }));
  const whatIf = h("details", { class: "what-if", open: triedOf(route.query) !== null }, h("summary", {}, t("threshold.try")), threshold.element);
  const tools = h("div", { class: "tools" }, find, h("label", { class: "inline" }, t("gallery.sort"), sort), whatIf);
  fill(main, head, scanning, suggested, tallies, tools, list, empty, pages);

  const watcher = watch(
    () => ({ project_id: route.project, threshold: route.query.t }),
    (fresh, changed) => {
      counts = fresh;
      showCounts(fresh);
      if (changed) loadPage().catch(() => undefined);
    },
  );

  /** @param {Record<string, string>} changes */
  const change = (changes) => go(address(route.project, 0, { ...route.query, ...changes }), true);

  /** @param {Counts} fresh */
  function showCounts(fresh) {
    fillKeyed(tallies, TALLIES.map(([text, filter, name]) => ({ text, filter, n: fresh[name], on: isOn(filter) })), (each) => each.text, tally);
    const { waiting } = fresh;
    if (waiting === 0) mostWaiting = 0;
    else mostWaiting += Math.max(0, waiting - before);
    before = waiting;
    scanning.hidden = waiting === 0;
    if (waiting) showScanning(scanning, mostWaiting - waiting, mostWaiting, fresh.open_jobs);
    threshold.show(triedOf(route.query), scanned, fresh.would_change);
    tools.hidden = tallies.hidden = fresh.total === 0;
    if (fresh.total === 0) showEmpty();
  }

  /** @param {Record<string, string>} filter */
  function isOn(filter) {
    const { label = "", review = "", state = "" } = route.query;
    return JSON.stringify([label, review, state]) === JSON.stringify([filter.label ?? "", filter.review ?? "", filter.state ?? ""]);
  }

  /** @param {{text: any, filter: Record<string, string>, n: number, on: boolean}} each */
  function tally({ text, filter, n, on }) {
    const press = () => change({ label: "", review: "", state: "", page: "", ...filter });
    return h("button", { class: "tally", "aria-pressed": String(on), onclick: press }, h("b", {}, n.toLocaleString()), h("span", {}, t(text)));
  }

  async function loadPage() {
    forgetOrder();
    const page = Math.max(1, Number(route.query.page) || 1);
    const asked = route;
    const { total, photos } = await get(`/v1/photos${query({ ...choiceOf(route), limit: PAGE, offset: (page - 1) * PAGE })}`);
    if (asked !== route) return;
    if (photos.length === 0 && page > 1) return change({ page: "" });
    const tried = triedOf(route.query);
    fillKeyed(
      list,
      photos.map((/** @type {Photo} */ photo) => ({ photo, tried, href: address(route.project, photo.id, route.query) })),
      ({ photo }) => photo.id,
      ({ photo, href }) => photoCard(photo, href, tried),
    );
    scanned = photos.find((/** @type {Photo} */ photo) => photo.result)?.result.threshold ?? scanned;
    threshold.show(tried, scanned, counts?.would_change);
    showPages(page, total);
    showEmpty();
    returnTo();
  }

  function showEmpty() {
    const filtered = ["label", "review", "state", "name", "changes"].some((name) => route.query[name]);
    empty.hidden = list.children.length > 0;
    if (empty.hidden) return;
    if (filtered && counts?.total) {
      fill(empty, h("p", {}, t("gallery.nothing")), h("button", { onclick: () => change(NO_FILTER) }, t("gallery.clear")));
    } else {
      const add = h("button", { class: "primary", onclick: () => openUpload(route.project) }, t("upload.choose"), " …");
      fill(empty, icon(icons.UPLOAD), h("h2", {}, t("gallery.empty.title")), h("p", {}, t("gallery.empty.text")), add);
    }
  }

  /**
   * @param {number} page
   * @param {number} total
   */
  function showPages(page, total) {
    pages.hidden = total <= PAGE;
    const step = (/** @type {number} */ to, /** @type {any} */ text, /** @type {string} */ path) =>
      h("button", { "aria-label": t(text), disabled: to < 1 || (to - 1) * PAGE >= total, onclick: () => turn(to) }, icon(path));
    const range = t("gallery.range", { from: (page - 1) * PAGE + 1, to: Math.min(page * PAGE, total), total });
    fill(pages, step(page - 1, "gallery.previous", icons.LEFT), h("span", {}, range), step(page + 1, "gallery.next", icons.RIGHT));
  }

  /** @param {number} page */
  function turn(page) {
    change({ page: String(page) });
    window.scrollTo({ top: 0 });
  }

  /** Back from a photo: the focus goes where it was. */
  function returnTo() {
    const link = lastPhoto.id && list.querySelector(`[data-key="${lastPhoto.id}"] a`);
    lastPhoto.id = 0;
    if (link instanceof HTMLElement) link.focus();
  }

  async function loadHead() {
    const project = route.project === null ? null : await get(`/v1/projects/${route.project}`);
    document.title = `${project?.name ?? t("project.loose")} – crackscope`;
    fill(head, ...headOf(project, loadHead, () => showSuggestions(suggested, project.id).catch(toastError), rescan));
  }

  showQuery();
  function showQuery() {
    sort.value = route.query.sort ?? "review";
    only.checked = Boolean(route.query.changes);
    if (document.activeElement !== find) find.value = route.query.name ?? "";
  }

  return {
    refresh: () => Promise.all([loadHead(), loadPage(), watcher.now()]),
    /** @param {Route} next */
    update(next) {
      route = next;
      showQuery();
      if (counts) showCounts(counts);
      watcher.now();
      return loadPage();
    },
    close: () => {
      trying.never();
      typing.never();
      watcher.stop();
    },
    /** @param {KeyboardEvent} event */
    key(event) {
      if (event.key !== "/") return false;
      find.focus();
      return true;
    },
  };
}

/**
 * @param {Project | null} project
 * @param {() => void} onChanged
 * @param {() => void} suggest
 * @param {() => void} rescan
 */
function headOf(project, onChanged, suggest, rescan) {
  const add = h("button", { class: "primary", onclick: () => openUpload(project?.id ?? null) }, icon(icons.PLUS), t("upload.photos"));
  const crumb = h("nav", { class: "crumb" }, h("a", { href: "#/" }, t("projects.title")));
  if (!project) {
    return [crumb, h("div", { class: "title-row" }, h("h1", {}, t("project.loose")), add), h("p", { class: "soft" }, t("project.loose.note"))];
  }
  const more = menu(
    [t("project.more")],
    [
      h("button", { onclick: () => openProjectForm(project, onChanged) }, icon(icons.PENCIL), t("project.edit")),
      h("button", { onclick: () => openProjectTrail(project) }, icon(icons.CLOCK), t("project.trail")),
      h("button", { onclick: rescan }, icon(icons.AGAIN), t("project.rescan")),
      h("hr"),
      h("button", { class: "danger-text", onclick: () => openProjectDelete(project) }, icon(icons.TRASH), t("project.delete")),
    ],
  );
  const ask = h("button", { onclick: suggest }, icon(icons.SPARK), t("suggest.button"));
  return [
    crumb,
    h(
      "div",
      { class: "title-row" },
      h("div", {}, h("h1", {}, project.name), h("p", { class: "soft" }, describe(project))),
      h("div", { class: "buttons" }, ask, reportMenu(project.id), more, add),
    ),
    project.notes && h("p", { class: "notes" }, project.notes),
  ];
}

/**
 * @param {HTMLElement} strip
 * @param {number} done
 * @param {number} total
 * @param {number[]} jobs
 */
function showScanning(strip, done, total, jobs) {
  fillKeyed(strip, [{ done, total, jobs }], () => "scan", () =>
    h(
      "div",
      {},
      h("span", { id: "scanning" }, t("scan.running", { done, total })),
      h("progress", { value: done, max: total, "aria-labelledby": "scanning" }),
      h("button", { onclick: () => stopJobs(jobs) }, t("scan.cancel")),
    ),
  );
}

/**
 * Arrow keys move between cards.
 * @param {KeyboardEvent} event
 */
function moveFocus(event) {
  const list = /** @type {HTMLElement} */ (event.currentTarget);
  const links = /** @type {HTMLElement[]} */ ([...list.querySelectorAll("a")]);
  const at = links.indexOf(/** @type {HTMLElement} */ (document.activeElement));
  const columns = getComputedStyle(list).gridTemplateColumns.split(" ").length;
  const steps = /** @type {Record<string, number>} */ ({ ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns });
  const to = event.key === "Home" ? 0 : event.key === "End" ? links.length - 1 : at + (steps[event.key] ?? NaN);
  if (at < 0 || !links[to]) return;
  event.preventDefault();
  links[to].focus();
}
