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
/** @typedef {(customer: Customer, said: string, besides: Schemas["SaveCustomer"]) => Promise<void>} Store */

export const title = "Customer";

/** @type {[name: string, label: string, of: (customer: Customer) => string | null, type?: string][]} */
const FIELDS = [
  ["firstName", "First name", ({ firstName }) => firstName],
  ["lastName", "Last name", ({ lastName }) => lastName],
  ["companyName", "Company", ({ companyName }) => companyName],
  ["email", "E-mail", ({ email }) => email, "email"],
  ["phone", "Phone", ({ phone }) => phone, "tel"],
  ["address.street", "Street", ({ address }) => address.street],
  ["address.street2", "Second line", ({ address }) => address.street2],
  ["address.city", "Town", ({ address }) => address.city],
  ["address.state", "State", ({ address }) => address.state],
  ["address.zipCode", "ZIP code", ({ address }) => address.zipCode],
  ["address.country", "Country", ({ address }) => address.country],
];

/** @param {HTMLElement} main @param {import("../core/types").Visit} visit */
export async function show(main, { params, signal }) {
  if (!may("billing")) return refill(main, heading(title), notForYou());
  const path = { customerId: params[0] ?? "" };
  const [head, errors, past] = [h("div"), h("div", { class: "errors" }), h("section", { class: "card" })];
  const inStripe = h("section", { class: "card stack", "aria-labelledby": "in-stripe" });
  const submit = h("button", { class: "main" }, "Save");
  const fields = FIELDS.map(([name, label, , type]) => fieldOf({ name, label, ...(type && { type }) }));
  const form = h("form", { class: "card", novalidate: true, "aria-labelledby": "record" },
    h("h2", { id: "record" }, "What POM has"), errors, h("div", { class: "fields" }, fields), submit);
  const pageOf = await pagesInStripe();

  /** @type {Customer | null} */
  let loaded = null;
  /** @type {string | null} */
  let tag = null;
  /** @param {Customer} customer @param {string | null} itsTag */
  const take = (customer, itsTag) => {
    [loaded, tag] = [customer, itsTag];
    for (const [name, , of] of FIELDS) inputOf(form, name).value = of(customer) ?? "";
  };
  /** @type {Store} */
  const store = async (customer, said, besides) => {
    // Sent back whole: what only answers have is ignored, and what POM took over from Stripe meanwhile is kept.
    const body = { ...customer, ...besides };
    take(await put("/v1/customers/{customerId}", { path, body, ...(tag && { ifMatch: tag }) }), tag);
    refill(errors);
    await refresh();
    notice(said);
  };
  const save = async () => {
    clearErrors(form);
    try {
      if (loaded) await store(loaded, "Saved. Stripe gets it in a moment.", typedIn(form));
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 412)) return refill(errors, showErrors(form, error));
      const stored = await getIfChanged("/v1/customers/{customerId}", null, { path });
      if (stored) refill(errors, differs(stored.body, stored.tag));
    }
  };
  /** @param {Customer} stored @param {string | null} itsTag */
  const differs = (stored, itsTag) => conflict(
    FIELDS.map(([, label, of]) => [label, of(stored) ?? ""]),
    FIELDS.map(([name, label]) => [label, inputOf(form, name).value.trim()]),
    () => { [loaded, tag] = [stored, itsTag]; return save(); },
    () => { take(stored, itsTag); refill(errors); },
  );
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (submit.hasAttribute("aria-busy")) return;
    submit.setAttribute("aria-busy", "true");
    await save();
    submit.removeAttribute("aria-busy");
  });

  const refresh = await follow("/v1/customers/{customerId}", { path }, (customer, itsTag) => {
    const invoices = `/invoicing?customerId=${encodeURIComponent(customer.id)}`;
    refill(head, heading(nameOf(customer), h("a", { class: "button", href: invoices, id: "invoices" }, "Invoices of this customer")));
    const sync = button("Sync again", async () => {
      await post("/v1/customers/{customerId}/sync", { path });
      await refresh();
    }, { id: "sync" });
    refill(inStripe, ...stripeOf(customer, pageOf, store), h("div", { class: "actions" }, sync));
    refill(past, h("h2", null, "What has happened"), historyOf(customer));
    const isTyped = FIELDS.some(([name, , of]) => loaded && inputOf(form, name).value.trim() !== (of(loaded) ?? ""));
    if (!isTyped) take(customer, itsTag);
  }, signal);
  const back = h("p", null, h("a", { href: "/customers" }, "← Customers"));
  refill(main, back, head, h("div", { class: "cards" }, form, h("div", { class: "stack" }, inStripe, past)));
}

/** Returns what names the page of a Stripe customer on Stripe's side. It is null while no account is connected. */
async function pagesInStripe() {
  const { stripeAccountId, livemode } = await get("/v1/stripe/connection");
  const account = stripeAccountId && stripeAddress() && `${stripeAddress()}/${stripeAccountId}/${livemode ? "" : "test/"}`;
  return (/** @type {string} */ id) => account && `${account}customers/${id}`;
}

/** @param {HTMLFormElement} form @param {string} name */
function inputOf(form, name) {
  const input = form.elements.namedItem(name);
  if (!(input instanceof HTMLInputElement)) throw new Error(`The form has no field ${name}.`);
  return input;
}

/** Returns what was typed. An empty field removes its value. @param {HTMLFormElement} form @returns {Schemas["SaveCustomer"]} */
function typedIn(form) {
  const text = (/** @type {string} */ name) => inputOf(form, name).value.trim() || null;
  const parts = /** @type {const} */ (["street", "street2", "city", "state", "zipCode", "country"]);
  return {
    firstName: text("firstName"),
    lastName: text("lastName"),
    companyName: text("companyName"),
    email: text("email"),
    phone: text("phone"),
    address: Object.fromEntries(parts.map((part) => [part, text(`address.${part}`)])),
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

/** @param {Customer} customer @param {(id: string) => string | null} pageOf @param {Store} store */
function stripeOf(customer, pageOf, store) {
  const { syncStatus, syncError, syncedAt, stripeCustomerId, candidates } = customer;
  const link = (/** @type {string} */ id) => {
    const page = pageOf(id);
    return page ? outside(id, page) : id;
  };
  const choices = candidates.map((id) => h("label", { class: "tick" },
    h("input", { type: "radio", name: "candidate", id, checked: id === stripeCustomerId }),
    h("span", null, link(id), id === stripeCustomerId && " (linked now)")));
  const choose = button("Choose this one", async () => {
    const chosen = candidates.find((id) => document.getElementById(id)?.matches(":checked"));
    if (chosen) await store(customer, "Chosen. POM links the customer in a moment.", { stripeCustomerId: chosen, choose: true });
  }, { class: "main", id: "choose" });
  return [
    h("div", { class: "heading" }, h("h2", { id: "in-stripe" }, "In Stripe"), syncBadge(syncStatus)),
    h("p", null, SAID[syncStatus] ?? plain(syncStatus)),
    syncError && syncStatus !== "needs_choice" && h("p", { class: "note" }, syncError),
    candidates.length > 0 && h("fieldset", { class: "stack" }, h("legend", null, "Which Stripe customer is it?"), choices, choose,
      h("p", { class: "hint" }, "If it is none of these, make a customer with this e-mail address in Stripe, and sync again.")),
    facts([["Stripe customer", stripeCustomerId && link(stripeCustomerId)], ["Given to Stripe", timeAt(syncedAt)]]),
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
const FIELD_NAMES = {
  email: "e-mail", name: "name", phone: "phone", street: "street", street2: "second line", city: "town", state: "state",
  zipCode: "ZIP code", country: "country",
};
/** @type {Record<Schemas["Source"], string>} */
const SOURCES = { pom: "by POM", webhook: "heard from Stripe", sweep: "found when comparing with Stripe" };

/** @param {Customer} customer */
function historyOf({ history }) {
  if (history.length === 0) return h("p", { class: "soft" }, "Nothing yet.");
  return h("ol", { class: "timeline" }, history.toReversed().map(({ at, kind, fields, source, stripeId }) => {
    const about = [...fields.map((each) => FIELD_NAMES[each] ?? plain(each)), stripeId].filter(Boolean).join(", ");
    const happened = HAPPENED[kind] ?? plain(kind);
    const by = SOURCES[source] ?? plain(source);
    return h("li", null, h("time", { datetime: at }, `${moment(at)}, ${by}`), about ? `${happened}: ${about}` : happened);
  }));
}
