// @ts-check
/** The buttons and the note with which a reviewer decides. */

import { fill, h, icon } from "./dom.js";
import * as icons from "./icons.js";
import { labelText, t } from "./strings.js";
import { myName, openWho } from "./who.js";

/** @typedef {import("./types.js").Box} Box */

/**
 * @param {object} acts
 * @param {(action: import("./acts.js").Action, label?: string) => void} acts.act
 * @param {() => void} acts.undo
 * @param {() => void} acts.onWhole
 */
export function reviewPanel({ act, undo, onWhole }) {
  const target = h("span", { class: "target" });
  const whole = h("button", { class: "link", onclick: onWhole }, t("regions.deselect"));
  const note = h("textarea", {
    rows: 2,
    maxlength: 10000,
    "aria-label": t("review.note"),
    placeholder: t("review.note.hint"),
  });
  const state = h("span", { class: "soft", role: "status" });
  const name = h("span", { class: "soft" });
  const setName = h("button", { class: "link", onclick: openWho }, t("who.set"));
  const goOn = h("input", { type: "checkbox" });
  const key = (/** @type {string} */ letter) => h("kbd", { "aria-hidden": "true" }, letter);
  const confirm = h("button", { class: "primary", "aria-keyshortcuts": "c", onclick: () => act("confirm") });
  const reject = h("button", { "aria-keyshortcuts": "x", onclick: () => act("reject") });
  const positive = h(
    "button",
    { "aria-keyshortcuts": "p", onclick: () => act("relabel", "Positive") },
    t("positive"),
    key("P"),
  );
  const negative = h(
    "button",
    { "aria-keyshortcuts": "n", onclick: () => act("relabel", "Negative") },
    t("negative"),
    key("N"),
  );
  const saveNote = h("button", { onclick: () => act("note") }, icon(icons.NOTE), t("review.note.save"));
  const back = h(
    "button",
    { "aria-keyshortcuts": "u", onclick: undo },
    icon(icons.UNDO),
    t("undo"),
    key("U"),
  );
  const decide = h("div", { class: "decide" }, confirm, reject);
  const set = h("span", { class: "soft" });
  /** @type {ReturnType<typeof setTimeout>} */
  let timer;
  note.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) act("note");
    if (event.key === "Escape") note.blur();
  });
  return {
    element: h(
      "section",
      { class: "review" },
      h("h2", {}, t("review.title"), " ", target),
      whole,
      decide,
      h("div", { class: "buttons" }, set, positive, negative),
      note,
      h("div", { class: "buttons" }, saveNote, back, state),
      h("label", { class: "check" }, goOn, t("review.go_on")),
      h("p", { class: "kept" }, name, setName),
    ),
    goOn: () => goOn.checked,
    takeNote() {
      const text = note.value.trim();
      note.value = "";
      return text;
    },
    /** @param {string} text the note of an act that was refused */
    giveBack(text) {
      note.value ||= text;
    },
    focusNote: () => note.focus(),
    clear() {
      note.value = "";
      fill(state);
    },
    saved() {
      fill(state, `✓ ${t("review.saved")}`);
      clearTimeout(timer);
      timer = setTimeout(() => fill(state), 4000);
    },
    /**
     * @param {boolean} possible
     * @param {string | null} label null: a box of which nobody has said anything
     * @param {Box | null} box
     * @param {number} waiting
     */
    show(possible, label, box, waiting) {
      for (const button of [confirm, reject, positive, negative, saveNote]) button.disabled = !possible;
      whole.hidden = !box;
      decide.hidden = label === null;
      fill(set, t(label === null ? "review.is_it" : "review.set"));
      setName.hidden = myName() !== "local";
      fill(name, setName.hidden ? t("who.as", { name: myName() }) : "");
      fill(target, t(box ? "review.target.box" : "review.target.photo"));
      fill(confirm, icon(icons.CHECK), `${t("review.confirm")} ${labelText(label)}`, key("C"));
      fill(reject, icon(icons.CROSS), t("review.reject"), key("X"));
      if (waiting) fill(state, t("review.saving"));
      else if (state.textContent === t("review.saving")) fill(state);
    },
  };
}
