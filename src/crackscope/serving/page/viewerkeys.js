// @ts-check
/** What each key does where one photo is shown; `help.js` tells people. */

const PAN_PX = 60;

/** @type {Record<string, [number, number]>} */
const PANS = {
  ArrowLeft: [PAN_PX, 0],
  ArrowRight: [-PAN_PX, 0],
  ArrowUp: [0, PAN_PX],
  ArrowDown: [0, -PAN_PX],
};

/** @type {Record<string, (viewer: import("./viewer.js").Viewer) => void>} */
const KEYS = {
  c: (viewer) => viewer.act("confirm"),
  x: (viewer) => viewer.act("reject"),
  p: (viewer) => viewer.act("relabel", "Positive"),
  n: (viewer) => viewer.act("relabel", "Negative"),
  u: (viewer) => viewer.undo(),
  e: (viewer) => viewer.review.focusNote(),
  b: (viewer) => viewer.tools.toggleMode("box"),
  m: (viewer) => viewer.tools.toggleMode("measure"),
  l: (viewer) => viewer.drawFinding("polyline"),
  g: (viewer) => viewer.drawFinding("polygon"),
  k: (viewer) => viewer.drawFinding("box"),
  t: (viewer) => viewer.findingFromBox(),
  h: (viewer) => viewer.tools.toggleHeat(),
  f: (viewer) => viewer.stage.fit(),
  "+": (viewer) => viewer.stage.zoom(1.5),
  "=": (viewer) => viewer.stage.zoom(1.5),
  "-": (viewer) => viewer.stage.zoom(1 / 1.5),
  0: (viewer) => {
    viewer.select(null);
    viewer.stage.fit();
  },
  ArrowLeft: (viewer) => viewer.step(-1),
  ArrowRight: (viewer) => viewer.step(1),
  Escape: (viewer) => viewer.leave(),
};

/**
 * Do what the key stands for; says whether it stands for anything.
 * @param {import("./viewer.js").Viewer} viewer
 * @param {KeyboardEvent} event
 */
export function pressKey(viewer, event) {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (viewer.stage.drawKey(event)) return true;
  const pan = event.shiftKey && PANS[key];
  const mark = /^[1-9]$/.test(key) && viewer.stage.marks[Number(key) - 1];
  if (pan) viewer.stage.pan(...pan);
  else if (mark) viewer.select(mark.box, true);
  else if (KEYS[key]) KEYS[key](viewer);
  else return false;
  return true;
}
