/** Money, days and names in words. Money is an exact decimal in a string; it never becomes a number. */

/** @import { Pair, Schemas, Signed } from "./types" */

/** Returns an amount as people read it, such as `$1,204.50` or `CA$80.00`. @param {string | null} amount @param {string | null} currency */
export function money(amount, currency) {
  if (amount === null || currency === null) return "–";
  const decimals = amount.split(".")[1]?.length ?? 0;
  const format = { style: /** @type {const} */ ("currency"), currency, minimumFractionDigits: decimals };
  return new Intl.NumberFormat("en-US", format).format(/** @type {Intl.StringNumericLiteral} */ (amount));
}

/** Returns true if an exact decimal is 0, such as `0.00`. @param {string} amount */
export const isNothing = (amount) => /^-?0*\.?0*$/.test(amount);

/** Returns the sum of exact decimals. @param {string[]} amounts */
export function sum(amounts) {
  const decimals = Math.max(0, ...amounts.map((each) => each.split(".")[1]?.length ?? 0));
  const units = amounts.reduce((all, each) => {
    const [whole = "0", part = ""] = each.split(".");
    return all + BigInt(whole + part.padEnd(decimals, "0"));
  }, 0n);
  const digits = (units < 0n ? -units : units).toString().padStart(decimals + 1, "0");
  const cut = digits.length - decimals;
  return `${units < 0n ? "-" : ""}${digits.slice(0, cut)}${decimals ? `.${digits.slice(cut)}` : ""}`;
}

const DAY = new Intl.DateTimeFormat("en-US", { dateStyle: "medium", timeZone: "UTC" });
const MOMENT = new Intl.DateTimeFormat("en-US", { dateStyle: "medium", timeStyle: "short" });

/** Returns a day such as `2026-11-28` as people read it. @param {string | null} date */
export const day = (date) => (date ? DAY.format(new Date(`${date.slice(0, 10)}T00:00:00Z`)) : "–");

/** Returns a moment in the reader's time zone. @param {string | null} instant */
export const moment = (instant) => (instant ? MOMENT.format(new Date(instant)) : "–");

/** Returns a count with its noun, such as `1,204 invoices`. @param {number} count @param {string} noun in the singular */
export const counted = (count, noun) => `${count.toLocaleString("en-US")} ${noun}${count === 1 ? "" : "s"}`;

/** Returns a word of the API as people read it, such as `insufficient_funds` or `us_bank_account`. @param {string} word */
export function plain(word) {
  const text = word.replaceAll("_", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Returns a word of the API as a choice of a menu. @param {string} word @returns {Pair} */
export const choiceOf = (word) => [word, plain(word)];

/** Returns when an invoice is due by its payment terms, such as `net_30`. @param {string} terms */
export function termsInWords(terms) {
  const days = /^(?:net|days)_(\d+)$/.exec(terms)?.[1];
  return days ? `${counted(Number(days), "day")} after it is sent` : terms === "due_on_receipt" ? "On receipt" : plain(terms);
}

/** @type {Pair[]} the payment terms that can be chosen */
export const TERMS = ["due_on_receipt", "net_7", "net_15", "net_30", "net_60"].map((each) => [each, termsInWords(each)]);

/** Returns the payment terms to choose from, those of the invoice among them. @param {string} terms @returns {Pair[]} */
export const termChoices = (terms) => (TERMS.some(([each]) => each === terms) ? TERMS : [...TERMS, [terms, termsInWords(terms)]]);

/** The payment methods that can be offered to the customer. */
export const METHODS = /** @type {const} */ ([
  ["card", "Cards"],
  ["us_bank_account", "US bank account (ACH debit)"],
  ["link", "Link"],
  ["acss_debit", "Canadian bank account (pre-authorized debit)"],
  ["sepa_debit", "SEPA Direct Debit (euro)"],
  ["bacs_debit", "Bacs Direct Debit (United Kingdom)"],
  ["au_becs_debit", "BECS Direct Debit (Australia)"],
]);

/** Returns the names of payment methods. @param {readonly string[]} chosen */
export const methodsInWords = (chosen) =>
  methodChoices(chosen).flatMap(([method, name]) => (chosen.includes(method) ? [name] : [])).join(", ");

/** Returns the methods to choose from, those that are chosen among them. @param {readonly string[]} chosen @returns {Pair[]} */
export const methodChoices = (chosen) => withOthers(METHODS.map(([method, name]) => [method, name]), chosen);

/**
 * Returns the choices, with the chosen values that are missing, because the API may add values that these screens do not have.
 *
 * @param {readonly Pair[]} choices
 * @param {readonly string[]} chosen
 * @returns {Pair[]}
 */
export function withOthers(choices, chosen) {
  const others = chosen.filter((each) => !choices.some(([known]) => known === each));
  return [...choices, ...others.map((each) => /** @type {Pair} */ ([each, plain(each)]))];
}

/** How things stand, in the words of the guide and of Stripe. @type {Record<string, Signed>} */
const STATUSES = {
  creating: ["…", "Being made", "quiet"],
  draft: ["✎", "Draft", "quiet"],
  pending: ["◷", "Pending", "wait"],
  paid: ["✓", "Paid", "good"],
  failed: ["✕", "Failed", "bad"],
  refunded: ["↩", "Refunded", "info"],
  void: ["⊘", "Void", "quiet"],
  uncollectible: ["⊗", "Uncollectible", "bad"],
  succeeded: ["✓", "Succeeded", "good"],
  requires_action: ["!", "Needs the customer", "wait"],
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
  in_transit: ["→", "On its way", "info"],
  on_its_way: ["→", "On its way", "info"],
  arrived: ["✓", "Arrived", "good"],
  taken: ["✓", "Taken", "good"],
  returned: ["✕", "Came back", "bad"],
};

/** Returns a status as it is shown. The API may add statuses. @param {string} status @param {Record<string, Signed>} [words] */
export const signed = (status, words = STATUSES) => words[status] ?? /** @type {Signed} */ (["•", plain(status), "quiet"]);

/** Returns how something was paid. @param {{ brand: string | null, last4: string | null, type: string | null } | null} method */
export function methodInWords(method) {
  if (!method) return "–";
  const name = method.brand ? plain(method.brand) : method.type === "us_bank_account" ? "Bank account" : plain(method.type ?? "other");
  return method.last4 ? `${name} ending in ${method.last4}` : name;
}

/** Returns the name of a customer. @param {Partial<Pick<Schemas["CustomerView"], "companyName" | "firstName" | "lastName">>} customer */
export const customerName = ({ companyName, firstName, lastName }) =>
  companyName || [firstName, lastName].filter(Boolean).join(" ") || "Customer without a name";
