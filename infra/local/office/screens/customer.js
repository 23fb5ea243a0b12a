/** A customer: what POM has, how Stripe knows it, which Stripe customer it is, and what has happened to it. */

/** @import { Pair, Schemas, Tagged, Visit } from "../core/types" */
import { get, getTagged, post, put } from "../core/api.js";
import { h, refill } from "../core/elements.js";
import { dataOf, isErased, showErasure } from "../core/erasure.js";
import { button, fieldOf, saving, textOf } from "../core/forms.js";
import { follow } from "../core/live.js";
import { may, stripeAddress } from "../core/session.js";
import { facts, heading, notice, outside, section, timeAt } from "../core/widgets.js";
import { customerName, moment, plain } from "../core/words.js";
import { notForYou, syncBadge } from "./customers.js";

/** @typedef {Schemas["CustomerDetail"]} Customer */
/** @typedef {Schemas["SaveCustomer"]} Save */

export const title = "Customer";

/** @type {[name: string, label: string, of: (customer: Customer | Save) => string | null | undefined, type?: string][]} */
const FIELDS = [
  ["firstName", "First name", ({ firstName }) => firstName],
  ["lastName", "Last name", ({ lastName }) => lastName],
  ["companyName", "Company", ({ companyName }) => companyName],
  ["email", "E-mail", ({ email }) => email, "email"],
  ["phone", "Phone", ({ phone }) => phone, "tel"],
  ["address.street", "Street", ({ address }) => address?.street],
  ["address.street2", "Second line", ({ address }) => address?.street2],
  ["address.city", "Town", ({ address }) => address?.city],
  ["address.state", "State", ({ address }) => address?.state],
  ["address.zipCode", "ZIP code", ({ address }) => address?.zipCode],
  ["address.country", "Country", ({ address }) => address?.country],
];

/** @param {HTMLElement} main @param {Visit} visit */
export async function show(main, { params: [customerId = ""], signal }) {
  if (!may("billing")) return refill(main, heading(title), notForYou());
  const path = { customerId };
  const [head, errors, past] = [h("div"), h("div", { class: "errors" }), h("div")];
  const inStripe = h("section", { class: "card stack", "aria-label": "In Stripe" });
  const submit = h("button", { class: "main" }, "Save");
  const fields = FIELDS.map(([name, label, , type]) => fieldOf({ name, label, ...(type && { type }) }));
  const form = h("form", { class: "card", "aria-label": "What POM has" },
    h("h2", null, "What POM has"), errors, h("div", { class: "fields" }, fields), submit);

  const load = () => getTagged("/v1/customers/{customerId}", { path });
  /** @param {Customer} customer */
  const fill = (customer) => {
    shown = customer;
    for (const [name, , of] of FIELDS) inputOf(form, name).value = of(customer) ?? "";
  };
  /** @param {Tagged<Customer>} loaded @param {Save} besides @param {string} content */
  const store = async ({ body, tag }, besides, content) => {
    // The whole object is sent back. The API ignores read-only fields, and keeps values that POM has taken over from Stripe since.
    await put("/v1/customers/{customerId}", { path, body: { ...body, ...besides }, ifMatch: tag });
    take(await load());
    await refresh();
    notice(content);
  };
  const [pageOf, loaded] = await Promise.all([pagesInStripe(), load().catch(nullIfErased)]);
  if (!loaded) return showErasure(main, customerId, signal);
  /** @type {Customer} */
  let shown = loaded.body;
  const take = saving(form, submit, {
    errors, loaded, load, inWords, fill,
    typed: () => typedIn(form),
    store: (typed, stored) => store(stored, typed, "Saved. POM sends it to Stripe shortly."),
  });
  take(loaded);
  /** @param {string} stripeCustomerId */
  const choose = async (stripeCustomerId) =>
    store(await load(), { stripeCustomerId, choose: true }, "Chosen. POM links the customer shortly.");

  const refresh = await follow("/v1/customers/{customerId}", { path }, (customer, tag) => {
    const invoices = `/invoicing?customerId=${encodeURIComponent(customer.id)}`;
    refill(head, heading(customerName(customer), h("a", { class: "button", href: invoices, id: "invoices" }, "Invoices of this customer")));
    const sync = button("Sync again", async () => {
      await post("/v1/customers/{customerId}/sync", { path });
      await refresh();
    }, { id: "sync" });
    refill(inStripe, ...stripeOf(customer, pageOf, choose), h("div", { class: "actions" }, sync));
    refill(past, historyOf(customer));
    const isTyped = FIELDS.some(([name, , of]) => inputOf(form, name).value.trim() !== (of(shown) ?? ""));
    if (tag && !isTyped) take({ body: customer, tag });
  }, signal);
  const back = h("p", null, h("a", { href: "/customers" }, "← Customers"));
  refill(main, back, head, h("div", { class: "cards" }, form,
    h("div", { class: "stack" }, inStripe, section("What has happened", "card", past),
      may("admin") && dataOf(customerId, () => customerName(shown)))));
}

/** @param {unknown} error */
function nullIfErased(error) {
  if (isErased(error)) return null;
  throw error;
}

/** Returns a function that returns a customer's address in the Stripe dashboard, or null while no account is connected. */
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

/** @param {Customer | Save} customer @returns {Pair[]} */
const inWords = (customer) => FIELDS.map(([, label, of]) => [label, of(customer) ?? ""]);

/** Returns what was typed. An empty field removes its value. @param {HTMLFormElement} form @returns {Save} */
function typedIn(form) {
  const typed = textOf(new FormData(form));
  const text = (/** @type {string} */ name) => typed(name) || null;
  const texts = (/** @type {string[]} */ names, of = "") => Object.fromEntries(names.map((name) => [name, text(of + name)]));
  return {
    ...texts(["firstName", "lastName", "companyName", "email", "phone"]),
    address: texts(["street", "street2", "city", "state", "zipCode", "country"], "address."),
  };
}

/** @type {Record<Schemas["SyncStatus"], string>} */
const SAID = {
  synced: "Stripe has this customer as POM has it.",
  pending: "POM is giving this customer to Stripe.",
  needs_choice: "Stripe has several customers with this e-mail address. Choose which of them this customer is.",
  failed: "Stripe does not have this customer as POM has it. Correct what is wrong and save, or sync again.",
  not_connected: "Stripe was not connected when this customer was saved. Sync again, once it is; the next invoice does so, too.",
  waiting_for_invoice: "The connected Stripe account gets this customer with the next invoice.",
  deleted_in_stripe:
    "Somebody deleted this customer in Stripe. POM still has the record, and makes the Stripe customer again when it is next needed. " +
    "If the person asked to be erased, an admin erases the customer here too.",
};

/** @param {Customer} customer @param {(id: string) => string | null} pageOf @param {(id: string) => Promise<void>} choose */
function stripeOf(customer, pageOf, choose) {
  const { syncStatus, syncError, syncedAt, stripeCustomerId, candidates } = customer;
  const link = (/** @type {string} */ id) => {
    const page = pageOf(id);
    return page ? outside(id, page) : id;
  };
  const choices = candidates.map((id) => h("label", { class: "tick" },
    h("input", { type: "radio", name: "candidate", id, checked: id === stripeCustomerId }),
    h("span", null, link(id), id === stripeCustomerId && " (linked now)")));
  const press = button("Choose this one", async () => {
    const chosen = candidates.find((id) => document.getElementById(id)?.matches(":checked"));
    if (chosen) await choose(chosen);
  }, { class: "main", id: "choose" });
  return [
    h("div", { class: "heading" }, h("h2", null, "In Stripe"), syncBadge(syncStatus)),
    h("p", null, SAID[syncStatus] ?? plain(syncStatus)),
    syncError && syncStatus !== "needs_choice" && h("p", { class: "note" }, syncError),
    candidates.length > 0 && h("fieldset", { class: "stack" }, h("legend", null, "Which Stripe customer is it?"), choices, press,
      h("p", { class: "hint" }, "If it is none of these, make a customer with this e-mail address in Stripe, and sync again.")),
    facts([["Stripe customer", stripeCustomerId && link(stripeCustomerId)], ["Synced to Stripe", timeAt(syncedAt)]]),
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
