// @ts-check
/** Who reviews: a typed name on this machine, a token elsewhere. */

import { get, onTokenNeeded } from "./api.js";
import { field, openDialog } from "./dialogs.js";
import { fill, h } from "./dom.js";
import { NAME_PATTERN, settings } from "./settings.js";
import { t } from "./strings.js";

/** Sends "change" when it is someone else. */
export const who = new EventTarget();

let me = { name: "local", by_token: false };
/** @type {Promise<void> | null} */
let asking = null;

export const myName = () => me.name;
export const hasToken = () => me.by_token;

/** Ask the server under which name it keeps reviews. */
export async function learnName() {
  me = await get("/v1/me");
  who.dispatchEvent(new Event("change"));
}

/** Let the server's demand for a token open the dialog, once for all requests that wait. */
export function installTokenDialog() {
  onTokenNeeded(() => {
    asking ??= askForToken().finally(() => (asking = null));
    return asking;
  });
}

/** @returns {Promise<void>} */
function askForToken() {
  const input = h("input", {
    type: "password",
    autocomplete: "current-password",
    required: true,
    spellcheck: "false",
  });
  const remember = h("input", { type: "checkbox" });
  const problem = h("p", { class: "problem", role: "alert" });
  return new Promise((resolve) => {
    const submit = async (/** @type {Event} */ event) => {
      event.preventDefault();
      if (!(await accepted(input.value.trim()))) {
        fill(problem, t("token.bad"));
        input.select();
        return;
      }
      settings.setToken(input.value.trim(), remember.checked);
      dialog.close();
      resolve();
      learnName().catch(() => undefined);
    };
    const dialog = openDialog(
      t("token.title"),
      () =>
        h(
          "form",
          { onsubmit: submit },
          h("p", {}, t("token.text")),
          field(t("token.label"), input),
          h("label", { class: "check" }, remember, t("token.remember")),
          problem,
          h("footer", {}, h("button", { class: "primary", type: "submit" }, t("token.use"))),
        ),
      { required: true },
    );
  });
}

/** @param {string} token */
async function accepted(token) {
  try {
    return (await fetch("/v1/me", { headers: { Authorization: `Bearer ${token}` } })).ok;
  } catch {
    return false;
  }
}

/** The dialog in which a reviewer types a name, or sees that of the token. */
export function openWho() {
  openDialog(t("who.title"), (close) => (me.by_token ? tokenContent() : nameForm(close)));
}

/**
 * Before the first decision without a name: ask for one, once. Resolves when there is one, or none is wanted.
 * @param {string} offer a name that is likely, such as the project's inspector
 * @returns {Promise<void>}
 */
export function nameOnce(offer) {
  if (me.by_token || me.name !== "local" || settings.askedForName) return Promise.resolve();
  settings.askedForName = true;
  return new Promise((resolve) => {
    openDialog(t("who.title"), (close) => nameForm(close, offer), { onclose: resolve });
  });
}

function tokenContent() {
  const forget = () => {
    settings.setToken("", false);
    location.reload();
  };
  return [
    h("p", {}, t("who.token", { name: me.name })),
    h("footer", {}, h("button", { onclick: forget }, t("who.signout"))),
  ];
}

/**
 * @param {() => void} close
 * @param {string} [offer]
 */
function nameForm(close, offer = "") {
  const input = h("input", { value: settings.who || offer, maxlength: 64, autocomplete: "name" });
  const problem = h("p", { class: "problem", role: "alert" });
  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    const name = input.value.trim().normalize("NFC");
    if (name && !NAME_PATTERN.test(name)) {
      fill(problem, t("who.bad"));
      return;
    }
    settings.who = name;
    await learnName().catch(() => undefined);
    close();
  };
  return h(
    "form",
    { onsubmit: submit },
    h("p", {}, t("who.text")),
    field(t("who.name"), input),
    problem,
    h("footer", {}, h("button", { class: "primary", type: "submit" }, t("save"))),
  );
}
