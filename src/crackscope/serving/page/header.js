// @ts-check
/** The bar on top: the way home, scans, who reviews, language, theme, help. */

import { openJobs } from "./jobs.js";
import { fill, h, icon } from "./dom.js";
import { openHelp } from "./help.js";
import * as icons from "./icons.js";
import { settings } from "./settings.js";
import { LANGUAGES, language, t } from "./strings.js";
import { myName, openWho, who } from "./who.js";

const THEMES = /** @type {const} */ (["", "light", "dark"]);
const THEME_ICONS = { "": icons.HALF, light: icons.SUN, dark: icons.MOON };

/** @param {HTMLElement} header */
export function showHeader(header) {
  const name = h("span", {});
  const person = h(
    "button",
    { class: "quiet", onclick: openWho, title: t("header.who") },
    icon(icons.PERSON),
    name,
  );
  const theme = h("button", { class: "quiet icon-only", onclick: nextTheme });
  const languages = h(
    "select",
    { class: "quiet", "aria-label": t("header.language"), onchange: () => setLanguage(languages.value) },
    ...Object.keys(LANGUAGES).map((code) => h("option", { value: code }, code.toUpperCase())),
  );
  languages.value = language;
  fill(
    header,
    h(
      "a",
      { class: "home", href: "#/", "aria-label": t("header.home") },
      h("img", { src: "/page/icon.svg", alt: "", width: 24, height: 24 }),
      "crackscope",
    ),
    h("span", { class: "room" }),
    h(
      "button",
      { class: "quiet", "aria-label": t("jobs.title"), title: t("jobs.title"), onclick: openJobs },
      icon(icons.CLOCK),
      h("span", {}, t("jobs.title")),
    ),
    person,
    languages,
    theme,
    h(
      "button",
      {
        class: "quiet icon-only",
        "aria-label": t("header.help"),
        title: `${t("help.title")} (?)`,
        onclick: openHelp,
      },
      icon(icons.HELP),
    ),
  );

  function showTheme() {
    const text = t("header.theme", { theme: t(`theme.${settings.theme || "auto"}`) });
    fill(theme, icon(THEME_ICONS[settings.theme]));
    theme.setAttribute("aria-label", text);
    theme.title = text;
  }
  function nextTheme() {
    settings.theme = THEMES[(THEMES.indexOf(settings.theme) + 1) % THEMES.length];
    showTheme();
  }
  const showName = () => {
    const mine = myName();
    fill(name, mine === "local" ? t("header.who.none") : mine);
    person.setAttribute(
      "aria-label",
      `${t("header.who")}: ${mine === "local" ? t("header.who.none") : mine}`,
    );
  };
  who.addEventListener("change", showName);
  showName();
  showTheme();
}

/** @param {string} code */
function setLanguage(code) {
  settings.language = code;
  location.reload();
}
