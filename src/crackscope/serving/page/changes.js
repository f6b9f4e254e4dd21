// @ts-check
/** Notices what other tabs and people do: asks for the counts of what is shown, often only while scans run. */

import { AwayError, get, query } from "./api.js";
import { connection } from "./connection.js";

/** @typedef {import("./types.js").Counts} Counts */

const BUSY_MS = 1500;
const QUIET_MS = 5000;
const channel = "BroadcastChannel" in window ? new BroadcastChannel("crackscope") : null;

const here = new EventTarget();

/** This tab changed something: it and the other tabs look at once. */
export function announce() {
  channel?.postMessage("changed");
  here.dispatchEvent(new Event("changed"));
}

/**
 * Call `onCounts` with fresh counts now, whenever there may be something new, and until `stop` is called.
 * @param {() => Record<string, any>} parameters of /v1/photos/counts
 * @param {(counts: Counts, changed: boolean) => void} onCounts `changed`: not only asked anew
 * @returns {{now: () => Promise<void>, stop: () => void}}
 */
export function watch(parameters, onCounts) {
  let [stopped, version, asked] = [false, "", 0];
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  async function now() {
    clearTimeout(timer);
    const turn = ++asked;
    let delay = QUIET_MS;
    try {
      const counts = await get(`/v1/photos/counts${query(parameters())}`);
      // A slower answer to an earlier question must not overwrite this one.
      if (stopped || turn !== asked) return;
      const changed = version !== "" && version !== counts.version;
      version = counts.version;
      if (counts.waiting) delay = BUSY_MS;
      onCounts(counts, changed);
    } catch (error) {
      if (!(error instanceof AwayError)) console.error(error);
    }
    if (!stopped && turn === asked && !document.hidden) timer = setTimeout(now, delay);
  }

  const visible = () => void (document.hidden || now());
  document.addEventListener("visibilitychange", visible);
  window.addEventListener("focus", visible);
  connection.addEventListener("back", now);
  channel?.addEventListener("message", now);
  here.addEventListener("changed", now);
  now();
  return {
    now,
    stop() {
      stopped = true;
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", visible);
      window.removeEventListener("focus", visible);
      connection.removeEventListener("back", now);
      channel?.removeEventListener("message", now);
      here.removeEventListener("changed", now);
    },
  };
}
