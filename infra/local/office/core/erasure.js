/** A customer's data: its export as a file, its permanent erasure, and the progress of an erasure. */

/** @import { Schemas, Signed } from "./types" */
import { ApiError, get, remove } from "./api.js";
import { go, saveFile } from "./browser.js";
import { h, refill } from "./elements.js";
import { ask, button } from "./forms.js";
import { follow } from "./live.js";
import { may, nameOfUser } from "./session.js";
import { badge, empty, facts, heading, list, notice, numbers, outside, section, table, timeAt } from "./widgets.js";
import { counted, signed } from "./words.js";

/** @typedef {Schemas["ErasureView"]} Erasure */

const REDACTING = "https://docs.stripe.com/privacy/redaction";

const HOW_TO_READ = "Each record has its kind, why it is kept, and its content as it is stored. Amounts are in the smallest unit of the "
  + "currency: 7500 of usd are $75.00. Times in a content are seconds since 1970-01-01 00:00 UTC. People of the company are named by their ids.";

/** @type {Record<Schemas["ErasureStatus"], Signed>} */
const STATUSES = {
  waiting: ["◷", "Not erased yet", "wait"],
  erasing: ["…", "Being erased", "info"],
  erased: ["✓", "Erased", "good"],
};
/** @type {Record<Schemas["InStripe"], string>} */
const CHOICES = {
  keep: "Leave the Stripe customer as it is",
  delete: "Delete the Stripe customer",
};

/** Returns the section in which an admin exports or erases a customer's data. @param {string} customerId @param {() => string} nameNow */
export const dataOf = (customerId, nameNow) => section("This customer’s data", "card stack",
  h("p", null, "Save everything that POM has of this customer as a file, or erase the person for good. The books stay."),
  h("div", { class: "actions" },
    button("Export", () => saveExport(customerId), { id: "export" }),
    button("Erase…", () => erase(customerId, nameNow()), { id: "erase", class: "danger" })));

/** @param {string} customerId */
async function saveExport(customerId) {
  const path = { customerId };
  let part = await get("/v1/customers/{customerId}/export", { path });
  const { exportedAt, data } = part;
  while (part.pageInfo.hasNextPage) {
    part = await get("/v1/customers/{customerId}/export", { path, query: { after: part.pageInfo.endCursor ?? "" } });
    data.push(...part.data);
  }
  const file = { customerId, exportedAt, howToRead: HOW_TO_READ, data };
  saveFile(`customer-${customerId}.json`, JSON.stringify(file, null, 2), "application/json");
}

/** Asks in a dialog and requests the erasure. A refusal has a link to each invoice that must be settled first. @param {string} customerId @param {string} name */
async function erase(customerId, name) {
  const content = [
    h("p", null, h("strong", null, "This cannot be taken back."), " POM permanently removes the person: names, addresses, "
      + "phone, memos, the texts of lines, links, and the cards’ last digits. Amounts, dates and numbers stay for your books."),
    h("p", null, "From now on nobody can bill or save this customer. POM begins after some minutes, checks again a day later, and then "
      + "shows that the erasure is finished."),
    h("p", null, "Deleting the Stripe customer cancels its subscriptions and removes its saved payment methods. Either way Stripe keeps "
      + "past invoices and payments, with the person in them, until you redact them there. ", outside("How to redact in Stripe", REDACTING)),
  ];
  const choices = Object.entries(CHOICES);
  const done = await ask(`Erase ${name}?`, content, {
    fields: [
      { name: "inStripe", label: "In Stripe", type: "select", choices: [["", "Choose…"], .../** @type {[string, string][]} */ (choices)] },
      { name: "confirmation", label: `Type “${name}” to confirm` },
    ],
    confirm: "Erase for good", danger: true,
    work: async ({ inStripe, confirmation }) => {
      if (inStripe !== "keep" && inStripe !== "delete") refuse("inStripe", "Choose what happens to the Stripe customer.");
      else if (confirmation?.trim() !== name) refuse("confirmation", `This is not “${name}”.`);
      else await remove("/v1/customers/{customerId}", { path: { customerId }, query: { inStripe } });
    },
  });
  if (done) {
    go(`/customers/${encodeURIComponent(customerId)}`);
    notice("The customer is closed. POM erases the person.");
  }
}

/** Throws the error that the API would return for a field. @param {string} field @param {string} message @returns {never} */
function refuse(field, message) {
  /** @type {Schemas["ErrorDetail"]} */
  const detail = { code: "confirmation_missing", message, field, nextStep: "Then try again.", invoiceId: null, number: null };
  throw new ApiError(422, { ...detail, details: [detail] });
}

/** Returns true if the request failed because the customer is erased. @param {unknown} error */
export const isErased = (error) => error instanceof ApiError && error.code === "customer_erased";

/** Shows the progress of the erasure of a customer. @param {HTMLElement} main @param {string} customerId @param {AbortSignal} signal */
export async function showErasure(main, customerId, signal) {
  const back = h("p", null, h("a", { href: "/customers" }, "← Customers"));
  if (!may("admin")) {
    return refill(main, back, heading("Erased customer"), empty("Somebody has asked to erase this customer. An admin can see the progress."), invoicesOf(customerId));
  }
  const place = h("div", { class: "stack" });
  await follow("/v1/customers/{customerId}/erasure", { path: { customerId } }, (erasure) => refill(place, ...drawn(erasure)), signal);
  refill(main, back, place);
}

/** @param {string} customerId */
const invoicesOf = (customerId) =>
  h("p", null, h("a", { href: `/invoicing?customerId=${encodeURIComponent(customerId)}` }, "Invoices of this customer"));

/** @param {Erasure} erasure */
function drawn({ customerId, status, message, waitsFor, requestedBy, requestedAt, erasedAt, finishedAt, inStripe, kept, outOfReach }) {
  return [
    heading(erasedAt ? "Erased customer" : "Customer to be erased", badge(...signed(status, STATUSES))),
    h("p", null, message),
    waitsFor.length > 0 && section("What has to be settled first", "card", list(waitsFor.map((each) => [
      `${each.message} ${each.nextStep} `,
      each.invoiceId && h("a", { href: `/invoicing/${each.invoiceId}` }, "See the invoice"),
      each.batchId && h("a", { href: `/billing/batches/${each.batchId}` }, "See the batch"),
    ]))),
    h("div", { class: "cards" },
      section("The erasure", "card stack", facts([
        ["Customer", customerId],
        ["Asked for", [timeAt(requestedAt), ` by ${nameOfUser(requestedBy)}`]],
        ["Begun", timeAt(erasedAt)],
        ["Finished", timeAt(finishedAt)],
      ]), invoicesOf(customerId)),
      section("In Stripe", "card stack", h("p", null, inStripe.message), facts([
        ["Chosen", CHOICES[inStripe.choice] ?? inStripe.choice],
        ["Stripe customer", inStripe.stripeCustomerId],
        ["Deleted", timeAt(inStripe.deletedAt)],
      ]), h("p", null, outside("How to redact in Stripe", inStripe.redactionUrl)))),
    section("What stays", "card", list(kept, null)),
    section("What nobody can change", "card stack",
      h("p", null, "These copies are deleted automatically. Nothing can be removed from them before."),
      table("Copies that nobody can change", ["What", ...numbers("Retained for"), "Deleted by"], outOfReach.map((each) => [
        each.what, counted(each.days, "day"), timeAt(each.goneBy) ?? "Known when the erasure is finished",
      ]))),
  ];
}
