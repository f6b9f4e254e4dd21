// @ts-check
/** Whether the server answers; while it does not, it is asked again and again. */

const DELAYS_MS = [500, 1000, 2000, 4000];

/** Sends "lost" and "back". */
export const connection = new EventTarget();

let away = false;

export const isAway = () => away;

/** A request got no answer: tell the page, and ask until there is one. */
export function lost() {
  if (away) return;
  away = true;
  connection.dispatchEvent(new Event("lost"));
  askAgain(0);
}

/** Resolves as soon as the server answers; at once where it does. */
export function whenBack() {
  if (!away) return Promise.resolve();
  return new Promise((resolve) => connection.addEventListener("back", resolve, { once: true }));
}

/** @param {number} attempt */
function askAgain(attempt) {
  const delay = DELAYS_MS[Math.min(attempt, DELAYS_MS.length - 1)];
  setTimeout(async () => {
    if (await answers()) {
      away = false;
      connection.dispatchEvent(new Event("back"));
    } else askAgain(attempt + 1);
  }, delay);
}

/** Asks the server whether it is there. */
export async function answers() {
  try {
    return (await fetch("/readyz", { cache: "no-store", signal: AbortSignal.timeout(5000) })).ok;
  } catch {
    return false;
  }
}
