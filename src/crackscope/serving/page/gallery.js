// @ts-check
/** The photos of a project: sorted, filtered, page by page, and how far scans and reviews are. */

import { get, query } from "./api.js";
import { photoCard, sharedPrefix } from "./card.js";
import { watch } from "./changes.js";
import { toastError } from "./dialogs.js";
import { fill, fillKeyed, h, icon } from "./dom.js";
import { elementGrid, putShownInto } from "./elements.js";
import { galleryHead } from "./galleryhead.js";
import * as icons from "./icons.js";
import { openRescan } from "./jobs.js";
import { forgetOrder, lastPhoto } from "./order.js";
import { PAGE, showPager } from "./pager.js";
import { address, choiceOf, go } from "./route.js";
import { scanStrip } from "./scanstrip.js";
import { siteCutButton } from "./sitecut.js";
import { t } from "./strings.js";
import { showSuggestions } from "./suggestions.js";
import { showTallies } from "./tallies.js";
import { thresholdControl, triedOf, whenQuiet } from "./threshold.js";
import { openUpload } from "./uploadpanel.js";

/**
 * @typedef {import("./route.js").Route} Route
 * @typedef {import("./types.js").Counts} Counts
 * @typedef {import("./types.js").Photo} Photo
 */

const SORTS = /** @type {const} */ (["review", "score", "label", "name", "taken", "uploaded"]);
const NO_FILTER = { label: "", review: "", state: "", name: "", changes: "", element: "", page: "" };

/**
 * Show a project's photos.
 * @param {HTMLElement} main
 * @param {Route} route
 */
export const showGallery = (main, route) => new Gallery(main, route);

class Gallery {
  /**
   * @param {HTMLElement} main
   * @param {Route} route
   */
  constructor(main, route) {
    this.route = route;
    this.scanned = 0.5;
    /** @type {Counts | null} */
    this.counts = null;
    /** Photos there were when the page was loaded; -1: not yet. */
    this.total = -1;
    /** @type {number | null} */
    this.tried = triedOf(route.query);
    this.typing = whenQuiet(250, () => this.change({ name: this.find.value.trim(), page: "" }));
    this.trying = whenQuiet(120, () => this.keepInAddress());
    this.scans = scanStrip();
    this.elements = elementGrid({
      onFilter: (element) => this.change({ element, page: "" }),
      onChanged: () => this.refresh(),
    });
    this.threshold = this.layOutThreshold();
    this.layOut(main);
    this.showQuery();
    this.watcher = watch(
      () => ({
        project_id: this.route.project,
        threshold: this.route.query.t,
        element: this.route.query.element,
      }),
      (counts, changed) => {
        this.counts = counts;
        this.showCounts();
        if (changed || this.isBehind(counts)) this.showElements();
        if (changed || this.isBehind(counts)) this.loadPage().catch(() => undefined);
      },
    );
  }

  /** @param {HTMLElement} main */
  layOut(main) {
    this.head = h("div", { class: "head" });
    this.suggested = h("section", { class: "suggested", hidden: true });
    this.tallies = h("div", { class: "tallies", role: "group", "aria-label": t("gallery.filter") });
    this.list = h("ul", { class: "gallery", "aria-label": t("gallery.list"), onkeydown: moveFocus });
    this.empty = h("section", { class: "empty", hidden: true });
    this.pages = h("nav", { class: "pages", "aria-label": t("gallery.pages") });
    this.tools = this.layOutTools();
    fill(
      main,
      this.head,
      this.scans.element,
      this.suggested,
      this.elements.element,
      this.tallies,
      this.tools,
      this.list,
      this.empty,
      this.pages,
    );
  }

  layOutThreshold() {
    this.only = h("input", {
      type: "checkbox",
      onchange: () => this.change({ changes: this.only.checked ? "true" : "", page: "" }),
    });
    const more = [h("label", { class: "check" }, this.only, t("threshold.only"))];
    if (this.route.project !== null) {
      more.push(h("button", { onclick: () => this.rescan() }, t("threshold.keep")));
    }
    return thresholdControl((tried) => this.tryThreshold(tried), more);
  }

  layOutTools() {
    const find = t("gallery.search");
    this.find = h("input", {
      type: "search",
      id: "find",
      "aria-label": find,
      placeholder: find,
      oninput: () => this.typing.soon(),
    });
    this.sort = h(
      "select",
      { onchange: () => this.change({ sort: this.sort.value, page: "" }) },
      ...SORTS.map((name) => h("option", { value: name }, t(`sort.${name}`))),
    );
    const whatIf = h(
      "details",
      { class: "what-if", open: this.tried !== null },
      h("summary", {}, t("threshold.try")),
      this.threshold.element,
      ...(this.route.project === null
        ? []
        : [siteCutButton(this.route.project, (cut) => this.tryThreshold(cut))]),
    );
    this.turned = h("button", {
      class: "icon-only",
      "aria-label": t("gallery.turn"),
      title: t("gallery.turn"),
      onclick: () => this.change({ desc: this.route.query.desc ? "" : "true", page: "" }),
    });
    const sort = h("label", { class: "inline" }, t("gallery.sort"), this.sort);
    return h("div", { class: "tools" }, this.find, h("div", { class: "inline" }, sort, this.turned), whatIf);
  }

  refresh() {
    return Promise.all([this.loadHead(), this.loadPage(), this.showElements(), this.watcher.now()]);
  }

  /** A count that could not be asked for is asked for again with the next change. */
  showElements() {
    return this.elements.show(this.route.project, this.route.query.element ?? "").catch(() => undefined);
  }

  async loadHead() {
    const number = this.route.project;
    const project = number === null ? null : await get(`/v1/projects/${number}`);
    document.title = `${project?.name ?? t("project.loose")} – crackscope`;
    const acts = {
      onChanged: () => this.loadHead().catch(toastError),
      suggest: () => showSuggestions(this.suggested, project.id).catch(toastError),
      rescan: () => this.rescan(),
      putInto: () => putShownInto(this.route, () => this.refresh()),
    };
    fill(this.head, ...galleryHead(project, acts));
  }

  async loadPage() {
    forgetOrder();
    const { route } = this;
    const page = Math.max(1, Number(route.query.page) || 1);
    const part = { ...choiceOf(route), limit: PAGE, offset: (page - 1) * PAGE };
    /** @type {{total: number, photos: Photo[]}} */
    const { total, photos } = await get(`/v1/photos${query(part)}`);
    if (route !== this.route) return;
    this.total = total;
    if (photos.length === 0 && page > 1) return void this.change({ page: "" });
    const tried = triedOf(route.query);
    const prefix = sharedPrefix(photos.map(({ name }) => name));
    const cards = photos.map((photo) => ({
      photo,
      tried,
      prefix,
      href: address(route.project, photo.id, route.query),
    }));
    fillKeyed(
      this.list,
      cards,
      ({ photo }) => photo.id,
      ({ photo, href }) => photoCard(photo, href, tried, prefix),
    );
    this.scanned = photos.find((photo) => photo.result)?.result?.threshold ?? this.scanned;
    this.showThreshold();
    this.showEmpty();
    showPager(this.pages, page, total, (to) => {
      this.change({ page: String(to) });
      window.scrollTo({ top: 0 });
    });
    this.returnFocus();
  }

  /**
   * Whether photos came or went between the page's first question and the first count.
   * @param {Counts} counts
   */
  isBehind({ total }) {
    return this.total >= 0 && !this.isFiltered && total !== this.total;
  }

  get isFiltered() {
    const { query: filters } = this.route;
    return ["label", "review", "state", "name", "changes", "element"].some((name) => filters[name]);
  }

  showCounts() {
    const { counts } = this;
    if (!counts) return;
    showTallies(this.tallies, counts, this.route.query, (filter) => this.change({ ...filter, page: "" }));
    this.scans.show(counts);
    this.showThreshold();
    this.tools.hidden = this.tallies.hidden = counts.total === 0 && !this.route.query.element;
    if (counts.total === 0) this.showEmpty();
  }

  showThreshold() {
    this.threshold.show(this.tried, this.scanned, this.counts?.would_change);
  }

  showEmpty() {
    const { project } = this.route;
    this.empty.hidden = this.list.children.length > 0;
    if (this.isFiltered && this.counts?.total) {
      const all = h("button", { onclick: () => this.change(NO_FILTER) }, t("gallery.clear"));
      fill(this.empty, h("p", {}, t("gallery.nothing")), all);
    } else {
      fill(
        this.empty,
        icon(icons.UPLOAD),
        h("h2", {}, t("gallery.empty.title")),
        h("p", {}, t("gallery.empty.text")),
        h("button", { class: "primary", onclick: () => openUpload(project) }, t("upload.choose"), " …"),
      );
    }
  }

  showQuery() {
    const { sort = "review", changes, name = "", desc } = this.route.query;
    this.turned.setAttribute("aria-pressed", String(Boolean(desc)));
    fill(this.turned, icon(desc ? icons.UP : icons.DOWN));
    this.sort.value = sort;
    this.only.checked = Boolean(changes);
    if (document.activeElement !== this.find) this.find.value = name;
  }

  /** Back from a photo: the focus goes where it was. */
  returnFocus() {
    const link = lastPhoto.id && this.list.querySelector(`[data-key="${lastPhoto.id}"] a`);
    lastPhoto.id = 0;
    if (link) link.focus();
  }

  /** @param {number | null} tried */
  tryThreshold(tried) {
    this.tried = tried;
    this.showThreshold();
    this.trying.soon();
  }

  keepInAddress() {
    this.change(this.tried === null ? { t: "", changes: "" } : { t: String(this.tried) });
  }

  /** @param {Record<string, string>} changes of the query */
  change(changes) {
    go(address(this.route.project, 0, { ...this.route.query, ...changes }), true);
  }

  rescan() {
    const { project, query: asked } = this.route;
    if (project !== null) openRescan(project, asked.t ?? "", () => this.change({ t: "", changes: "" }));
  }

  /** @param {Route} to the same project, another query */
  update(to) {
    this.route = to;
    this.tried = triedOf(to.query);
    this.showQuery();
    this.showCounts();
    this.showElements();
    this.watcher.now();
    return this.loadPage();
  }

  close() {
    this.trying.never();
    this.typing.never();
    this.watcher.stop();
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (event.key === "/") this.find.focus();
    return event.key === "/";
  }
}

/**
 * Arrow keys move between cards.
 * @param {KeyboardEvent} event
 */
function moveFocus(event) {
  const list = /** @type {HTMLElement} */ (event.currentTarget);
  const links = [...list.querySelectorAll("a")];
  const at = links.indexOf(/** @type {any} */ (document.activeElement));
  const columns = getComputedStyle(list).gridTemplateColumns.split(" ").length;
  /** @type {Record<string, number>} */
  const targets = {
    ArrowLeft: at - 1,
    ArrowRight: at + 1,
    ArrowUp: at - columns,
    ArrowDown: at + columns,
    Home: 0,
    End: links.length - 1,
  };
  const target = links[targets[event.key]];
  if (at < 0 || !target) return;
  event.preventDefault();
  target.focus();
}
