// @ts-check
/** Words in the reader's language, with numbers and dates as they are written there. */

import { english } from "./english.js";
import { inLanguage, ofPhoto } from "./errors.js";
import { german } from "./german.js";
import { settings } from "./settings.js";

/** @typedef {keyof typeof english} Key */

export const LANGUAGES = { en: "English", de: "Deutsch" };

/** @type {"en" | "de"} */
export const language = settings.language === "de" ? "de" : "en";
/** @type {Record<string, string | {one: string, other: string}>} */
const dictionary = language === "de" ? german : english;
const plural = new Intl.PluralRules(language);
const number = new Intl.NumberFormat(language);

/**
 * The text of a key, `{name}` filled in; `{n}` chooses between singular and plural.
 * @param {Key} key
 * @param {Record<string, string | number>} [values]
 */
export function t(key, values = {}) {
  const entry = dictionary[key];
  const text =
    typeof entry === "string" ? entry : entry[plural.select(Number(values.n)) === "one" ? "one" : "other"];
  return text.replace(/\{(\w+)\}/g, (_, name) => show(values[name]));
}

/** @param {string | number} value */
const show = (value) => (typeof value === "number" ? number.format(value) : value);

/** @param {number} value as people write it here, with all its digits */
export const numberText = (value) => new Intl.NumberFormat(language, { maximumSignificantDigits: 6 }).format(value);

/** @param {string} source how a photo's scale is known, in the API's words */
export function sourceText(source) {
  if (source === "measured in the photo") return t("measure.source.measured");
  return t(source === "from the map" ? "measure.source.map" : "measure.source.user");
}

/** @param {number} share 0 to 1 */
export const percent = (share) =>
  new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 1 }).format(share);

/**
 * A score with three decimals, as in the report; never rounded to a certainty that it is not.
 * @param {number} score
 */
export function scoreText(score) {
  const least = score > 0 ? 0.001 : 0;
  const most = score < 1 ? 0.999 : 1;
  const cut = Math.min(Math.max(Math.round(score * 1000) / 1000, least), most);
  return new Intl.NumberFormat(language, { minimumFractionDigits: 3, maximumFractionDigits: 3 }).format(cut);
}

/** @param {number} seconds */
export function durationText(seconds) {
  const rounded = Math.max(0, Math.round(seconds));
  if (rounded < 60) return t("time.seconds", { n: rounded });
  if (rounded < 3600) return t("time.minutes", { n: Math.round(rounded / 60) });
  return t("time.hours", { n: Math.round(rounded / 360) / 10 });
}

/** @param {string} iso */
export const dateText = (iso) =>
  new Intl.DateTimeFormat(language, { dateStyle: "medium" }).format(new Date(iso));

/** @param {string} iso */
export const timeText = (iso) =>
  new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" }).format(new Date(iso));

/** @param {number} bytes */
export function sizeText(bytes) {
  const [value, unit] =
    bytes < 1e6 ? [bytes / 1e3, "kB"] : bytes < 1e9 ? [bytes / 1e6, "MB"] : [bytes / 1e9, "GB"];
  return `${new Intl.NumberFormat(language, { maximumFractionDigits: value < 10 ? 1 : 0 }).format(value)} ${unit}`;
}

/** @param {string} who as the server keeps it: "local" is nobody's name */
export const whoText = (who) => (who === "local" ? t("who.none") : who);

/** @param {string | null} label */
export const labelText = (label) =>
  label === "Positive" ? t("positive") : label === "Negative" ? t("negative") : "–";

/** @param {string | null} reason the model's, in the API's words */
export function reasonText(reason) {
  if (reason === "uncertain") return t("reason.uncertain");
  if (reason === "poor image quality") return t("reason.quality");
  if (reason === "unfamiliar") return t("reason.unfamiliar");
  if (reason === "different") return t("reason.different");
  if (reason === "sample") return t("reason.sample");
  return reason ?? "";
}

/**
 * An error in words: the server's own, or that there was no answer.
 * @param {any} error
 */
export const errorText = (error) =>
  error?.name === "ApiError" ? inLanguage(error.code, error.message) : t("away.failed");

/** @param {string | null} message what the server says of a photo that can't be scanned */
export const photoErrorText = (message) => (message ? ofPhoto(message) : "");
