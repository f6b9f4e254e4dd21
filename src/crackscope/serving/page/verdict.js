// @ts-check
/** The answer for a photo in words: what counts, what the model said, who decided, what another threshold would give. */

import { changedLabel } from "./card.js";
import { h } from "./dom.js";
import { labelNow } from "./review.js";
import { labelText, percent, photoErrorText, reasonText, scoreText, t, whoText } from "./strings.js";

/**
 * @typedef {import("./types.js").Photo} Photo
 * @param {Photo} photo
 * @param {number | null} tried a threshold
 * @param {(label: import("./types.js").Label) => void} onAnswer what the photo is, where that is asked
 */
export function verdict(photo, tried, onAnswer) {
  const { result, status, error, reviewed, decision, question } = photo;
  if (!result) {
    const text =
      status === "failed" ? "verdict.failed" : status === "running" ? "verdict.running" : "verdict.waiting";
    return [h("p", { class: "answer" }, t(text)), error && h("p", { class: "problem" }, photoErrorText(error))];
  }
  const label = labelNow(photo, null) ?? result.label;
  const changed = changedLabel(photo, tried);
  const said = {
    label: labelText(result.label),
    score: scoreText(result.score),
    threshold: scoreText(result.threshold),
  };
  return [
    h(
      "p",
      { class: `answer ${label.toLowerCase()}` },
      t(label === "Positive" ? "verdict.positive" : "verdict.negative"),
      h("span", { class: "soft" }, labelText(label)),
    ),
    status === "failed" && h("p", { class: "problem" }, photoErrorText(error)),
    (status === "queued" || status === "running") && h("p", { class: "soft" }, t("verdict.waiting")),
    question && asked(question, onAnswer),
    decision &&
      h(
        "p",
        {},
        t(decision.box_ltrb ? "verdict.person.place" : "verdict.person", {
          who: whoText(decision.who),
          label: labelText(decision.new_label),
        }),
      ),
    h("p", { class: decision ? "soft" : "" }, t("verdict.model", said)),
    result.reason &&
      !reviewed &&
      h(
        "p",
        {},
        h("span", { class: "badge review" }, t("card.review", { reason: reasonText(result.reason) })),
      ),
    result.label === "Positive" &&
      !photo.places.some(({ review_id }) => review_id) &&
      h("p", { class: "soft" }, t("verdict.share", { share: percent(result.cracked_share) })),
    changed &&
      h(
        "p",
        {},
        h(
          "span",
          { class: "badge whatif" },
          t("verdict.whatif", { threshold: scoreText(tried ?? 0), label: labelText(changed) }),
        ),
      ),
  ];
}

/**
 * Every region was rejected, or a crack stated in a Negative photo: only a person can say what the photo is now.
 * @param {string} question
 * @param {(label: import("./types.js").Label) => void} onAnswer
 */
function asked(question, onAnswer) {
  const isStated = question === "crack stated";
  const text = t(isStated ? "question.stated" : "question.regions");
  return h(
    "div",
    { class: "question", role: "group", "aria-label": text },
    h("p", {}, text),
    h(
      "div",
      { class: "buttons" },
      h("button", { onclick: () => onAnswer("Negative") }, t("question.negative")),
      h("button", { onclick: () => onAnswer("Positive") }, t(isStated ? "question.cracked" : "question.positive")),
    ),
  );
}
