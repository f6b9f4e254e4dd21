// @ts-check
/** The server's errors in the page's language. They come in English; a code, or a sentence it says of photos, is known. */

import { settings } from "./settings.js";

/** @type {Record<string, string>} by the code of the error; docs/serving.md lists them */
export const GERMAN = {
  token_needed: "der Server verlangt ein Token",
  host_not_allowed: "unter dieser Adresse antwortet der Server nicht",
  cross_site: "die Anfrage kam von einer fremden Seite",
  not_found: "das gibt es hier nicht (mehr)",
  no_result: "das Foto hat noch kein Ergebnis; warten Sie auf seine Untersuchung",
  upload_too_slow: "die Übertragung hat zu lange gedauert",
  conflict: "jemand anderes hat das zur selben Zeit geändert; sehen Sie noch einmal hin",
  nothing_to_undo: "hier gibt es nichts von Ihnen zurückzunehmen",
  nothing_to_export: "davon gibt es nichts zu exportieren: kein Ort bekannt, nichts entschieden oder kein Bild",
  extra_missing: "auf diesem Server fehlt ein Programmpaket dafür",
  nothing_reviewed: "nichts zu exportieren: bestätigen oder verwerfen Sie zuerst Bereiche oder Fotos",
  nothing_labelled: "noch hat niemand eine Einstufung dieses Projekts nachgesehen",
  label_changed: "die Einstufung ist inzwischen eine andere; sehen Sie noch einmal hin",
  key_used: "dieser Schlüssel gehört zu einer anderen Entscheidung",
  no_photos: "nichts zu untersuchen; fügen Sie zuerst Fotos hinzu",
  scan_running: "Fotos dieses Projekts werden gerade untersucht; warten Sie, oder brechen Sie das ab",
  comparison_running: "dieses Projekt wird gerade verglichen; warten Sie, oder brechen Sie das ab",
  no_project: "das Foto gehört zu keinem Projekt; Feststellungen brauchen eines",
  no_element: "das Foto gehört zu keinem Bauteil; ordnen Sie es zuerst einem zu",
  other_project: "das Foto gehört zu einem anderen Projekt als das Bauteil",
  finding_changed: "jemand anderes hat die Feststellung inzwischen geändert; sehen Sie noch einmal hin",
  finding_withdrawn: "die Feststellung wurde inzwischen zurückgezogen",
  request_too_large: "das ist zu viel auf einmal; senden Sie weniger oder kleinere Fotos",
  photo_too_large: "das Foto ist größer, als dieser Server annimmt",
  not_a_photo: "das ist kein Bild, oder es ist beschädigt",
  invalid_request: "diese Angaben nimmt der Server nicht an",
  too_many_files: "zu viele Dateien auf einmal",
  bad_request: "diese Anfrage ist unvollständig oder beschädigt",
  method_not_allowed: "das geht hier nicht",
  photo_unusable: "das Foto ist nicht verwendbar",
  too_many_jobs: "zu viele Untersuchungen warten schon; versuchen Sie es später",
  too_many_uploads: "zu viele Übertragungen auf einmal; versuchen Sie es gleich noch einmal",
  queue_full: "der Server hat zu viel zu tun; versuchen Sie es gleich noch einmal",
  timed_out: "der Server hat zu lange gebraucht",
  database_away: "die Datenbank antwortet nicht",
  scans_stopped: "Untersuchungen laufen nicht; mehr steht im Protokoll des Servers",
  too_many_reports: "andere Berichte werden gerade erstellt; versuchen Sie es gleich noch einmal",
  internal_error: "auf dem Server ging etwas schief; mehr steht in seinem Protokoll",
};

/** @type {[RegExp, string][]} what the server says of photos that can't be scanned */
const OF_PHOTOS = [
  [/^a video/, "ein Video: `crackscope scan` nimmt seine Einzelbilder auf der Kommandozeile, hier fügen Sie Bilder daraus hinzu"],
  [/not an image|damaged|truncated/, "kein Bild, oder beschädigt"],
  [/^cancelled/, "abgebrochen"],
  [/pixels|too large/, "zu groß für diesen Server"],
  [/too small/, "zu klein"],
  [/stopped each time/, "der Server fiel jedes Mal aus, wenn er dieses Foto untersuchte"],
  [/could not be scanned/, "konnte nicht untersucht werden; mehr steht im Protokoll des Servers"],
];

const language = () => (settings.language === "de" ? "de" : "en");

/**
 * @param {string} code
 * @param {string} message the server's own
 */
export const inLanguage = (code, message) => (language() === "de" ? (GERMAN[code] ?? message) : message);

/** @param {string} message what the server says of a photo */
export function ofPhoto(message) {
  if (language() !== "de") return message;
  return OF_PHOTOS.find(([pattern]) => pattern.test(message))?.[1] ?? message;
}
