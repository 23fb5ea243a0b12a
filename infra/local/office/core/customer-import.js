/** Giving the office's customers to Stripe in one import. Its key is the organization's, so it is made once, whoever asks. */

import { ApiError, newKey, post } from "./api.js";
import { customers } from "./company.js";
import { h, refill } from "./elements.js";
import { follow } from "./live.js";
import { person } from "./session.js";
import { button, notice, problem } from "./widgets.js";
import { counted } from "./words.js";

/** @typedef {import("./types").Schemas["CustomerImportDetail"]} Import */
/** @typedef {import("./company.js").Customer} Customer */

const LATER = "later";

/**
 * Returns what offers the import, and how far it is once it was asked for. Role `billing`.
 *
 * @param {AbortSignal} signal
 * @param {() => unknown} [done] called when an import has been completed before the person's eyes
 */
export async function customerImport(signal, done) {
  const place = h("div", { class: "stack" });
  const remembered = `office.import.${person().organization}`;
  const all = await customers();
  const over = new AbortController();

  /** @param {string} key */
  const give = async (key) => {
    try {
      const begun = await post("/v1/customer-imports", { key, body: { customers: all } });
      localStorage.setItem(remembered, begun.id);
      await watch(begun.id);
    } catch (error) {
      if (!(error instanceof ApiError && error.code === "idempotency_key_reused")) throw error;
      const said = "The customers were given to Stripe before, and POM’s records have changed since.";
      refill(place, problem(error), h("p", null, said), button("Give them as they are now", () => give(newKey()), { class: "main" }));
    }
  };

  const offer = () => {
    const key = `customers-of-${person().organization}`;
    const press = button(`Give ${counted(all.length, "customer")} to Stripe`, () => give(key), { class: "main" });
    const later = button("Not now", () => {
      localStorage.setItem(remembered, LATER);
      offer();
    });
    const skipped = localStorage.getItem(remembered) === LATER;
    const said = skipped
      ? "The office’s customers have not been given to Stripe yet. Only those that have been can be billed."
      : `POM has ${counted(all.length, "customer")}. Given to Stripe, they can be billed. E-mail addresses are the primary identifier: ` +
        "a customer that Stripe has already is linked, and not made twice. Nobody is e-mailed.";
    refill(place, h("p", null, said), h("div", { class: "actions" }, press, !skipped && later));
  };

  /** @param {string} importId */
  const watch = async (importId) => {
    let wasRunning = false;
    const both = AbortSignal.any([signal, over.signal]);
    await follow("/v1/customer-imports/{importId}", { path: { importId }, query: { first: 100 } }, (found) => {
      refill(place, ...progress(found, all));
      if (found.status !== "completed") return void (wasRunning = true);
      over.abort();
      if (wasRunning) notice("The customers have been given to Stripe.");
      if (wasRunning) done?.();
    }, both);
  };

  const known = localStorage.getItem(remembered);
  if (!known || known === LATER) offer();
  else {
    try {
      await watch(known);
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 404)) throw error;
      localStorage.removeItem(remembered); // the stack has begun anew
      offer();
    }
  }
  return place;
}

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
      ? h("p", null, h("a", { href: "/customers" }, "See the customers"))
      : h("progress", { max: total, value: total - queued, "aria-label": "Customers given to Stripe" }),
    failed > 0 && h("ul", null, rows.flatMap(({ customerId, row, error }) => {
      const name = nameOf(all.find((each) => each.id === customerId)) || `Row ${row}`;
      return error ? [h("li", null, h("strong", null, name), `: ${error.message} ${error.nextStep}`)] : [];
    })),
  ];
}

/** @param {Customer | undefined} customer */
const nameOf = (customer) => customer?.companyName || [customer?.firstName, customer?.lastName].filter(Boolean).join(" ");
