/** Customers: the list of customers with their sync status. */

/** @import { Schemas, Signed, Visit } from "../core/types" */
import { get } from "../core/api.js";
import { customerImport } from "../core/customer-import.js";
import { h, refill } from "../core/elements.js";
import { allOr, filters, keepApart, listing } from "../core/listing.js";
import { follow } from "../core/live.js";
import { may } from "../core/session.js";
import { badge, empty, heading, section, table } from "../core/widgets.js";
import { customerName, signed } from "../core/words.js";

/** @typedef {Schemas["SyncStatus"]} SyncStatus */

export const title = "Customers";

/** @type {Record<SyncStatus, Signed>} */
const STATUSES = {
  synced: ["✓", "In Stripe", "good"],
  pending: ["◷", "Being given to Stripe", "wait"],
  needs_choice: ["?", "Needs your choice", "bad"],
  failed: ["✕", "Not taken by Stripe", "bad"],
  not_connected: ["⊘", "Stripe is not connected", "quiet"],
  waiting_for_invoice: ["◷", "Waits for an invoice", "quiet"],
  deleted_in_stripe: ["⊗", "Deleted in Stripe", "wait"],
};
const ALL = /** @type {SyncStatus[]} */ (Object.keys(STATUSES));
const WORDS = allOr(ALL, (status) => STATUSES[status][1]);

const NO_MATCH = "No customers match what you have chosen.";
const NONE = "No customers have been given to Stripe yet.";

/** Returns the badge of a sync status. @param {SyncStatus} status */
export const syncBadge = (status) => badge(...signed(status, STATUSES));

/** Returns the text for a person without access to customers. */
export const notForYou = () => empty("Customers are shown to people with the role billing or admin.");

/** @param {HTMLElement} main @param {Visit} visit */
export async function show(main, { query, signal }) {
  if (!may("billing")) return refill(main, heading(title), notForYou());
  const { form, values } = filters([
    { name: "search", label: "Name begins with, or e-mail address", type: "search" },
    { name: "syncStatus", label: "In Stripe", type: "select", choices: WORDS },
  ], query, () => list.showFirst());
  keepApart(form, (chosen) => `[name]:not([name="${chosen}"])`);
  const list = listing(signal, (after, turned, draw) =>
    follow("/v1/customers", { query: { ...asked(values()), after } }, ({ data, pageInfo }) =>
      draw(data.length > 0 ? customerTable(data) : empty(Object.keys(values()).length ? NO_MATCH : NONE), pageInfo), turned), "even");
  const unknown = h("div");
  refill(main, heading(title), unknown, form, ...list.place);
  const [{ data: [stripe] }] = await Promise.all([get("/v1/apps"), list.showFirst()]);
  if (!stripe?.installed) return;
  const offer = await customerImport(signal, list.showFirst);
  // The import has no button when POM-Stripe has all of POM's customers.
  refill(unknown, offer.querySelector("button") && section("Customers to give to Stripe", "card", offer));
}

/** Returns the query for the API, which filters by one field at a time. @param {Record<string, string>} chosen */
function asked({ search, syncStatus }) {
  const status = ALL.find((each) => each === syncStatus);
  if (status) return { syncStatus: status };
  return search?.includes("@") ? { email: search } : { name: search };
}

/** @param {Schemas["CustomerView"][]} customers */
const customerTable = (customers) =>
  table("Customers", ["Name", "E-mail", "Phone", "Town", "In Stripe"], customers.map((each) => [
    h("a", { href: `/customers/${encodeURIComponent(each.id)}`, id: each.id, dir: "auto" }, customerName(each)),
    each.email ?? h("span", { class: "soft" }, "None: no invoice can be sent"),
    each.phone,
    each.address.city,
    syncBadge(each.syncStatus),
  ]));
