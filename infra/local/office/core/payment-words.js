/** Where money is, in words: payments, refunds, disputes, and the deposits that bring them to the bank. */

/** @import { Schemas, Signed } from "./types" */

import { h } from "./elements.js";
import { badge } from "./widgets.js";
import { signed } from "./words.js";

/** @type {Record<string, Signed>} */
const OF_PAYMENTS = {
  pending: ["◷", "Pending", "wait"],
  requires_action: ["!", "Needs the customer", "wait"],
  succeeded: ["✓", "Succeeded", "good"],
  failed: ["✕", "Failed", "bad"],
  canceled: ["⊘", "Canceled", "quiet"],
  needs_response: ["⚑", "Needs a response", "bad"],
  under_review: ["◷", "Under review", "wait"],
  won: ["✓", "Won", "good"],
  lost: ["✕", "Lost", "bad"],
  prevented: ["✓", "Prevented", "good"],
  warning_needs_response: ["⚑", "Inquiry needs a response", "bad"],
  warning_under_review: ["◷", "Inquiry under review", "wait"],
  warning_closed: ["✓", "Inquiry closed", "quiet"],
  appeal_needs_response: ["⚑", "Appeal needs a response", "bad"],
  appeal_under_review: ["◷", "Appeal under review", "wait"],
};

/** @type {Record<string, Signed>} */
const OF_DEPOSITS = {
  pending: ["◷", "Pending", "wait"],
  in_transit: ["→", "On its way", "info"],
  paid: ["✓", "Arrived", "good"],
  failed: ["✕", "Failed", "bad"],
  canceled: ["⊘", "Canceled", "quiet"],
};

/** @type {Record<string, Signed>} where the money of a payment is, once a deposit has it */
const OF_PLACES = {
  on_its_way: ["→", "On its way", "info"],
  arrived: ["✓", "Arrived", "good"],
  returned: ["✕", "Came back", "bad"],
};

/** Returns the status of a payment, a refund or a dispute. @param {string} status */
export const paymentBadge = (status) => badge(...signed(OF_PAYMENTS, status));

/** Returns the status of a deposit, or of a debit of the bank account. @param {{ status: string, amount: string }} payout */
export const depositBadge = ({ status, amount }) =>
  status === "paid" && isDebit(amount) ? badge("✓", "Taken", "good") : badge(...signed(OF_DEPOSITS, status));

/** Returns where the money of a payment is. @param {string} status */
export const whereBadge = (status) => badge(...signed(OF_PLACES, status));

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
