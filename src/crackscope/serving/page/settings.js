// @ts-check
/** What this browser remembers: who reviews, the token, theme and language. Nothing of it leaves but to the API. */

const PREFIX = "crackscope.";

/**
 * @param {Storage} storage
 * @param {string} name
 */
function read(storage, name) {
  try {
    return storage.getItem(PREFIX + name) ?? "";
  } catch {
    return "";
  }
}

/**
 * @param {Storage} storage
 * @param {string} name
 * @param {string} value
 */
function write(storage, name, value) {
  try {
    if (value) storage.setItem(PREFIX + name, value);
    else storage.removeItem(PREFIX + name);
  } catch {
    // Storage is full or forbidden: it holds until the page is closed.
  }
}

let token = read(sessionStorage, "token") || read(localStorage, "token");
let who = read(localStorage, "who").normalize("NFC");

/** The server takes other names for "local". */
export const NAME_PATTERN = /^[\p{L}\p{N}][\p{L}\p{N}_ .@+-]{0,63}$/u;

export const settings = {
  get token() {
    return token;
  },
  /**
   * @param {string} value
   * @param {boolean} remember also when the browser is closed
   */
  setToken(value, remember) {
    token = value;
    write(sessionStorage, "token", value);
    write(localStorage, "token", remember ? value : "");
  },
  get who() {
    return who;
  },
  set who(value) {
    who = value.trim().normalize("NFC");
    write(localStorage, "who", who);
  },
  /** Whether the page has asked for a name since the browser's tab was opened. */
  get askedForName() {
    return read(sessionStorage, "asked") !== "";
  },
  set askedForName(value) {
    write(sessionStorage, "asked", value ? "yes" : "");
  },
  /** @returns {"" | "light" | "dark"} empty: the system's */
  get theme() {
    return /** @type {any} */ (read(localStorage, "theme"));
  },
  set theme(value) {
    write(localStorage, "theme", value);
    if (value) document.documentElement.dataset.theme = value;
    else delete document.documentElement.dataset.theme;
  },
  get language() {
    return read(localStorage, "language") || navigator.language.slice(0, 2);
  },
  set language(value) {
    write(localStorage, "language", value);
  },
};
