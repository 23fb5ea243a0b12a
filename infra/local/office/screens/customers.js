/** Customers: who can be billed, and whether Stripe has them as POM has them. */

import { customerImport } from "../core/customer-import.js";
import { h, refill } from "../core/elements.js";
import { allOr, filters, listing } from "../core/listing.js";
import { follow } from "../core/live.js";
import { may } from "../core/session.js";
import { badge, empty, heading, table } from "../core/widgets.js";
import { plain } from "../core/words.js";

/** @typedef {import("../core/types").Schemas} Schemas */
/** @typedef {Schemas["SyncStatus"]} SyncStatus */

export const title = "Customers";

/** @type {Record<SyncStatus, [string, string, string]>} */
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

/** Returns whether Stripe has a customer, in words and with a sign. @param {SyncStatus} status */
export const syncBadge = (status) => badge(...(STATUSES[status] ?? ["•", plain(status), "quiet"]));

/** @param {Pick<Schemas["CustomerView"], "companyName" | "firstName" | "lastName">} customer */
export const nameOf = ({ companyName, firstName, lastName }) =>
  companyName || [firstName, lastName].filter(Boolean).join(" ") || "Customer without a name";

/** @returns {HTMLElement} what somebody sees who may not see customers */
export const notForYou = () => empty("Customers are shown to people with the role billing or admin.");

/** @param {HTMLElement} main @param {import("../core/types").Visit} visit */
export async function show(main, { query, signal }) {
  if (!may("billing")) return refill(main, heading(title), notForYou());
  const place = h("div", { class: "even" }, h("p", { class: "loading" }, "Loading…"));
  const chosen = filters([
    { name: "search", label: "Name begins with, or e-mail address", type: "search", value: query.get("search") ?? "" },
    { name: "syncStatus", label: "In Stripe", type: "select", value: query.get("syncStatus") ?? "", choices: WORDS },
  ], () => list.showFirst());
  const list = listing(place, (after, turning, turn) =>
    follow("/v1/customers", { query: { ...asked(chosen.values()), after } }, ({ data, pageInfo }) => {
      refill(place, data.length ? customerTable(data) : empty(Object.keys(chosen.values()).length ? NO_MATCH : NONE));
      turn(pageInfo);
    }, turning), signal, ["← Previous", "Next →"]);
  chosen.form.addEventListener("input", (event) => alone(chosen.form, event.target));
  const unknown = h("div");
  refill(main, heading(title), unknown, chosen.form, place, list.below);
  const [offer] = await Promise.all([customerImport(signal, list.showFirst), list.showFirst()]);
  // Without a button, POM-Stripe has all of POM's customers.
  const isLeft = offer.querySelector("button");
  refill(unknown, isLeft && h("section", { class: "card" }, h("h2", null, "Customers to give to Stripe"), offer));
}

/**
 * Takes the other filters away, because the API offers one at a time.
 *
 * @param {HTMLFormElement} form
 * @param {EventTarget | null} chosen
 */
function alone(form, chosen) {
  for (const other of form.querySelectorAll("input, select")) {
    if (other !== chosen) Object.assign(other, { value: "" });
  }
}

/** @param {Record<string, string>} chosen */
function asked({ search, syncStatus }) {
  const status = ALL.find((each) => each === syncStatus);
  if (status) return { syncStatus: status };
  return search?.includes("@") ? { email: search } : { name: search };
}

/** @param {Schemas["CustomerView"][]} customers */
const customerTable = (customers) =>
  table("Customers", ["Name", "E-mail", "Phone", "Town", "In Stripe"], customers.map((each) => [
    h("a", { href: `/customers/${encodeURIComponent(each.id)}`, id: each.id, dir: "auto" }, nameOf(each)),
    each.email ?? h("span", { class: "soft" }, "None: no invoice can be sent"),
    each.phone,
    each.address.city,
    syncBadge(each.syncStatus),
  ]));
