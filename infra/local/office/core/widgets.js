/** What screens show: badges, times, problems, sections, lists and tables. */

/** @import { Child } from "./elements.js" */
/** @import { Column, Signed } from "./types" */
import { ApiError } from "./api.js";
import { byId, h } from "./elements.js";
import { wayOut } from "./way-out.js";
import { day, isNothing, moment, signed } from "./words.js";

/** Returns a status by sign, word and color. @param {Signed} signed */
export const badge = (...[sign, word, tone]) =>
  h("span", { class: `badge ${tone}` }, h("span", { "aria-hidden": "true" }, sign), ` ${word}`);

/**
 * Returns the badges of an invoice: its status and its flags.
 *
 * @param {{ status: string, overdue: boolean, disputed: boolean, partiallyRefunded: boolean, lostAmount: string }} invoice
 */
export const badges = ({ status, overdue, disputed, partiallyRefunded, lostAmount }) => h("span", { class: "badges" },
  badge(...signed(status)),
  overdue && badge("!", "Overdue", "bad"),
  disputed && badge("⚑", "Disputed", "bad"),
  !isNothing(lostAmount) && badge("⚑", "Dispute lost", "bad"),
  partiallyRefunded && badge("↩", "Partly refunded", "info"));

/** Returns a time in the words of the page, with the exact time in `datetime`. @param {string | null} instant */
export const timeAt = (instant) => instant && h("time", { datetime: instant }, moment(instant));

/** Returns a day for people and for programs. @param {string | null} date */
export const timeOn = (date) => date && h("time", { datetime: date }, day(date));

/** Returns a link out of the office, which opens in a new window. @param {string} label @param {string} href @param {object} [more] */
export const outside = (label, href, more) => !/^https?:/.test(href) ? label :
  h("a", { href, target: "_blank", rel: "noopener", ...more }, label, h("span", { "aria-hidden": "true" }, " ↗"));

/** Returns the head of a screen. @param {Child} title @param {...Child} beside */
export const heading = (title, ...beside) => h("div", { class: "heading" }, h("h1", { tabindex: "-1" }, title), ...beside);

/** Returns a section under its heading. @param {string} name @param {string} looks @param {...(Child | Child[])} inside */
export const section = (name, looks, ...inside) => h("section", { class: looks, "aria-label": name }, h("h2", null, name), ...inside);

/** Returns a list. @param {(Child | Child[])[]} items @param {string | null} [looks] */
export const list = (items, looks = "bare") => h("ul", { class: looks }, items.map((each) => h("li", null, each)));

/** Returns the text for an empty list. @param {string} content @param {...Child} next */
export const empty = (content, ...next) => h("div", { class: "empty" }, h("p", null, content), ...next);

/** Returns the text that is shown while data is loaded. @param {string} [content] */
export const loading = (content = "Loading…") => h("p", { class: "loading" }, content);

/** Returns an error as a person needs it: what is wrong, what to do, and the number to give to support. @param {unknown} error */
export function problem(error) {
  if (!(error instanceof ApiError)) {
    console.error(error);
    return h("div", { class: "problem", role: "alert" }, h("p", null, `This page has a fault: ${error}`));
  }
  const { message, details, code, requestId } = error;
  // The next step of an error in the shape of a request is for developers, so it is not shown.
  const todo = (/** @type {string} */ nextStep) => (error.status === 400 ? "Correct it, and try again." : nextStep);
  const content = details.length > 1
    ? [h("p", null, h("strong", null, `${details.length} things need correction:`)),
      list(details.map((each) => `${each.message} ${todo(each.nextStep)}`), null), h("p", null, wayOut(error))]
    : [h("p", null, h("strong", null, message)), h("p", null, todo(error.nextStep), wayOut(error))];
  const support = requestId && h("p", { class: "small" }, `For support: ${code}, request ${requestId}`);
  return h("div", { class: "problem", role: "alert" }, ...content, support);
}

/** Shows for some seconds that an action was done. @param {string} content */
export function notice(content) {
  const line = h("p", null, content);
  byId("notices").append(line);
  setTimeout(() => line.remove(), 6000);
}

/** Returns columns of numbers. @param {...string} names @returns {Column[]} */
export const numbers = (...names) => names.map((name) => ({ name, number: true }));

/**
 * Returns a table. On a narrow screen each row becomes a block, in which each cell has the name of its column.
 *
 * @param {string} caption the content of the table, for screen readers
 * @param {(Column | string)[]} columns
 * @param {(Child | Child[])[][]} rows
 */
export function table(caption, columns, rows) {
  const named = columns.map(columnOf);
  return tableOf(caption, columns, [h("tbody", null, rows.map((cells) => h("tr", null, cells.map((cell, at) => {
    const { name, number, hidden } = named[at] ?? { name: "" };
    return h("td", { class: number && "number", "data-name": !hidden && name }, h("div", null, cell));
  }))))]);
}

/**
 * Returns a table with the given `tbody` elements.
 *
 * @param {string} caption
 * @param {(Column | string)[]} columns
 * @param {Child[]} bodies
 * @param {string} [looks]
 */
export const tableOf = (caption, columns, bodies, looks) => h("table", { class: looks },
  h("caption", { class: "unseen" }, caption),
  h("thead", null, h("tr", null, columns.map(columnOf).map(({ name, number, hidden }) =>
    h("th", { scope: "col", class: number && "number" }, h("span", { class: hidden && "unseen" }, name))))),
  bodies);

/** @param {Column | string} column @returns {Column} */
const columnOf = (column) => (typeof column === "string" ? { name: column } : column);

/** Returns names and values. @param {[string, Child | Child[]][]} pairs those without a value are left out */
export const facts = (pairs) => h("dl", { class: "facts" }, pairs.map(([name, value]) =>
  value !== null && value !== undefined && value !== false && h("div", null, h("dt", null, name), h("dd", null, value))));
