/** A customer: what POM has, how Stripe knows it, which Stripe customer it is, and what has happened to it. */

import { ApiError, get, getIfChanged, post, put } from "../core/api.js";
import { conflict } from "../core/conflict.js";
import { h, refill } from "../core/elements.js";
import { follow } from "../core/live.js";
import { may, stripeAddress } from "../core/session.js";
import { button, clearErrors, facts, fieldOf, heading, notice, outside, showErrors, timeAt } from "../core/widgets.js";
import { moment, plain } from "../core/words.js";
import { nameOf, notForYou, syncBadge } from "./customers.js";

/** @typedef {import("../core/types").Schemas} Schemas */
/** @typedef {Schemas["CustomerDetail"]} Customer */

export const title = "Customer";

/** @type {[string, string, string?][]} */
const FIELDS = [
  ["firstName", "First name"],
  ["lastName", "Last name"],
  ["companyName", "Company"],
  ["email", "E-mail", "email"],
  ["phone", "Phone", "tel"],
  ["address.street", "Street"],
  ["address.street2", "Second line"],
  ["address.city", "Town"],
  ["address.state", "State"],
  ["address.zipCode", "ZIP code"],
  ["address.country", "Country"],
];


/** @param {HTMLElement} main @param {import("../core/types").Visit} visit */
export async function show(main, { params, signal }) {
  if (!may("billing")) return refill(main, heading(title), notForYou());
  const path = { customerId: params[0] ?? "" };
  const [head, errors, inStripe, past] = [h("div"), h("div", { class: "errors" }), h("section", { class: "card stack", "aria-labelledby": "in-stripe" }), h("section", { class: "card" })];
  const submit = h("button", { class: "main" }, "Save");
  const form = h("form", { class: "card", novalidate: true, "aria-labelledby": "record" },
    h("h2", { id: "record" }, "What POM has"), errors,
    h("div", { class: "fields" }, FIELDS.map(([name, label, type]) => fieldOf({ name, label, ...(type && { type }) }))), submit);
  const stripePage = await pagesInStripe();

  /** @type {Customer | null} */
  let loaded = null;
  /** @type {string | null} */
  let tag = null;
  const isTyped = () => loaded !== null && valuesOf(loaded).some(([name, value]) => fieldNamed(form, name).value.trim() !== value);
  /** @param {Customer} customer @param {string | null} itsTag */
  const take = (customer, itsTag) => {
    [loaded, tag] = [customer, itsTag];
    for (const [name, value] of valuesOf(customer)) fieldNamed(form, name).value = value;
  };
  /** @param {Customer} customer @param {string} said @param {Schemas["SaveCustomer"]} [besides] */
  const store = async (customer, said, besides = {}) => {
    // Sent back whole: what only answers have is ignored, and what POM took over from Stripe meanwhile is kept.
    const stored = await put("/v1/customers/{customerId}", { path, body: { ...customer, ...besides }, ...(tag && { ifMatch: tag }) });
    take(stored, tag);
    refill(errors);
    await refresh();
    notice(said);
  };
  const save = async () => {
    if (!loaded) return;
    clearErrors(form);
    try {
      await store(loaded, "Saved. Stripe gets it in a moment.", typedIn(form));
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 412)) return refill(errors, showErrors(form, error));
      const theirs = await getIfChanged("/v1/customers/{customerId}", null, { path });
      if (theirs) refill(errors, differs(theirs.body, theirs.tag));
    }
  };
  /** @param {Customer} theirs @param {string | null} theirTag */
  const differs = (theirs, theirTag) => {
    const named = /** @type {[string, string][]} */ (FIELDS.map(([name, label]) => [label, fieldNamed(form, name).value.trim()]));
    const stored = /** @type {[string, string][]} */ (valuesOf(theirs).map(([, value], at) => [FIELDS[at]?.[1], value]));
    return conflict(stored, named, () => { [loaded, tag] = [theirs, theirTag]; return save(); }, () => { take(theirs, theirTag); refill(errors); });
  };
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    submit.disabled = true;
    await save();
    submit.disabled = false;
  });

  const refresh = await follow("/v1/customers/{customerId}", { path }, (customer, itsTag) => {
    refill(head, heading(nameOf(customer), h("a", { class: "button", href: `/invoicing?customerId=${encodeURIComponent(customer.id)}`, id: "invoices" }, "Invoices of this customer")));
    refill(inStripe, ...stripeOf(customer, stripePage, store, async () => {
      await post("/v1/customers/{customerId}/sync", { path });
      await refresh();
    }));
    refill(past, h("h2", null, "What has happened"), historyOf(customer));
    if (!isTyped()) take(customer, itsTag);
  }, signal);
  refill(main, h("p", null, h("a", { href: "/customers" }, "← Customers")), head, h("div", { class: "cards" }, form, h("div", { class: "stack" }, inStripe, past)));
}

/** Returns what names the page of a Stripe customer on Stripe's side, or null while no account is connected. */
async function pagesInStripe() {
  const { stripeAccountId, livemode } = await get("/v1/stripe/connection");
  const base = stripeAddress();
  return (/** @type {string} */ id) => base && stripeAccountId && `${base}/${stripeAccountId}/${livemode ? "" : "test/"}customers/${id}`;
}

/** @param {HTMLFormElement} form @param {string} name */
function fieldNamed(form, name) {
  const field = form.elements.namedItem(name);
  if (!(field instanceof HTMLInputElement)) throw new Error(`The form has no field ${name}.`);
  return field;
}

/** Returns what is stored in each field, in the order of the form. @param {Customer} customer @returns {[string, string][]} */
function valuesOf({ address, ...customer }) {
  /** @type {Record<string, unknown>} */
  const all = { ...customer, ...Object.fromEntries(Object.entries(address).map(([part, value]) => [`address.${part}`, value])) };
  return FIELDS.map(([name]) => [name, String(all[name] ?? "")]);
}

/** Returns what was typed. An empty field removes its value. @param {HTMLFormElement} form @returns {Schemas["SaveCustomer"]} */
function typedIn(form) {
  const text = (/** @type {string} */ name) => fieldNamed(form, name).value.trim() || null;
  return {
    firstName: text("firstName"),
    lastName: text("lastName"),
    companyName: text("companyName"),
    email: text("email"),
    phone: text("phone"),
    address: {
      street: text("address.street"),
      street2: text("address.street2"),
      city: text("address.city"),
      state: text("address.state"),
      zipCode: text("address.zipCode"),
      country: text("address.country"),
    },
  };
}

/** @type {Record<Schemas["SyncStatus"], string>} */
const SAID = {
  synced: "Stripe has this customer as POM has it.",
  pending: "POM is giving this customer to Stripe.",
  needs_choice: "Stripe has several customers with this e-mail address. Choose which of them this customer is.",
  failed: "Stripe does not have this customer as POM has it. Correct what is wrong and save, or sync again.",
  not_connected: "POM gives this customer to Stripe as soon as Stripe is connected.",
  waiting_for_invoice: "The connected Stripe account gets this customer with the next invoice.",
  deleted_in_stripe: "Somebody deleted this customer in Stripe. It is linked or made again when it is next needed.",
};

/**
 * @param {Customer} customer
 * @param {(id: string) => string | null} page
 * @param {(customer: Customer, said: string, besides: Schemas["SaveCustomer"]) => Promise<void>} store
 * @param {() => Promise<void>} sync
 */
function stripeOf(customer, page, store, sync) {
  const { syncStatus, syncError, syncedAt, stripeCustomerId, candidates } = customer;
  const link = (/** @type {string} */ id) => {
    const href = page(id);
    return href ? outside(id, href) : id;
  };
  const choice = candidates.map((id) =>
    h("label", { class: "tick" }, h("input", { type: "radio", name: "candidate", value: id, id, checked: id === stripeCustomerId }), h("span", null, link(id), id === stripeCustomerId && " (linked now)")));
  const choose = async () => {
    const chosen = candidates.find((id) => document.getElementById(id)?.matches(":checked"));
    if (chosen) await store(customer, "Chosen. POM links the customer in a moment.", { stripeCustomerId: chosen, choose: true });
  };
  return [
    h("div", { class: "heading" }, h("h2", { id: "in-stripe" }, "In Stripe"), syncBadge(syncStatus)),
    h("p", null, SAID[syncStatus] ?? plain(syncStatus)),
    syncError && syncStatus !== "needs_choice" && h("p", { class: "note" }, syncError),
    candidates.length > 0 && h("fieldset", null, h("legend", null, "Which Stripe customer is it?"), choice,
      h("p", { class: "hint" }, "If it is none of these, make a customer with this e-mail address in Stripe, and sync again."),
      button("Choose this one", choose, { class: "main", id: "choose" })),
    facts([
      ["Stripe customer", stripeCustomerId && link(stripeCustomerId)],
      ["Given to Stripe", timeAt(syncedAt)],
    ]),
    h("div", { class: "actions" }, button("Sync again", sync, { id: "sync" })),
  ];
}

/** @type {Record<Schemas["CustomerEvent"], string>} */
const HAPPENED = {
  created_in_stripe: "POM made this customer in Stripe",
  linked: "POM linked a customer that Stripe had, and gave it",
  taken_over_from_stripe: "Changed in Stripe, and taken over",
  not_taken_over_from_stripe: "Changed in Stripe to something that POM does not accept, so POM’s value stays",
  kept_over_stripe: "Changed on both sides, and POM’s value was kept",
  choice_offered: "Stripe has several customers with this e-mail address",
  choice_made: "The office chose which Stripe customer it is",
  unlinked: "Somebody deleted the customer in Stripe",
};
/** @type {Record<Schemas["Field"], string>} */
const NAMES = { email: "e-mail", name: "name", phone: "phone", street: "street", street2: "second line", city: "town", state: "state", zipCode: "ZIP code", country: "country" };
/** @type {Record<Schemas["Source"], string>} */
const SOURCES = { pom: "by POM", webhook: "heard from Stripe", sweep: "found when comparing with Stripe" };

/** @param {Customer} customer */
function historyOf({ history }) {
  if (history.length === 0) return h("p", { class: "soft" }, "Nothing yet.");
  return h("ol", { class: "timeline" }, history.toReversed().map(({ at, kind, fields, source, stripeId }) => {
    const about = [...fields.map((each) => NAMES[each] ?? plain(each)), stripeId].filter(Boolean).join(", ");
    return h("li", null, h("time", { datetime: at }, `${moment(at)}, ${SOURCES[source] ?? plain(source)}`), about ? `${HAPPENED[kind] ?? plain(kind)}: ${about}` : HAPPENED[kind] ?? plain(kind));
  }));
}
