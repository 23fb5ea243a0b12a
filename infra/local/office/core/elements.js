/** Functions that create elements and replace their children without losing the focus. Texts are never parsed as HTML. */

/** @typedef {Node | string | number | null | undefined | false} Child */
/** @typedef {{ [name: string]: unknown }} Properties */

/**
 * Returns an element. A function becomes a listener (`onclick`), and `true` becomes an empty attribute. Null, undefined
 * and false are left out. `value` and `checked` are set as properties, because people change them.
 *
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Properties | null} [properties]
 * @param {...(Child | Child[])} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function h(tag, properties, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") element.addEventListener(name.slice(2), /** @type {EventListener} */ (value));
    else if (name !== "value" && name !== "checked") element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...nodesOf(children));
  // Set after the children, because a select needs its options first.
  if (properties && "value" in properties) Object.assign(element, { value: properties["value"] ?? "" });
  if (properties && "checked" in properties) Object.assign(element, { checked: Boolean(properties["checked"]) });
  return element;
}

/** @param {(Child | Child[])[]} children */
const nodesOf = (children) => children.flat()
  .filter((child) => child !== null && child !== undefined && child !== false)
  .map((child) => (child instanceof Node ? child : String(child)));

/**
 * Replaces the children of an element. The focus, the caret and open details are restored by `id`.
 *
 * @param {Element} place
 * @param {...(Child | Child[])} children
 */
export function refill(place, ...children) {
  const focused = document.activeElement;
  const held = focused instanceof HTMLElement && place.contains(focused) ? focused : null;
  const caret = held instanceof HTMLInputElement && held.type === "text" ? held.selectionStart : null;
  const open = [...place.querySelectorAll("details[open][id]")].map((each) => each.id);
  place.replaceChildren(...nodesOf(children));
  for (const id of open) document.getElementById(id)?.setAttribute("open", "");
  const again = held?.id ? document.getElementById(held.id) : null;
  again?.focus({ preventScroll: true });
  if (again instanceof HTMLInputElement && caret !== null) again.setSelectionRange(caret, caret);
}

/** Returns an element that every page has. @param {string} id */
export function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`The page has no element #${id}.`);
  return found;
}
