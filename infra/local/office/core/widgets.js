/** The parts that screens are made of: badges, problems, dialogs, tables, pages of a list. */

import { ApiError } from "./api.js";
import { byId, h, refill } from "./elements.js";
import { day, moment, statusOf } from "./words.js";
import { wayOut } from "./way-out.js";

/** @typedef {import("./elements.js").Child} Child */

/** @param {string} sign @param {string} word @param {string} tone one of good, wait, bad, info, quiet */
export const badge = (sign, word, tone) =>
  h("span", { class: `badge ${tone}` }, h("span", { "aria-hidden": "true" }, sign), ` ${word}`);

/**
 * Returns the badges of an invoice: its status and what is besides.
 *
 * @param {{ status: string, overdue: boolean, disputed: boolean, partiallyRefunded: boolean }} invoice
 */
export function badges(invoice) {
  const { sign, word, tone } = statusOf(invoice.status);
  return h(
    "span",
    { class: "badges" },
    badge(sign, word, tone),
    invoice.overdue && badge("!", "Overdue", "bad"),
    invoice.disputed && badge("⚑", "Disputed", "bad"),
    invoice.partiallyRefunded && badge("↩", "Partly refunded", "info"),
  );
}

/** Returns a moment for people, with the exact one for programs. @param {string | null} instant */
export const timeAt = (instant) => instant && h("time", { datetime: instant }, moment(instant));

/** Returns a day for people and for programs. @param {string | null} date */
export const timeOn = (date) => date && h("time", { datetime: date }, day(date));

/** Returns a link out of the office, which opens in a new window. @param {string} label @param {string} href */
export const outside = (label, href) =>
  h("a", { href, target: "_blank", rel: "noopener" }, label, h("span", { "aria-hidden": "true" }, " ↗"));

/** Returns the head of a screen. @param {Child} title @param {...Child} beside */
export const heading = (title, ...beside) => h("div", { class: "heading" }, h("h1", { tabindex: "-1" }, title), ...beside);

/**
 * Returns a button. While its work is under way it cannot be pressed again; an error is shown beside it.
 *
 * @param {string} label
 * @param {() => Promise<unknown> | unknown} work
 * @param {{ class?: string, id?: string, disabled?: boolean, describedby?: string }} [more]
 */
export function button(label, work, more = {}) {
  const press = async () => {
    if (element.hasAttribute("aria-busy")) return; // it is not disabled, because that would take the focus away
    element.setAttribute("aria-busy", "true");
    try {
      await work();
    } catch (error) {
      await tell(`${label}: this did not work`, problem(error));
    } finally {
      element.removeAttribute("aria-busy");
      // A poll may have drawn the button anew behind a dialog, so that the browser could not give the focus back.
      const again = element.isConnected ? element : document.getElementById(element.id);
      if (document.activeElement === document.body) again?.focus();
    }
  };
  const { describedby, ...rest } = more;
  const element = h("button", { type: "button", onclick: press, "aria-describedby": describedby, ...rest }, label);
  return element;
}

/** Returns an error as a person needs it: what is wrong, what to do, and the number to give to support. @param {unknown} error */
export function problem(error) {
  if (!(error instanceof ApiError)) {
    console.error(error);
    return h("div", { class: "problem", role: "alert" }, h("p", null, `These screens made a mistake: ${error}`));
  }
  const several = error.details.length > 1 ? error.details : [];
  return h(
    "div",
    { class: "problem", role: "alert" },
    h("p", null, h("strong", null, several.length > 0 ? `${several.length} things need correction:` : error.message)),
    several.length > 0 && h("ul", null, several.map((each) => h("li", null, `${each.message} ${each.nextStep}`))),
    h("p", null, several.length === 0 && error.nextStep, wayOut(error)),
    error.requestId && h("p", { class: "small" }, `For support: ${error.code}, request ${error.requestId}`),
  );
}

/** Returns what stands where a list has nothing. @param {string} said @param {...Child} next */
export const empty = (said, ...next) => h("div", { class: "empty" }, h("p", null, said), ...next);

/** Tells for some seconds what has been done. @param {string} said */
export function notice(said) {
  const line = h("p", null, said);
  byId("notices").append(line);
  setTimeout(() => line.remove(), 6000);
}

/**
 * @typedef {object} Column
 * @property {string} name
 * @property {boolean} [number] aligned to the right
 * @property {boolean} [hidden] its name is for screen readers alone
 */

/**
 * Returns a table. On a narrow screen each row becomes a block, in which each cell has the name of its column.
 *
 * @param {string} caption what it lists, for screen readers
 * @param {(Column | string)[]} columns
 * @param {(Child | Child[])[][]} rows
 */
export function table(caption, columns, rows) {
  const named = columns.map((each) => (typeof each === "string" ? { name: each } : each));
  const heads = named.map((each) =>
    h("th", { scope: "col", class: each.number && "number" }, h("span", { class: each.hidden && "unseen" }, each.name)),
  );
  const body = rows.map((cells) =>
    h("tr", null, cells.map((cell, at) => {
      const column = named[at];
      return h("td", { class: column?.number && "number", "data-name": column?.hidden ? null : column?.name }, h("div", null, cell));
    })),
  );
  return h("table", null, h("caption", { class: "unseen" }, caption), h("thead", null, h("tr", null, heads)), h("tbody", null, body));
}

/** Returns names and values. @param {[string, Child | Child[]][]} pairs those without a value are left out */
export const facts = (pairs) =>
  h("dl", { class: "facts" }, pairs.flatMap(([name, value]) =>
    value === null || value === undefined || value === false ? [] : [h("div", null, h("dt", null, name), h("dd", null, value))]));

/**
 * Turns the pages of a list; one page is shown at a time, so a list of 10,000 has no more rows than one of 50.
 *
 * @param {(after: string | undefined) => Promise<void> | void} show shows the page that begins after a cursor
 * @param {[string, string]} [words] where the buttons lead, if the list is not one with the newest first
 */
export function pager(show, words = ["← Newer", "Older →"]) {
  /** @type {(string | undefined)[]} */
  const begins = [undefined];
  const place = h("nav", { class: "pager", "aria-label": "Pages" });
  return {
    place,
    /** @param {{ endCursor: string | null, hasNextPage: boolean }} pageInfo */
    after(pageInfo) {
      const back = button(words[0], () => { begins.pop(); return show(begins.at(-1)); }, { id: "newer", disabled: begins.length < 2 });
      const on = button(words[1], () => {
        begins.push(pageInfo.endCursor ?? undefined);
        return show(begins.at(-1));
      }, { id: "older", disabled: !pageInfo.hasNextPage });
      const single = begins.length < 2 && !pageInfo.hasNextPage;
      const isFocused = place.contains(document.activeElement);
      refill(place, !single && [back, h("span", null, `Page ${begins.length}`), on]);
      // At an end of the list, the button that was pressed cannot be pressed again and so cannot keep the focus.
      if (isFocused && !place.contains(document.activeElement)) (on.disabled ? back : on).focus();
    },
  };
}

/**
 * @typedef {object} Field
 * @property {string} name also the API's field, so that its refusal is shown beside it
 * @property {string} label
 * @property {string} [hint]
 * @property {string} [type] an input's type, `select` or `textarea`
 * @property {string} [value]
 * @property {[string, string][]} [choices] of a select: values and words
 * @property {boolean} [required]
 */

/** Returns a field with its label, its hint and a place for its error. @param {Field} field */
export function fieldOf({ name, label, hint, type = "text", value = "", choices = [], required = false }) {
  const id = `field-${name}`;
  const about = { id, name, required, "aria-describedby": `${id}-hint ${id}-error` };
  const input =
    type === "select"
      ? h("select", { ...about, ...(value ? { value } : {}) }, choices.map(([each, word]) => h("option", { value: each }, word)))
      : type === "textarea"
        ? h("textarea", { ...about, rows: 3, value })
        : h("input", { ...about, type, value, autocomplete: "off" });
  return h(
    "div",
    { class: "field" },
    h("label", { for: id }, label),
    input,
    h("p", { class: "hint", id: `${id}-hint` }, hint),
    h("p", { class: "error", id: `${id}-error` }),
  );
}

/** Takes the errors beside the fields away. @param {HTMLElement} form */
export function clearErrors(form) {
  for (const each of form.querySelectorAll(".error")) each.textContent = "";
  for (const each of form.querySelectorAll("[aria-invalid]")) each.removeAttribute("aria-invalid");
}

/**
 * Shows each error of a refusal beside its field; returns what remains to be shown above the form.
 *
 * @param {HTMLElement} form
 * @param {unknown} error
 */
export function showErrors(form, error) {
  clearErrors(form);
  if (!(error instanceof ApiError)) return problem(error);
  let first = null;
  for (const { field, message } of error.details) {
    // A list that is typed into one field is refused at one of its places, such as `daysAfterDue[1]`.
    const names = field ? [field, field.replace(/\[\d+\]$/, "")] : [];
    const input = names.map((name) => form.querySelector(`[name="${CSS.escape(name)}"]`)).find(Boolean);
    if (!input) continue;
    input.setAttribute("aria-invalid", "true");
    const said = form.querySelector(`#${CSS.escape(`${input.id}-error`)}`);
    if (said) said.textContent = message;
    first ??= /** @type {HTMLElement} */ (input);
  }
  first?.focus();
  return problem(error);
}

/**
 * Asks in a dialog and does what was asked for. A refusal is shown inside, with everything that was typed kept.
 *
 * @param {string} title
 * @param {Child | Child[]} said
 * @param {{ fields?: Field[], confirm: string, danger?: boolean, work: (values: Record<string, string>) => Promise<unknown> }} asked
 * @returns {Promise<boolean>} true if it was done
 */
export function ask(title, said, { fields = [], confirm, danger = false, work }) {
  const errors = h("div");
  const cancel = h("button", { type: "button", class: "plain", onclick: () => dialog.close() }, "Cancel");
  const go = h("button", { type: "submit", class: danger ? "danger" : "main" }, confirm);
  const form = h("form", { novalidate: true }, said, errors, fields.map(fieldOf), h("div", { class: "actions" }, cancel, go));
  const dialog = opened(title, form);
  return new Promise((resolve) => {
    let done = false;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      if (go.hasAttribute("aria-busy")) return;
      go.setAttribute("aria-busy", "true");
      try {
        await work(/** @type {Record<string, string>} */ (Object.fromEntries(new FormData(form))));
        done = true;
        dialog.close();
      } catch (error) {
        refill(errors, showErrors(form, error));
      } finally {
        go.removeAttribute("aria-busy");
      }
    });
    dialog.addEventListener("close", () => resolve(done));
  });
}

/** Says something in a dialog, and waits until it is closed. @param {string} title @param {...Child} said */
export function tell(title, ...said) {
  const close = h("button", { type: "button", class: "main", onclick: () => dialog.close() }, "Close");
  const dialog = opened(title, ...said, h("div", { class: "actions" }, close));
  return new Promise((resolve) => dialog.addEventListener("close", resolve));
}

/** @param {string} title @param {...Child} inside */
function opened(title, ...inside) {
  const dialog = h("dialog", { "aria-labelledby": "dialog-title" }, h("h2", { id: "dialog-title" }, title), ...inside);
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}
