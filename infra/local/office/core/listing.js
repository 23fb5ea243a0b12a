/** A list that is shown page by page. Only the displayed page is polled. */

/** @import { Child } from "./elements.js" */
/** @import { Field, Pair } from "./types" */
import { remember } from "./browser.js";
import { h, refill } from "./elements.js";
import { button, fieldOf } from "./forms.js";
import { loading, problem } from "./widgets.js";
import { plain } from "./words.js";

const A_CLICK = 200;

/** @typedef {{ endCursor: string | null, hasNextPage: boolean }} PageInfo */

/** @typedef {(rows: Child | Child[], info: PageInfo) => void} Draw shows a page and its buttons */

/**
 * Returns the elements of a list and its buttons, and a function that shows the first page: call it at the start and after each
 * change of the filters.
 * One page is shown at a time, so a list of 10,000 has no more rows than one of 50. A refusal is shown instead of the list.
 *
 * @param {AbortSignal} signal aborted when the user leaves the screen
 * @param {(after: string | undefined, turned: AbortSignal, draw: Draw) => Promise<unknown>} begin draws the page after a
 *   cursor, and draws it again when it changes, until `turned` is aborted
 * @param {string} [looks]
 */
export function listing(signal, begin, looks) {
  const rows = h("div", { class: looks }, loading());
  const below = h("div");
  const place = [rows, below];
  let turning = new AbortController();
  const showFirst = async () => {
    /** @type {(string | undefined)[]} */
    const begins = [undefined];
    const show = async () => {
      turning.abort();
      turning = new AbortController();
      await begin(begins.at(-1), AbortSignal.any([signal, turning.signal]), draw);
    };
    /** @type {Draw} */
    const draw = (found, { endCursor, hasNextPage }) => {
      refill(rows, found);
      refill(below, pageButtons(begins.length, hasNextPage, async (by) => {
        if (by > 0) begins.push(endCursor ?? undefined);
        else begins.pop();
        await show();
        rows.scrollIntoView();
        // On the first and the last page, the pressed button is disabled and loses the focus.
        if (!below.contains(document.activeElement)) /** @type {HTMLElement | null} */ (below.querySelector("button:enabled"))?.focus();
      }));
    };
    refill(below);
    try {
      await show();
    } catch (error) {
      refill(rows, problem(error), h("p", null, button("Try again", showFirst, { id: "try-again" })));
    }
  };
  return { place, showFirst };
}

/**
 * Returns the buttons that turn the pages of a list, or false if the list has one page.
 *
 * @param {number} page from 1 on
 * @param {boolean} hasNext
 * @param {(by: 1 | -1) => unknown} turn
 * @param {string} [among] such as ` of 3`
 */
export const pageButtons = (page, hasNext, turn, among = "") =>
  (page > 1 || hasNext) && h("nav", { class: "pager", "aria-label": "Pages" },
    button("← Previous", () => turn(-1), { id: "previous", disabled: page === 1 }),
    h("span", null, `Page ${page}${among}`),
    button("Next →", () => turn(1), { id: "next", disabled: !hasNext }));

/**
 * Returns a form of filters, and a function that returns the chosen values. They are in the address, so that a page can be
 * bookmarked.
 *
 * @param {Field[]} fields
 * @param {URLSearchParams} query the address
 * @param {() => unknown} changed
 * @param {Record<string, string>} [beside] the other parameters of the address
 */
export function filters(fields, query, changed, beside = {}) {
  const filled = fields.map((each) => fieldOf({ ...each, value: query.get(each.name) ?? each.value }));
  const search = fields.some(({ type }) => type === "search") && h("button", { type: "submit" }, "Search");
  const form = h("form", { class: "filters", role: "search" }, filled, search);
  /** @returns {Record<string, string>} */
  const values = () =>
    Object.fromEntries([...new FormData(form)].flatMap(([name, value]) => (value ? [[name, String(value).trim()]] : [])));
  form.addEventListener("submit", (event) => event.preventDefault()); // the `change` event has applied the filter already
  form.addEventListener("change", () => {
    remember({ ...beside, ...values() });
    // The delay lets a click outside the field reach its target before the list is drawn again.
    setTimeout(changed, A_CLICK);
  });
  return { form, values };
}

/**
 * Clears the other filters when one is chosen, for lists that the API filters by one field at a time.
 *
 * @param {HTMLFormElement} form
 * @param {(name: string) => string} others returns the selector of the fields to clear when the field of this name changes
 */
export function keepApart(form, others) {
  form.addEventListener("input", ({ target }) => {
    const name = target instanceof HTMLInputElement || target instanceof HTMLSelectElement ? target.name : "";
    for (const each of form.querySelectorAll(others(name))) Object.assign(each, { value: "" });
  });
}

/**
 * Returns the choices of a filter, with *All* first.
 *
 * @template {string} T
 * @param {readonly T[]} values
 * @param {(value: T) => string} [word]
 * @returns {Pair[]}
 */
export const allOr = (values, word = plain) => [["", "All"], ...values.map((each) => /** @type {Pair} */ ([each, word(each)]))];
