// @ts-check
/** Elements without HTML text: whatever a name or a note says, it stays text. */

const SVG = "http://www.w3.org/2000/svg";
const PROPERTIES = new Set(["value", "checked", "disabled", "hidden", "open", "indeterminate"]);

/** @typedef {Node | string | number | null | undefined | false} Child */

/**
 * Make an element. Attributes that are null, undefined or false are left out; `onclick` and the like are
 * listeners.
 * @param {string} tag
 * @param {Record<string, any>} [attributes]
 * @param {...(Child | Child[])} children
 * @returns {any}
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) set(element, name, value);
  element.append(...present(children));
  return element;
}

/**
 * An icon of 24 by 24, drawn in lines of the text's colour.
 * @param {string} path
 */
export function icon(path) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const line = document.createElementNS(SVG, "path");
  line.setAttribute("d", path);
  svg.append(line);
  return svg;
}

/**
 * Replace what is in an element.
 * @param {Element} element
 * @param {...(Child | Child[])} children
 */
export function fill(element, ...children) {
  element.replaceChildren(...present(children));
}

/**
 * Bring a list on the page up to date, and leave alone what did not change: focus and pictures stay.
 * @template T
 * @param {HTMLElement} parent
 * @param {T[]} items
 * @param {(item: T) => string | number} keyOf
 * @param {(item: T) => HTMLElement} make
 */
export function fillKeyed(parent, items, keyOf, make) {
  const before = new Map([...parent.children].map((child) => [child.getAttribute("data-key"), child]));
  const wanted = items.map((item) => {
    const [key, state] = [String(keyOf(item)), JSON.stringify(item)];
    const old = /** @type {any} */ (before.get(key));
    if (old?.crackscopeState === state) return old;
    const element = /** @type {any} */ (make(item));
    element.setAttribute("data-key", key);
    element.crackscopeState = state;
    if (old?.contains(document.activeElement)) queueMicrotask(() => focusFirst(element));
    return element;
  });
  const unchanged =
    wanted.length === parent.children.length && wanted.every((e, i) => e === parent.children[i]);
  if (!unchanged) parent.replaceChildren(...wanted);
}

/** @param {HTMLElement} element */
function focusFirst(element) {
  const first = /** @type {HTMLElement | null} */ (element.querySelector("a, button"));
  (first ?? element).focus({ preventScroll: true });
}

/**
 * @param {(Child | Child[])[]} children
 * @returns {(Node | string)[]}
 */
function present(children) {
  const flat = /** @type {Child[]} */ (children.flat());
  return flat
    .filter((child) => child !== null && child !== undefined && child !== false)
    .map((child) => (child instanceof Node ? child : String(child)));
}

/**
 * @param {any} element
 * @param {string} name
 * @param {any} value
 */
function set(element, name, value) {
  if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
  else if (PROPERTIES.has(name)) element[name] = value ?? "";
  else if (value !== null && value !== undefined && value !== false) {
    element.setAttribute(name, value === true ? "" : String(value));
  }
}
