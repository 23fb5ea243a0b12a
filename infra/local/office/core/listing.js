/** A list that is shown page by page. Only the page that is shown is kept true. */

import { h, refill } from "./elements.js";
import { remember } from "./going.js";
import { button, fieldOf, pager, problem } from "./widgets.js";
import { plain } from "./words.js";

/**
 * Returns a place for the pages' buttons, and what shows the first page: at the beginning, and for each other filter.
 * A refusal is shown where the list would be.
 *
 * @param {Element} place where the list is shown
 * @param {(after: string | undefined, signal: AbortSignal, turn: ReturnType<typeof pager>["after"]) => Promise<unknown>} begin
 *   follows the page behind a cursor until its own signal is aborted, and tells `turn` what is behind that page
 * @param {AbortSignal} signal aborted when the screen is left
 * @param {[string, string]} [words] see `pager`
 */
export function listing(place, begin, signal, words) {
  const below = h("div");
  let turning = new AbortController();
  const showFirst = async () => {
    /** @param {string} [after] */
    const show = async (after) => {
      turning.abort();
      turning = new AbortController();
      await begin(after, AbortSignal.any([signal, turning.signal]), pages.after);
    };
    const pages = pager((after) => show(after).then(() => place.scrollIntoView()), words);
    refill(below, pages.place);
    try {
      await show();
    } catch (error) {
      refill(place, problem(error), h("p", null, button("Try again", showFirst, { id: "try-again" })));
    }
  };
  return { below, showFirst };
}

/**
 * Returns a form of filters. What is chosen stands in the address, so that a page can be bookmarked.
 *
 * @param {import("./widgets.js").Field[]} fields
 * @param {() => unknown} changed
 * @param {Record<string, string>} [beside] what else stands in the address
 */
export function filters(fields, changed, beside = {}) {
  const form = h("form", { class: "filters", role: "search" }, fields.map(fieldOf));
  /** @returns {Record<string, string>} */
  const values = () =>
    Object.fromEntries([...new FormData(form)].flatMap(([name, value]) => (value ? [[name, String(value).trim()]] : [])));
  form.addEventListener("submit", (event) => event.preventDefault()); // Enter has changed the field already
  form.addEventListener("change", () => {
    remember({ ...beside, ...values() });
    changed();
  });
  return { form, values };
}

/**
 * Returns the choices of a filter that also lets everything through.
 *
 * @template {string} T
 * @param {readonly T[]} values
 * @param {(value: T) => string} [word]
 * @returns {[string, string][]}
 */
export function allOr(values, word = plain) {
  return [["", "All"], ...values.map((each) => /** @type {[string, string]} */ ([each, word(each)]))];
}
