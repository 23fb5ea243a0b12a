/** The form in which a draft is corrected: its lines, discounts and credits, terms, tax and texts, as `PUT` accepts them. */

/** @import { Pair, Schemas } from "./types" */
import { h, refill } from "./elements.js";
import { button, fieldOf, methodTicks, textOf, tick } from "./forms.js";
import { TERMS, day, methodsInWords, money, plain, termChoices, termsInWords, withOthers } from "./words.js";

/** @typedef {Schemas["DraftOrderView"]} Order */
/** @typedef {Order["lineItems"][number]} Line */

/** @type {Pair[]} */
const KINDS = [["discount", "Discount"], ["credit", "Credit"]];

/**
 * Returns the fields of an order, and a function that returns the order as typed. The fields have the API's names, so that
 * errors are shown next to their fields.
 *
 * @param {Order} order
 * @param {string} currency
 * @param {Line[]} billable further services of the customer, which can be added
 */
export function draftForm(order, currency, billable) {
  const services = [...order.lineItems, ...billable];
  const fields = h("div");
  const form = h("form", { class: "sheet draft", "aria-label": "Correct the draft" }, fields);

  /** @param {Order} shown @param {string} [focus] the name of the field that gets the focus */
  const fill = (shown, focus) => {
    const left = services.filter(({ serviceId }) => !shown.lineItems.some((each) => each.serviceId === serviceId));
    /** @param {Partial<Order>} change @param {string} field */
    const change = (change, field) => fill({ ...typed(form), ...change }, field);
    refill(
      fields,
      h("h2", null, "Services"),
      h("ul", { class: "bare" }, shown.lineItems.map((line, at) => lineFields(line, at, currency, () =>
        change({ lineItems: typed(form).lineItems.filter((_, other) => other !== at) }, "lineItems[0].description")))),
      left.length > 0 && h("div", { class: "actions" }, left.map((line) =>
        button(`Add: ${line.description}, ${day(line.serviceDate)}, ${line.quantity} × ${money(line.unitPrice, currency)}`, () =>
          change({ lineItems: [...typed(form).lineItems, line] }, `lineItems[${shown.lineItems.length}].description`)))),
      h("h2", null, "Discounts and credits"),
      h("ul", { class: "bare" }, shown.deductions.map((each, at) => deductionFields(each, at, currency, () =>
        change({ deductions: typed(form).deductions.filter((_, other) => other !== at) }, "tax")))),
      h("div", { class: "actions" }, button("Add a discount or credit", () => {
        const { deductions } = typed(form);
        const added = { kind: /** @type {const} */ ("discount"), description: "", amount: "" };
        change({ deductions: [...deductions, added] }, `deductions[${deductions.length}].description`);
      })),
      h("h2", null, "Terms and texts"),
      h("div", { class: "cells" },
        fieldOf({ name: "paymentTerms", label: "Payment terms", type: "select", value: shown.paymentTerms ?? "", choices: choices(shown) }),
        fieldOf({ name: "dueDate", label: "Or due on (optional)", type: "date", value: shown.dueDate ?? "" }),
        fieldOf({ name: "tax", label: `Tax, ${currency.toUpperCase()}`, value: shown.tax })),
      fieldOf({ name: "memo", label: "Memo (optional)", type: "textarea", value: shown.memo, hint: "The text above the lines." }),
      fieldOf({ name: "footer", label: "Footer (optional)", type: "textarea", value: shown.footer, hint: "The text below the lines." }),
      h("fieldset", null,
        h("legend", null, "Payment methods"),
        h("p", { class: "hint" }, "If none is chosen, the settings of the Stripe account decide."),
        methodTicks(shown.paymentMethods)),
    );
    if (focus) /** @type {HTMLElement | null} */ (form.querySelector(`[name="${CSS.escape(focus)}"]`))?.focus();
  };
  fill(order);
  return { form, fill, typed: () => typed(form) };
}

/** @param {Order} order @returns {Pair[]} */
const choices = ({ paymentTerms }) => (paymentTerms ? termChoices(paymentTerms) : [["", "As in the settings"], ...TERMS]);

/** @param {Line} line @param {number} at @param {string} currency @param {() => void} remove */
function lineFields(line, at, currency, remove) {
  const of = `lineItems[${at}]`;
  return h("li", { class: "cells", "data-list": "lineItems" },
    h("input", { type: "hidden", name: `${of}.serviceId`, value: line.serviceId }),
    fieldOf({ name: `${of}.description`, label: "Description", value: line.description, required: true }),
    fieldOf({ name: `${of}.quantity`, label: "Quantity", value: line.quantity, required: true }),
    fieldOf({ name: `${of}.unitPrice`, label: `Price, ${currency.toUpperCase()}`, value: line.unitPrice, required: true }),
    fieldOf({ name: `${of}.serviceDate`, label: "Day of the work", type: "date", value: line.serviceDate ?? "" }),
    tick(`${of}.taxable`, "Taxable", line.taxable),
    removal(line.description, remove));
}

/** @param {Order["deductions"][number]} deduction @param {number} at @param {string} currency @param {() => void} remove */
function deductionFields({ kind, description, amount }, at, currency, remove) {
  const of = `deductions[${at}]`;
  return h("li", { class: "cells", "data-list": "deductions" },
    fieldOf({ name: `${of}.description`, label: "Description", value: description, required: true }),
    fieldOf({ name: `${of}.kind`, label: "Kind", type: "select", value: kind, choices: withOthers(KINDS, [kind]) }),
    fieldOf({ name: `${of}.amount`, label: `Takes off, ${currency.toUpperCase()}`, value: amount, required: true }),
    removal(description, remove));
}

/** @param {string} what @param {() => void} remove */
const removal = (what, remove) => h("button", { type: "button", "aria-label": `Remove ${what}`, onclick: remove }, "Remove");

/** @param {HTMLFormElement} form @returns {Order} */
function typed(form) {
  const values = new FormData(form);
  const text = textOf(values);
  /** @param {string} list */
  const places = (list) => [...form.querySelectorAll(`[data-list=${list}]`)].map((_, at) => `${list}[${at}]`);
  const dueDate = text("dueDate") || null;
  return {
    lineItems: places("lineItems").map((of) => ({
      serviceId: text(`${of}.serviceId`),
      description: text(`${of}.description`),
      quantity: text(`${of}.quantity`),
      unitPrice: text(`${of}.unitPrice`),
      serviceDate: text(`${of}.serviceDate`) || null,
      taxable: values.has(`${of}.taxable`),
    })),
    deductions: places("deductions").map((of) => ({
      kind: /** @type {Order["deductions"][number]["kind"]} */ (text(`${of}.kind`)),
      description: text(`${of}.description`),
      amount: text(`${of}.amount`),
    })),
    paymentTerms: dueDate ? null : text("paymentTerms") || null,
    dueDate,
    tax: text("tax") || "0",
    memo: text("memo"),
    footer: text("footer"),
    paymentMethods: /** @type {Order["paymentMethods"]} */ (values.getAll("paymentMethods")),
  };
}

/** Returns an order in words, for a comparison of two orders. @param {Order} order @returns {Pair[]} */
export const orderInWords = (order) => [
  ["Services", order.lineItems.map(({ description, quantity, unitPrice, serviceDate, taxable }) =>
    `${description}: ${quantity} × ${unitPrice}, ${serviceDate ? day(serviceDate) : "no day"}${taxable ? ", taxable" : ""}`).join("; ")],
  ["Discounts and credits", order.deductions.map(({ kind, description, amount }) => `${plain(kind)} ${description}: ${amount}`).join("; ")],
  ["Due", order.dueDate ? day(order.dueDate) : order.paymentTerms ? termsInWords(order.paymentTerms) : "As in the settings"],
  ["Tax", order.tax],
  ["Memo", order.memo],
  ["Footer", order.footer],
  ["Payment methods", methodsInWords(order.paymentMethods)],
];
