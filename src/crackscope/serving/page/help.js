// @ts-check
/** The keys, in a dialog. */

import { openDialog } from "./dialogs.js";
import { h } from "./dom.js";
import { t } from "./strings.js";

const GALLERY = /** @type {const} */ ([
  ["← → ↑ ↓", "keys.move"],
  ["Enter", "keys.open"],
  ["/", "keys.search"],
]);
const VIEWER = /** @type {const} */ ([
  ["C", "keys.confirm"],
  ["X", "keys.reject"],
  ["P", "keys.positive"],
  ["N", "keys.negative"],
  ["E", "keys.note"],
  ["U", "keys.undo"],
  ["← →", "keys.next"],
  ["1 … 9, 0", "keys.region"],
  ["B", "keys.draw"],
  ["L G K", "keys.finding"],
  ["T", "keys.from_box"],
  ["M", "keys.measure"],
  ["← → ↑ ↓ Space Enter", "keys.drawing"],
  ["+ − F", "keys.zoom"],
  ["Shift ← → ↑ ↓", "keys.pan"],
  ["H", "keys.heat"],
  ["Esc", "keys.back"],
  ["?", "keys.help"],
]);

const LABELS = /** @type {const} */ ([
  ["C", "check.crack"],
  ["H", "check.healthy"],
  ["T", "check.unsure"],
  ["U", "check.undo"],
  ["← →", "keys.next"],
  ["Z", "check.zoom"],
  ["Esc", "keys.back"],
]);

export function openHelp() {
  const table = (/** @type {any} */ title, /** @type {readonly (readonly [string, any])[]} */ rows) => [
    h("h3", {}, t(title)),
    h(
      "dl",
      { class: "keys" },
      ...rows.map(([keys, text]) => h("div", {}, h("dt", {}, h("kbd", {}, keys)), h("dd", {}, t(text)))),
    ),
  ];
  openDialog(t("help.title"), () => [
    ...table("help.viewer", VIEWER),
    ...table("help.gallery", GALLERY),
    ...table("check.open", LABELS),
  ]);
}
