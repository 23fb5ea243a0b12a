/** A customer's data: everything that POM has of it as a file, erasing it for good, and how far that is. */

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

/** Returns what an admin can do with all that POM has of a customer. @param {string} customerId @param {() => string} nameNow */
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
  saveFile(`customer-${customerId}.json`, JSON.stringify({ customerId, exportedAt, data }, null, 2), "application/json");
}

/** Asks for the erasure. A refusal leads to each invoice that has to be settled first. @param {string} customerId @param {string} name */
async function erase(customerId, name) {
  const said = [
    h("p", null, h("strong", null, "This cannot be taken back."), " POM forgets who this customer is, for good: names, addresses, "
      + "phone, memos, the texts of lines, links, and the cards’ last digits. Amounts, dates and numbers stay for your books."),
    h("p", null, "From now on nobody can bill or save this customer. POM begins after some minutes, looks again a day later, and then "
      + "says that it is done."),
    h("p", null, "Deleting the Stripe customer cancels its subscriptions and removes its saved payment methods. Either way Stripe keeps "
      + "past invoices and payments, with the person in them, until you redact them there. ", outside("How to redact in Stripe", REDACTING)),
  ];
  const choices = Object.entries(CHOICES);
  const done = await ask(`Erase ${name}?`, said, {
    fields: [
      { name: "inStripe", label: "In Stripe", type: "select", choices: [["", "Choose…"], .../** @type {[string, string][]} */ (choices)] },
      { name: "confirmation", label: `Type “${name}” to confirm` },
    ],
    confirm: "Erase for good", danger: true,
    work: async ({ inStripe, confirmation }) => {
      if (inStripe !== "keep" && inStripe !== "delete") refuse("inStripe", "Choose what becomes of the Stripe customer.");
      else if (confirmation?.trim() !== name) refuse("confirmation", `This is not “${name}”.`);
      else await remove("/v1/customers/{customerId}", { path: { customerId }, query: { inStripe } });
    },
  });
  if (done) {
    go(`/customers/${encodeURIComponent(customerId)}`);
    notice("The customer is closed. POM erases the person.");
  }
}

/** Refuses what was typed, as the API refuses it. @param {string} field @param {string} message @returns {never} */
function refuse(field, message) {
  /** @type {Schemas["ErrorDetail"]} */
  const detail = { code: "confirmation_missing", message, field, nextStep: "Then try again.", invoiceId: null, number: null };
  throw new ApiError(422, { ...detail, details: [detail] });
}

/** Returns true if what was asked for is the data of an erased customer. @param {unknown} error */
export const isErased = (error) => error instanceof ApiError && error.code === "customer_erased";

/** Shows how far the erasure of a customer is. @param {HTMLElement} main @param {string} customerId @param {AbortSignal} signal */
export async function showErasure(main, customerId, signal) {
  const back = h("p", null, h("a", { href: "/customers" }, "← Customers"));
  if (!may("admin")) {
    return refill(main, back, heading("Erased customer"), empty("This customer has been erased. An admin can see how far that is."), invoicesOf(customerId));
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
    heading("Erased customer", badge(...signed(status, STATUSES))),
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
      h("p", null, "These copies go by themselves. Nothing can be taken out of them before."),
      table("Copies that nobody can change", ["What", ...numbers("Kept for"), "Gone by"], outOfReach.map((each) => [
        each.what, counted(each.days, "day"), timeAt(each.goneBy) ?? "Known when the erasure is finished",
      ]))),
  ];
}
