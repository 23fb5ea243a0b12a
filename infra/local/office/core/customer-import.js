/** Giving the office's customers to Stripe in one import. Its key is the organization's, so it is made once, whoever asks. */

import { ApiError, get, newKey, post } from "./api.js";
import { customers } from "./company.js";
import { h, refill } from "./elements.js";
import { follow } from "./live.js";
import { person } from "./session.js";
import { button, notice } from "./widgets.js";
import { counted } from "./words.js";

/** @typedef {import("./types").Schemas["CustomerImportDetail"]} Import */
/** @typedef {import("./company.js").Customer} Customer */

/**
 * Returns what offers the import, and how far it is once it was asked for. Role `billing`.
 *
 * @param {AbortSignal} signal
 * @param {() => unknown} [done] called when an import has been completed before the person's eyes
 */
export async function customerImport(signal, done) {
  const place = h("div", { class: "stack" });
  const [all, known] = await Promise.all([customers(), get("/v1/customers", { query: { first: 100 } })]);
  const ids = new Set(known.data.map(({ id }) => id));
  // Where Stripe has more customers than one page shows, they were given before.
  const unknown = known.pageInfo.hasNextPage ? 0 : all.filter(({ id }) => !ids.has(id)).length;

  /** @param {string} key */
  const give = async (key) => {
    try {
      const { id } = await post("/v1/customer-imports", { key, body: { customers: all } });
      await watch(id);
    } catch (error) {
      if (!(error instanceof ApiError && error.code === "idempotency_key_reused")) throw error;
      const said = "The customers were given to Stripe before, and POM’s records have changed since. Nothing was given now.";
      const press = button("Give them as they are now", () => give(newKey()), { class: "main", id: "give" });
      refill(place, h("div", { class: "note", role: "alert" }, said), h("div", { class: "actions" }, press));
    }
  };
  /** @param {string} importId */
  const watch = async (importId) => {
    const over = new AbortController();
    const both = AbortSignal.any([signal, over.signal]);
    await follow("/v1/customer-imports/{importId}", { path: { importId }, query: { first: 100 } }, (found) => {
      refill(place, ...progress(found, all));
      if (found.status !== "completed") return;
      over.abort();
      notice("The customers have been given to Stripe.");
      done?.();
    }, both);
  };
  const skip = () => {
    sessionStorage.setItem("office.customers", "later");
    offer();
  };
  const offer = () => {
    const skipped = sessionStorage.getItem("office.customers") === "later";
    const key = `customers-of-${person().organization}`;
    const press = button(`Give ${counted(all.length, "customer")} to Stripe`, () => give(key), { class: "main", id: "give" });
    refill(place,
      h("p", null, `${unknown} of POM’s ${counted(all.length, "customer")} are not linked with Stripe yet, and cannot be billed.`),
      !skipped && h("p", null, "E-mail addresses are the primary identifier: nobody whom Stripe has already is made twice."),
      h("div", { class: "actions" }, press, !skipped && button("Not now", skip)));
  };
  if (unknown > 0) offer();
  else refill(place, h("p", null, `All of POM’s ${counted(all.length, "customer")} are linked with Stripe.`), seeCustomers());
  return place;
}

const seeCustomers = () => h("p", null, h("a", { href: "/customers" }, "See the customers"));

/** @param {Import} found @param {Customer[]} all @returns {import("./elements.js").Child[]} */
function progress({ status, total, counts: { queued, created, updated, unchanged, failed }, rows }, all) {
  const words = [
    created > 0 && `${created} new`,
    updated > 0 && `${updated} updated`,
    unchanged > 0 && `${unchanged} known already`,
    failed > 0 && `${failed} failed`,
  ].filter(Boolean);
  return [
    h("p", null, `${total - queued} of ${counted(total, "customer")} given to Stripe${words.length ? `: ${words.join(", ")}` : ""}.`),
    status === "completed"
      ? seeCustomers()
      : h("progress", { max: total, value: total - queued, "aria-label": "Customers given to Stripe" }),
    failed > 0 && h("ul", null, rows.flatMap(({ customerId, row, error }) => {
      const name = nameOf(all.find((each) => each.id === customerId)) || `Row ${row}`;
      return error ? [h("li", null, h("strong", null, name), `: ${error.message} ${error.nextStep}`)] : [];
    })),
  ];
}

/** @param {Customer | undefined} customer */
const nameOf = (customer) => customer?.companyName || [customer?.firstName, customer?.lastName].filter(Boolean).join(" ");
