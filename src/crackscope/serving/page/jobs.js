// @ts-check
/** Scans: how far they are, and stopping them. */

import { get, remove, send } from "./api.js";
import { announce } from "./changes.js";
import { field, openDialog, toast, toastError } from "./dialogs.js";
import { fill, fillKeyed, h } from "./dom.js";
import { numberInput, numberOf } from "./numbers.js";
import { durationText, errorText, t, timeText } from "./strings.js";

/** @typedef {import("./types.js").Job} Job */

const EVERY_MS = 1500;

/** All scans of this server, live while the dialog is open. */
export function openJobs() {
  const list = h("ul", { class: "jobs" });
  const none = h("p", { class: "soft", hidden: true }, t("jobs.none"));
  /** @type {ReturnType<typeof setTimeout>} */
  let timer;
  const refresh = async () => {
    clearTimeout(timer);
    try {
      /** @type {Job[]} */
      const jobs = await get("/v1/jobs");
      none.hidden = jobs.length > 0;
      fillKeyed(
        list,
        jobs,
        (job) => job.id,
        (job) => jobRow(job, refresh),
      );
    } catch {
      // The banner says that the server is away.
    }
    timer = setTimeout(refresh, EVERY_MS);
  };
  openDialog(t("jobs.title"), () => [none, list], { onclose: () => clearTimeout(timer) });
  refresh();
}

/**
 * @param {Job} job
 * @param {() => void} onStopped
 */
function jobRow(job, onStopped) {
  const { id, done, total, status, error, project } = job;
  const compares = job.kind === "comparison";
  const open = status === "queued" || status === "running";
  const stop = () => stopJobs([id], t(compares ? "compare.stopped" : "scan.stopped")).then(onStopped);
  const name = `job-${id}`;
  return h(
    "li",
    {},
    h(
      "span",
      { id: name },
      h("b", {}, t(compares ? "jobs.comparison" : "jobs.name", { id: String(id) })),
      ` ${project ?? t("project.loose")} · ${t(`jobs.${status}`)} · ${timeText(job.created_at)}`,
    ),
    h("progress", { value: done, max: Math.max(total, 1), "aria-labelledby": name }),
    h("span", { class: "soft" }, error ?? [t("jobs.progress", { done, total }), ...timesOf(job)].join(" · ")),
    open && h("button", { onclick: stop }, t("scan.cancel")),
  );
}

/**
 * How long it took; of one that runs, how long it takes and how long it will.
 * @param {Job} job
 */
function timesOf({ status, done, total, started_at, finished_at }) {
  if (!started_at) return [];
  const end = finished_at ? new Date(finished_at).getTime() : Date.now();
  const seconds = (end - new Date(started_at).getTime()) / 1000;
  const time = durationText(seconds);
  const times = [t(finished_at ? "jobs.took" : "jobs.takes", { time })];
  if (status === "running" && done > 0)
    times.push(t("jobs.left", { time: durationText((seconds / done) * (total - done)) }));
  return times;
}

/**
 * The last in the queue first: otherwise the next one begins while the one before it is stopped.
 * @param {number[]} ids
 * @param {string} [said] once they are stopped
 */
export async function stopJobs(ids, said = t("scan.stopped")) {
  try {
    for (const id of ids.toReversed()) await remove(`/v1/jobs/${id}`);
    toast(said);
    announce();
  } catch (error) {
    toastError(error);
  }
}

/**
 * Scan a project again.
 * @param {number} project
 * @param {string} threshold what to start with; empty: the model's own
 * @param {() => void} onStarted
 */
export function openRescan(project, threshold, onStarted) {
  const inputs = {
    threshold: numberInput({ min: 0, max: 1, value: threshold }),
    mm_per_px: numberInput({ min: 0.0001, max: 1000 }),
  };
  const backs = {
    threshold: h("input", { type: "checkbox" }),
    mm_per_px: h("input", { type: "checkbox" }),
  };
  const problem = h("p", { class: "problem", role: "alert" });
  openDialog(t("rescan.title"), (close) => {
    const submit = async (/** @type {Event} */ event) => {
      event.preventDefault();
      const given = Object.entries(inputs).filter(([, input]) => input.value.trim() !== "");
      /** @type {Record<string, number | null>} what is not named stays as it is */
      const changes = Object.fromEntries(given.map(([name, input]) => [name, numberOf(input.value)]));
      for (const [name, box] of Object.entries(backs)) if (box.checked) changes[name] = null;
      try {
        await send("POST", `/v1/projects/${project}/scan`, changes);
        announce();
        close();
        onStarted();
      } catch (error) {
        fill(problem, t("failed", { problem: errorText(error) }));
      }
    };
    return h(
      "form",
      { onsubmit: submit },
      h("p", {}, t("rescan.text")),
      h(
        "div",
        { class: "two" },
        h(
          "div",
          {},
          field(t("scan.threshold"), inputs.threshold, t("rescan.stays")),
          h("label", { class: "check" }, backs.threshold, t("rescan.own")),
        ),
        h(
          "div",
          {},
          field(t("scan.scale"), inputs.mm_per_px, t("rescan.stays")),
          h("label", { class: "check" }, backs.mm_per_px, t("rescan.no_scale")),
        ),
      ),
      problem,
      h(
        "footer",
        {},
        h("button", { type: "button", onclick: close }, t("cancel")),
        h("button", { class: "primary", type: "submit" }, t("rescan.start")),
      ),
    );
  });
}
