// @ts-check
/** Numbers as people type them: "0,5" is 0.5 in any language, and what is no number is said. */

import { h } from "./dom.js";
import { t } from "./strings.js";

/**
 * An input for a number between limits; text, because a browser in another language turns "0,5" into 5.
 * @param {{min: number, max: number, value?: string, oninput?: () => void}} options
 */
export function numberInput({ min, max, value = "", oninput }) {
  const input = h("input", { type: "text", inputmode: "decimal", autocomplete: "off", value });
  input.addEventListener("input", () => {
    const number = numberOf(input.value);
    const fits = input.value.trim() === "" || (number !== null && number >= min && number <= max);
    input.setCustomValidity(fits ? "" : t("number.bad", { min: String(min), max: String(max) }));
    oninput?.();
  });
  return input;
}

/**
 * @param {string} text
 * @returns {number | null} null: empty, or no number
 */
export function numberOf(text) {
  const plain = text.trim().replace(",", ".");
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(plain) ? Number(plain) : null;
}
