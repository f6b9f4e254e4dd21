// @ts-check
/** The form of a finding: what only a person can say. Nothing in it is filled in beforehand. */

import { field } from "./dialogs.js";
import { fill, h } from "./dom.js";
import { numberInput, numberOf } from "./numbers.js";
import { language, numberText, t, timeText, whoText } from "./strings.js";

/**
 * @typedef {import("./types.js").Finding} Finding
 * @typedef {import("./types.js").Shape} Shape
 * @typedef {import("./types.js").Statement} Statement
 * @typedef {import("./types.js").ConditionList} ConditionList
 */

export const KINDS = /** @type {const} */ ([
  "crack",
  "map cracking",
  "spalling",
  "joint",
  "efflorescence",
  "other",
]);
export const METHODS = /** @type {const} */ (["crack ruler", "loupe", "photo scale", "estimated"]);

/**
 * @param {object} about
 * @param {Shape} about.shape
 * @param {string} about.size of the shape, in words
 * @param {Finding | null} about.finding null: a new one
 * @param {ConditionList | null} about.conditions the project's list
 * @param {(statement: Statement) => void} about.onSave
 * @param {() => void} about.onCancel
 * @param {() => void} about.onWithdraw
 */
export function findingForm({ shape, size, finding, conditions, onSave, onCancel, onWithdraw }) {
  const before = finding?.statement;
  const kind = select("finding.choose", KINDS.map((name) => [name, kindText(name)]), before?.kind);
  kind.required = true;
  const width = numberInput({ min: 0.01, max: 10000, value: typedText(before?.width_mm) });
  const method = select("finding.unmeasured", METHODS.map((name) => [name, methodText(name)]), before?.width_method);
  const together = () =>
    method.setCustomValidity(Boolean(width.value.trim()) === Boolean(method.value) ? "" : t("finding.both"));
  for (const input of [width, method]) input.addEventListener("input", together);
  const ratings = (conditions?.scales ?? []).map((scale) => ({
    scale: scale.code,
    label: [scale.code, scale.name[language]].filter(Boolean).join(": "),
    input: select(
      "finding.unrated",
      scale.classes.map((each) => [each.code, [each.code, each[language]].filter(Boolean).join(": ")]),
      before?.ratings.find((rating) => rating.scale === scale.code)?.code,
    ),
  }));
  const recommendation = h("textarea", { rows: 2, maxlength: 10000, value: before?.recommendation });
  const note = h("textarea", { rows: 2, maxlength: 10000, value: before?.note });
  const problem = h("p", { class: "problem", role: "alert" });
  const save = h("button", { class: "primary", type: "submit" }, t("save"));
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    together();
    if (!element.reportValidity()) return;
    onSave({
      kind: kind.value,
      shape,
      width_mm: numberOf(width.value),
      width_method: method.value || null,
      ratings: ratings
        .filter(({ input }) => input.value)
        .map(({ scale, input }) => ({ scale, code: input.value })),
      recommendation: recommendation.value.trim(),
      note: note.value.trim(),
    });
  };
  const element = h(
    "form",
    { class: "finding-form", onsubmit: submit },
    h("p", { class: "soft" }, size),
    field(t("finding.kind"), kind),
    h("div", { class: "two" }, field(t("finding.width"), width), field(t("finding.method"), method)),
    conditions?.title && h("p", { class: "soft" }, conditions.title),
    ...ratings.map(({ label, input }) => field(label, input)),
    field(t("finding.recommendation"), recommendation),
    field(t("finding.note"), note),
    problem,
    h(
      "div",
      { class: "buttons" },
      save,
      h("button", { type: "button", onclick: onCancel }, t("cancel")),
      finding &&
        h("button", { type: "button", class: "quiet danger-text", onclick: onWithdraw }, t("finding.withdraw")),
    ),
  );
  element.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) submit(event);
    if (event.key === "Escape") onCancel();
  });
  return {
    element,
    focus: () => kind.focus(),
    /** @param {boolean} on it is on its way */
    setSaving(on) {
      save.disabled = on;
      fill(save, t(on ? "review.saving" : "save"));
    },
    /**
     * What was stated before, with who and when.
     * @param {import("./types.js").FindingAct[]} acts oldest first
     */
    showHistory: (acts) => acts.length > 1 && element.append(history(acts)),
    /** @param {string} text */
    setProblem: (text) => fill(problem, text),
  };
}

/**
 * A number as people type it in this language: without marks between thousands, which nobody types.
 * @param {number | null} [value]
 */
const typedText = (value) => (value ? String(value).replace(".", language === "de" ? "," : ".") : "");

/** @param {import("./types.js").FindingAct[]} acts */
function history(acts) {
  const rows = [...acts].reverse().map(({ statement, who, created_at }) => {
    const width = statement?.width_mm ? `, ${numberText(statement.width_mm)} mm` : "";
    const said = statement ? `${kindText(statement.kind)}${width}` : t("finding.was_withdrawn");
    const when = h("time", { datetime: created_at }, timeText(created_at));
    return h("li", {}, h("span", {}, h("b", {}, whoText(who)), ` ${said}`), h("small", {}, when));
  });
  return h("details", {}, h("summary", {}, t("finding.history")), h("ol", { class: "trail", reversed: true }, ...rows));
}

/** @param {string} kind as the API names it */
export const kindText = (kind) => t(/** @type {any} */ (`kind.${kind.replace(" ", "_")}`));

/** @param {string} method as the API names it */
export const methodText = (method) => t(/** @type {any} */ (`method.${method.replace(" ", "_")}`));

/**
 * @param {import("./strings.js").Key} nothing what the empty choice says
 * @param {(readonly [string, string])[]} options
 * @param {string | null} [value]
 */
function select(nothing, options, value) {
  const element = h(
    "select",
    {},
    h("option", { value: "" }, t(nothing)),
    ...options.map(([code, text]) => h("option", { value: code }, text)),
  );
  element.value = value ?? "";
  return element;
}
