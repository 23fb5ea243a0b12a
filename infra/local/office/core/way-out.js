/** Where the next step of an error is taken: the texts say what to do, and these links lead there. */

/** @import { Schemas } from "./types" */
import { ApiError } from "./api.js";
import { h } from "./elements.js";

/** @typedef {{ code: string, details?: Schemas["ErrorDetail"][], customerId?: string | null }} Refusal */

const IN_SETTINGS = ["stripe_not_connected", "stripe_account_unreachable", "stripe_account_not_ready", "invoice_of_other_account"];
const AT_CUSTOMER = ["stripe_customer_taken", "stripe_customer_unknown", "draft_of_other_customer"];

/** Returns links to where a refusal is dealt with, each after a blank; none if that is this page. @param {Refusal} refusal */
export function wayOut({ code, details = [], customerId }) {
  const invoices = new Map(details.flatMap((each) => (each.invoiceId ? [[each.invoiceId, each]] : [])));
  if (invoices.size > 0) {
    return [...invoices].flatMap(([id, about]) => lead(`/invoicing/${id}`, about.number ? `See invoice ${about.number}`
      : about.code === "service_already_billed" ? "See the draft" : `See invoice ${id}`));
  }
  if (IN_SETTINGS.includes(code)) return lead("/settings/apps", "Go to Settings → Apps");
  if (code === "customer_not_found") return lead("/customers", "Go to Customers");
  const atCustomer = code.startsWith("customer_") || AT_CUSTOMER.includes(code);
  return atCustomer && customerId ? lead(`/customers/${customerId}`, "Go to the customer") : [];
}

/**
 * Returns a handler that stores the customer in an `ApiError` and throws it again, so that the error links to the customer.
 *
 * @param {string | undefined} customerId
 * @returns {(error: unknown) => never}
 */
export const about = (customerId) => (error) => {
  if (error instanceof ApiError) error.customerId = customerId ?? null;
  throw error;
};

/** @param {string} href @param {string} words */
const lead = (href, words) => [" ", h("a", { href }, words)];
