// @ts-check
/** Dialogs and short messages. The browser's own <dialog> keeps the focus in and gives it back. */

import { fill, h, icon } from "./dom.js";
import * as icons from "./icons.js";
import { errorText, t } from "./strings.js";

let titles = 0;

/**
 * Open a dialog.
 * @param {string} title
 * @param {(close: () => void) => any} content its elements
 * @param {{required?: boolean, wide?: boolean, onclose?: () => void}} [options] `required`: Esc does not close it
 * @returns {HTMLDialogElement}
 */
export function openDialog(title, content, { required = false, wide = false, onclose } = {}) {
  const id = `dialog-title-${++titles}`;
  const dialog = /** @type {HTMLDialogElement} */ (
    h("dialog", { "aria-labelledby": id, class: wide ? "wide" : "" })
  );
  const close = () => dialog.close();
  const cross = h(
    "button",
    { class: "quiet icon-only", type: "button", "aria-label": t("close"), onclick: close },
    icon(icons.CROSS),
  );
  dialog.append(h("header", {}, h("h2", { id }, title), !required && cross), ...[content(close)].flat());
  dialog.addEventListener("cancel", (event) => required && event.preventDefault());
  dialog.addEventListener("click", (event) => !required && event.target === dialog && close());
  dialog.addEventListener("close", () => {
    dialog.remove();
    onclose?.();
  });
  document.body.append(dialog);
  dialog.showModal();
  // Otherwise the focus begins on the cross.
  /** @type {HTMLElement | null} */ (dialog.querySelector("input:not([hidden]), footer button"))?.focus();
  return dialog;
}

/**
 * Ask before something is gone for good.
 * @param {string} title
 * @param {string} text
 * @param {string} yes
 * @param {() => Promise<void>} act
 */
export function confirmDelete(title, text, yes, act) {
  const problem = h("p", { class: "problem", role: "alert" });
  openDialog(title, (close) => {
    const submit = async (/** @type {Event} */ event) => {
      event.preventDefault();
      try {
        await act();
        close();
      } catch (error) {
        fill(problem, t("failed", { problem: errorText(error) }));
      }
    };
    return h(
      "form",
      { onsubmit: submit },
      h("p", {}, text),
      problem,
      h(
        "footer",
        {},
        h("button", { type: "button", onclick: close }, t("cancel")),
        h("button", { class: "danger", type: "submit" }, yes),
      ),
    );
  });
}

/**
 * A short message that goes away.
 * @param {string} text
 * @param {{kind?: "info" | "problem", link?: {text: string, href: string}}} [options]
 */
export function toast(text, { kind = "info", link } = {}) {
  const element = h(
    "div",
    { class: `toast ${kind}` },
    h("span", {}, text),
    link && h("a", { href: link.href }, link.text),
    h(
      "button",
      { class: "quiet icon-only", "aria-label": t("close"), onclick: () => element.remove() },
      icon(icons.CROSS),
    ),
  );
  const shown = document.getElementById("toasts");
  shown?.append(element);
  while (shown && shown.children.length > 4) shown.firstElementChild?.remove();
  setTimeout(() => element.remove(), kind === "problem" ? 12000 : 5000);
}

/** @param {any} error */
export const toastError = (error) => toast(t("failed", { problem: errorText(error) }), { kind: "problem" });

/**
 * A labelled input.
 * @param {string} label
 * @param {any} input
 * @param {string} [hint]
 */
export function field(label, input, hint) {
  return h("label", { class: "field" }, h("span", {}, label), input, hint && h("small", {}, hint));
}

/**
 * A button that opens a menu of buttons below it; <details> brings keyboard and screen reader along.
 * @param {any[]} summary
 * @param {any[]} items
 */
export function menu(summary, items) {
  const details = h(
    "details",
    { class: "menu" },
    h("summary", { class: "button" }, ...summary),
    h("div", { class: "panel" }, ...items),
  );
  const close = (/** @type {Event} */ event) => {
    if (event instanceof KeyboardEvent && event.key !== "Escape") return;
    if (event instanceof KeyboardEvent && details.open) {
      event.stopPropagation();
      details.querySelector("summary").focus();
    }
    details.open = false;
  };
  details.addEventListener("keydown", close);
  details.addEventListener(
    "click",
    (/** @type {any} */ event) => event.target.closest(".panel button") && (details.open = false),
  );
  details.addEventListener("toggle", () => {
    const outside = (/** @type {Event} */ event) => {
      if (!details.contains(/** @type {Node} */ (event.target))) details.open = false;
      if (!details.open) document.removeEventListener("pointerdown", outside);
    };
    if (details.open) document.addEventListener("pointerdown", outside);
  });
  return details;
}
