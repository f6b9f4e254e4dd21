// @ts-check
/** A project's labels looked at again: photo after photo, plain and with contrast raised; by keyboard. */

import { get, send } from "./api.js";
import { toastError } from "./dialogs.js";
import { fill, h, icon } from "./dom.js";
import { downloadCorrections } from "./downloads.js";
import * as icons from "./icons.js";
import { agreementList } from "./labelagreement.js";
import { picturePath, show } from "./pictures.js";
import { address, go } from "./route.js";
import { t } from "./strings.js";
import { nameOnce, who } from "./who.js";

/**
 * @typedef {"crack" | "healthy" | "not to be told"} Seen
 * @typedef {{photo_id: number, sha256: string, seen: Seen | null}} QueuedPhoto
 * @typedef {{first: string, second: string, both: number, same: number, kappa: number | null}} Pair
 * @typedef {object} Queue
 * @property {QueuedPhoto[]} photos
 * @property {number} labelled
 * @property {number} without_label
 * @property {string[]} people
 * @property {Pair[]} agreement
 */

/** What each key says, and the words of its button. */
const ANSWERS = /** @type {const} */ ([
  ["c", "crack", "check.crack"],
  ["h", "healthy", "check.healthy"],
  ["t", "not to be told", "check.unsure"],
]);

/**
 * Show the queue of a project's labels.
 * @param {HTMLElement} main
 * @param {import("./route.js").Route} route
 */
export const showLabels = (main, route) => new Labels(main, Number(route.project));

class Labels {
  /**
   * @param {HTMLElement} main
   * @param {number} project
   */
  constructor(main, project) {
    this.project = project;
    /** @type {Queue | null} */
    this.queue = null;
    this.at = 0;
    /** @type {[number, Seen | null][]} where an answer was given, and what it replaced */
    this.given = [];
    /** One act after the other, however fast the keys: an answer is of the photo shown when its turn comes. */
    this.turn = Promise.resolve();
    /** Answers are sent one after the other: the last one of a photo counts. */
    this.sent = Promise.resolve();
    this.unsent = 0;
    /** @type {HTMLElement[]} the buttons of the answers */
    this.said = [];
    this.leaving = (/** @type {Event} */ event) => void (this.unsent && event.preventDefault());
    window.addEventListener("beforeunload", this.leaving);
    /** @type {Promise<unknown>} what has to be there before an answer can be kept */
    this.ready = Promise.resolve();
    this.whoChanged = () => {
      this.ready = this.refresh().catch(toastError);
    };
    who.addEventListener("change", this.whoChanged);
    this.layOut(main);
  }

  /** @param {HTMLElement} main */
  layOut(main) {
    this.back = h("a", { href: address(this.project, 0) }, t("check.back"));
    this.count = h("p", { class: "label-count", role: "status" });
    this.pair = h("div", { class: "label-pair" });
    this.said = ANSWERS.map(([key, seen, text]) =>
      h("button", { onclick: () => this.next(() => this.say(seen)) }, t(text), " ", h("kbd", {}, key.toUpperCase())),
    );
    this.undoButton = h("button", { onclick: () => this.next(() => this.undo()) }, icon(icons.UNDO), t("undo"));
    this.zoomButton = h("button", { onclick: () => this.zoom(), "aria-pressed": "false" }, t("check.zoom"));
    this.work = h(
      "section",
      { class: "label-work", hidden: true, "aria-label": t("check.photo") },
      this.pair,
      h("div", { class: "buttons" }, ...this.said),
      h(
        "div",
        { class: "buttons" },
        step("check.previous", icons.LEFT, () => this.next(() => this.move(-1))),
        step("check.next", icons.RIGHT, () => this.next(() => this.move(1))),
        this.undoButton,
        this.zoomButton,
      ),
    );
    this.empty = h("section", { class: "empty", hidden: true });
    this.agreement = h("section", { class: "label-agreement", hidden: true });
    fill(
      main,
      h("nav", { class: "crumb" }, this.back),
      h("div", { class: "title-row" }, h("h1", {}, t("check.title")), this.count),
      h("p", { class: "soft label-text" }, t("check.text")),
      this.empty,
      this.work,
      this.agreement,
    );
  }

  async refresh() {
    const { name } = await get(`/v1/projects/${this.project}`);
    fill(this.back, name);
    document.title = `${t("check.open")} · ${name}`;
    /** @type {Queue} */
    const queue = await get(`/v1/projects/${this.project}/label-queue`);
    const shown = this.queue?.photos[this.at]?.photo_id;
    this.queue = queue;
    this.given = [];
    this.at = placeOf(queue.photos, shown);
    this.showEmpty(queue);
    this.showPhoto();
    this.showAgreement();
  }

  /** @param {Queue} queue */
  showEmpty({ photos, labelled }) {
    this.work.hidden = photos.length === 0;
    this.empty.hidden = photos.length > 0;
    fill(this.empty, h("p", {}, labelled ? t("check.undoubted", { n: labelled }) : t("check.none")));
  }

  showPhoto() {
    const photo = this.queue?.photos[this.at];
    if (!photo) return;
    const shown = { id: photo.photo_id, sha256: photo.sha256 };
    fill(
      this.pair,
      picture(picturePath(shown, "image", 1024), t("check.plain")),
      picture(picturePath(shown, "raised"), t("check.raised")),
    );
    this.showAnswer();
    const next = this.queue?.photos[this.at + 1];
    if (next) load({ id: next.photo_id, sha256: next.sha256 });
  }

  showAnswer() {
    const photos = this.queue?.photos ?? [];
    const done = photos.filter((photo) => photo.seen !== null).length;
    for (const [index, [, seen]] of ANSWERS.entries()) {
      this.said[index].setAttribute("aria-pressed", String(photos[this.at]?.seen === seen));
    }
    const count = t("check.count", { at: this.at + 1, total: photos.length, done });
    fill(this.count, count, this.unsent > 0 && ` · ${t("review.saving")}`);
    this.undoButton.disabled = this.given.length === 0;
  }

  showAgreement() {
    if (!this.queue) return;
    const { people, agreement } = this.queue;
    const download = h(
      "button",
      { onclick: () => downloadCorrections(this.project) },
      icon(icons.DOWNLOAD),
      t("check.download"),
    );
    this.agreement.hidden = people.length === 0;
    fill(this.agreement, h("h2", {}, t("check.agreement")), ...agreementList(people, agreement), download);
  }

  /** @param {() => void | Promise<void>} act */
  next(act) {
    this.turn = this.turn.then(act).catch(toastError);
  }

  /**
   * Keep an answer and go on to the next photo.
   * @param {Seen} seen
   */
  async say(seen) {
    const looked = this.queue?.photos[this.at]?.photo_id;
    await nameOnce("");
    await this.ready; // under a new name the queue is asked for anew
    const at = this.queue?.photos.findIndex((each) => each.photo_id === looked) ?? -1;
    const photo = this.queue?.photos[at];
    if (!photo) return;
    this.at = at;
    this.given.push([at, photo.seen]);
    this.keep(photo, seen);
    this.move(1);
  }

  undo() {
    const last = this.given.pop();
    const photo = last && this.queue?.photos[last[0]];
    if (!last || !photo) return;
    this.at = last[0];
    this.keep(photo, last[1]);
    this.showPhoto();
  }

  /**
   * Shown at once; taken back on the page where the server could not keep it.
   * @param {QueuedPhoto} photo
   * @param {Seen | null} seen
   */
  keep(photo, seen) {
    const before = photo.seen;
    photo.seen = seen;
    this.unsent += 1;
    this.sent = this.sent
      .then(() => send("POST", `/v1/photos/${photo.photo_id}/label`, { seen }))
      .catch((error) => {
        if (photo.seen === seen) photo.seen = before;
        toastError(error);
      })
      .then(() => {
        this.unsent -= 1;
        this.showAnswer();
        if (this.unsent === 0) this.learnAgreement().catch(toastError);
      });
  }

  async learnAgreement() {
    /** @type {Queue} */
    const { people, agreement } = await get(`/v1/projects/${this.project}/label-queue`);
    if (!this.queue) return;
    Object.assign(this.queue, { people, agreement });
    this.showAgreement();
  }

  /** @param {number} by */
  move(by) {
    const last = (this.queue?.photos.length ?? 0) - 1;
    const to = Math.min(Math.max(this.at + by, 0), Math.max(last, 0));
    if (to === this.at) return this.showAnswer();
    this.at = to;
    this.showPhoto();
  }

  zoom() {
    const large = this.pair.classList.toggle("large");
    this.zoomButton.setAttribute("aria-pressed", String(large));
  }

  close() {
    window.removeEventListener("beforeunload", this.leaving);
    who.removeEventListener("change", this.whoChanged);
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const answer = ANSWERS.find(([name]) => name === key);
    if (answer) this.next(() => this.say(answer[1]));
    else if (key === "u") this.next(() => this.undo());
    else if (key === "z") this.zoom();
    else if (key === "ArrowLeft") this.next(() => this.move(-1));
    else if (key === "ArrowRight") this.next(() => this.move(1));
    else if (key === "Escape") go(address(this.project, 0));
    else return false;
    return true;
  }
}

/**
 * The photo that was shown, or else the first without an answer, or else the last.
 * @param {QueuedPhoto[]} photos
 * @param {number} [shown]
 */
function placeOf(photos, shown) {
  const same = photos.findIndex((photo) => photo.photo_id === shown);
  if (same >= 0) return same;
  const open = photos.findIndex((photo) => photo.seen === null);
  return open >= 0 ? open : Math.max(0, photos.length - 1);
}

/**
 * @param {string} path
 * @param {string} caption
 */
function picture(path, caption) {
  const image = h("img", { alt: caption });
  show(image, path);
  return h("figure", {}, image, h("figcaption", {}, caption));
}

/**
 * Have a photo's pictures ready before it is shown.
 * @param {{id: number, sha256: string}} photo
 */
function load(photo) {
  show(new Image(), picturePath(photo, "image", 1024));
  show(new Image(), picturePath(photo, "raised"));
}

/**
 * @param {import("./strings.js").Key} text
 * @param {string} path of its icon
 * @param {() => void} onclick
 */
const step = (text, path, onclick) => h("button", { onclick }, icon(path), t(text));
