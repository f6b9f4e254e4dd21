// @ts-check
/** How far people who looked at the same photos agree. */

import { h } from "./dom.js";
import { language, t, whoText } from "./strings.js";

/**
 * @param {string[]} people
 * @param {import("./labels.js").Pair[]} pairs
 */
export function agreementList(people, pairs) {
  const [first, second] = people;
  if (second === undefined) {
    return [h("p", { class: "soft" }, t("check.alone", { who: whoText(first ?? "") }))];
  }
  return [h("ul", {}, ...pairs.map((pair) => h("li", {}, pairText(pair))))];
}

/** @param {import("./labels.js").Pair} pair */
function pairText({ first, second, both, same, kappa }) {
  const names = { first: whoText(first), second: whoText(second) };
  if (both === 0) return t("check.apart", names);
  if (kappa === null) return t("check.alike", { ...names, n: both, same });
  return t("check.kappa", { ...names, n: both, same, kappa: kappaText(kappa) });
}

/** @param {number} kappa */
const kappaText = (kappa) =>
  new Intl.NumberFormat(language, { minimumFractionDigits: 2, maximumFractionDigits: 2 }).format(kappa);
