/** The import of all customers to Stripe. Its key belongs to the organization, so two users cannot start it twice. */

/** @import { Child } from "./elements.js" */
/** @import { Schemas } from "./types" */
import { ApiError, get, newKey, post } from "./api.js";
import { customers } from "./company.js";
import { h, refill } from "./elements.js";
import { button } from "./forms.js";
import { follow } from "./live.js";
import { person } from "./session.js";
import { list, notice } from "./widgets.js";
import { counted, customerName } from "./words.js";

const SKIPPED = "office.customers-skipped";

/**
 * Returns the element that offers the import, and shows its progress after it was requested. Requires the role `billing` and a
 * connection to Stripe.
 *
 * @param {AbortSignal} signal
 * @param {() => unknown} [done] called when an import is completed while its progress is shown
 */
export async function customerImport(signal, done) {
  const place = h("div", { class: "stack" });
  const [all, known, waiting] = await Promise.all([
    customers(),
    get("/v1/customers", { query: { first: 100 } }),
    get("/v1/customers", { query: { syncStatus: "not_connected", first: 100 } }),
  ]);
  const ids = new Set(known.data.map(({ id }) => id));
  // If Stripe has more customers than fit on one page, an import has been made before.
  const unknown = known.pageInfo.hasNextPage ? 0 : all.filter(({ id }) => !ids.has(id)).length;

  /** @param {string} key */
  const give = async (key) => {
    try {
      const { id } = await post("/v1/customer-imports", { key, body: { customers: all } });
      await watch(id);
    } catch (error) {
      if (!(error instanceof ApiError && error.code === "idempotency_key_reused")) throw error;
      const content = "The customers were given to Stripe before, and POM’s records have changed since. Nothing was given now.";
      const press = button("Give them as they are now", () => give(newKey()), { class: "main", id: "give" });
      refill(place, h("div", { class: "note", role: "alert" }, content), h("div", { class: "actions" }, press));
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
    sessionStorage.setItem(SKIPPED, "yes");
    offer();
  };
  const offer = () => {
    const skipped = sessionStorage.getItem(SKIPPED) !== null;
    const key = `customers-of-${person().organization}`;
    const press = button(`Give ${counted(all.length, "customer")} to Stripe`, () => give(key), { class: "main", id: "give" });
    refill(place,
      h("p", null, `${unknown} of POM’s ${counted(all.length, "customer")} are not linked with Stripe yet, and cannot be billed.`),
      !skipped && h("p", null, "E-mail addresses are the primary identifier: Stripe does not get a second customer with the same address."),
      h("div", { class: "actions" }, press, !skipped && button("Not now", skip)));
  };
  const sync = async () => {
    for (const { id } of waiting.data) await post("/v1/customers/{customerId}/sync", { path: { customerId: id } });
    refill(place, h("p", null, "They are being given to Stripe."), seeCustomers());
    done?.();
  };
  if (waiting.data.length > 0) refill(place,
    h("p", null, `${counted(waiting.data.length, "customer")} could not be given to Stripe before, because it was not connected.`),
    h("div", { class: "actions" }, button("Give them to Stripe", sync, { class: "main", id: "give" })));
  else if (unknown > 0) offer();
  else refill(place, h("p", null, `All of POM’s ${counted(all.length, "customer")} are linked with Stripe.`), seeCustomers());
  return place;
}

const seeCustomers = () => h("p", null, h("a", { href: "/customers" }, "See the customers"));

/** @param {Schemas["CustomerImportDetail"]} found @param {Schemas["ImportedCustomer"][]} all @returns {Child[]} */
function progress({ status, total, counts: { queued, created, updated, unchanged, failed }, rows }, all) {
  const words = [
    created > 0 && `${created} new`,
    updated > 0 && `${updated} updated`,
    unchanged > 0 && `${unchanged} unchanged`,
    failed > 0 && `${failed} failed`,
  ].filter(Boolean);
  return [
    h("p", null, `${total - queued} of ${counted(total, "customer")} given to Stripe${words.length ? `: ${words.join(", ")}` : ""}.`),
    status === "completed"
      ? seeCustomers()
      : h("progress", { max: total, value: total - queued, "aria-label": "Customers given to Stripe" }),
    failed > 0 && list(rows.flatMap(({ customerId, row, error }) => {
      const customer = all.find(({ id }) => id === customerId);
      const name = h("strong", null, customer ? customerName(customer) : `Row ${row}`);
      return error ? [[name, `: ${error.message} ${error.nextStep}`]] : [];
    }), null),
  ];
}
