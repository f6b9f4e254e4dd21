// @ts-check
/** What changed since an earlier inspection: choose it, wait, and look at both photos of each place. */

import { get, send } from "./api.js";
import { field, openDialog, toastError } from "./dialogs.js";
import { fill, h } from "./dom.js";
import { download } from "./downloads.js";
import { stopJobs } from "./jobs.js";
import { settings } from "./settings.js";
import { dateText, errorText, language, t } from "./strings.js";

/**
 * @typedef {import("./types.js").Project} Project
 * @typedef {import("./types.js").Comparison} Comparison
 * @typedef {import("./types.js").Job} Job
 */

const EVERY_MS = 1000;
const KINDS = /** @type {const} */ (["new", "grown", "same", "gone", "not comparable"]);

/**
 * @param {Project} project the later one
 */
export async function openComparison(project) {
  try {
    /** @type {Project[]} */
    const projects = await get("/v1/projects");
    new ComparisonDialog(project, projects.filter(({ id, photos }) => id !== project.id && photos > 0)).open();
  } catch (error) {
    toastError(error);
  }
}

class ComparisonDialog {
  /**
   * @param {Project} project
   * @param {Project[]} others
   */
  constructor(project, others) {
    this.address = `/v1/projects/${project.id}/comparison`;
    this.project = project;
    this.others = others;
    this.closed = false;
    /** What is shown, as JSON: the page is only written anew where that changed. */
    this.shown = "";
    this.progress = h("section", { role: "status" });
    this.result = h("section", {});
    this.problem = h("p", { class: "problem", role: "alert" });
    this.choice = h("select", {}, ...others.map((each) => h("option", { value: each.id }, titleOf(each))));
    this.begin = h("button", { class: "primary", type: "submit" }, t("compare.begin"));
  }

  open() {
    const form = this.others.length
      ? h("form", { onsubmit: (/** @type {Event} */ event) => this.start(event) }, field(t("compare.earlier"), this.choice), h("footer", {}, this.begin))
      : h("p", {}, t("compare.none"));
    openDialog(t("compare.title"), () => [h("p", {}, t("compare.text")), form, this.problem, this.progress, this.result], {
      onclose: () => {
        this.closed = true;
        clearTimeout(this.timer);
      },
    });
    this.refresh();
  }

  /** @param {Event} event */
  async start(event) {
    event.preventDefault();
    fill(this.problem);
    this.begin.disabled = true;
    try {
      await send("POST", this.address, { earlier: Number(this.choice.value) });
    } catch (error) {
      this.begin.disabled = false;
      fill(this.problem, t("failed", { problem: errorText(error) }));
    }
    this.refresh();
  }

  async refresh() {
    clearTimeout(this.timer);
    try {
      this.show(await get(this.address));
    } catch {
      // The banner says that the server is away; asked again below.
    }
    if (!this.closed) this.timer = setTimeout(() => this.refresh(), EVERY_MS);
  }

  /** @param {Comparison} comparison */
  show({ job, result }) {
    const state = JSON.stringify([job, result]);
    if (state === this.shown) return;
    this.shown = state;
    const open = job?.status === "queued" || job?.status === "running";
    this.begin.disabled = open;
    fill(this.progress, ...(job && job.status !== "done" ? this.progressOf(job, open) : []));
    fill(this.result, ...(result && !open ? this.resultOf(result) : []));
  }

  /**
   * @param {Job} job
   * @param {boolean} open
   */
  progressOf({ id, status, done, total, error }, open) {
    if (!open) return [h("p", { class: "problem" }, t(`jobs.${status}`), error && `: ${error}`)];
    return [
      h("p", {}, t("compare.progress", { done, total })),
      h("progress", { value: done, max: Math.max(total, 1), "aria-label": t("compare.title") }),
      h("button", { onclick: () => stopJobs([id], t("compare.stopped")).then(() => this.refresh()) }, t("compare.stop")),
    ];
  }

  /** @param {NonNullable<Comparison["result"]>} result */
  resultOf({ earlier, later, compared, not_compared, counts }) {
    return [
      h("h3", {}, t("compare.dates", { earlier, later })),
      h(
        "ul",
        { class: "changes" },
        ...KINDS.map((kind) => h("li", {}, `${t(`change.${kind}`)}: `, h("b", {}, String(counts[kind])))),
      ),
      h("p", {}, t("compare.pairs", { n: compared }), not_compared > 0 && ` ${t("compare.left", { n: not_compared })}`),
      h("p", { class: "soft" }, t("compare.report")),
      h("div", { class: "buttons" }, this.sheetLink(), h("button", { onclick: () => this.table() }, t("compare.table"))),
    ];
  }

  /** A link carries no token: with one, the sheet is fetched, and opens from the disk as well. */
  sheetLink() {
    const sheet = `${this.address}/index.html`;
    if (!settings.token)
      return h("a", { class: "button", href: `${sheet}#${language}`, target: "_blank", rel: "noopener" }, t("compare.open"));
    return h("button", { onclick: () => download(sheet, `changes-${this.project.id}.html`) }, t("compare.save"));
  }

  table() {
    return download(`${this.address}/changes.csv`, `changes-${this.project.id}.csv`);
  }
}

/** @param {Project} project */
function titleOf({ name, structure, inspected_on }) {
  return [name, structure, inspected_on && dateText(inspected_on)].filter(Boolean).join(" · ");
}
