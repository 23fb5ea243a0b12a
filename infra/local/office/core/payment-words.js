/** Where money is, in words: the deposits that bring payments to the bank, and the invoices that were paid. */

/** @import { Schemas } from "./types" */
import { h } from "./elements.js";
import { badge } from "./widgets.js";
import { signed } from "./words.js";

/** Returns the status of a deposit, or of a debit of the bank account. @param {{ status: string, amount: string }} payout */
export const depositBadge = ({ status, amount }) =>
  badge(...signed(status !== "paid" ? status : isDebit(amount) ? "taken" : "arrived"));

/** Returns true if Stripe takes this money from the bank account. @param {string} amount */
export const isDebit = (amount) => amount.startsWith("-");

/** Returns the page of a deposit. @param {string} payoutId */
export const depositAddress = (payoutId) => `/payments/deposits/${encodeURIComponent(payoutId)}`;

/** Returns the name of a bank account. @param {Schemas["BankView"] | null} bank */
export function bankInWords(bank) {
  if (!bank) return "–";
  return bank.last4 ? `${bank.name ?? "Account"} ending in ${bank.last4}` : bank.name ?? "–";
}

/**
 * Returns the invoice of a row as a link, and its customer.
 *
 * @param {{ id: string, invoiceId: string | null, number: string | null, customerName: string | null }} row
 */
export const invoiceOf = ({ id, invoiceId, number, customerName }) =>
  invoiceId === null ? "–" : h("div", null,
    h("a", { href: `/invoicing/${encodeURIComponent(invoiceId)}`, id: `invoice-of-${id}` }, number ?? "Invoice"),
    h("div", { class: "soft" }, customerName));
