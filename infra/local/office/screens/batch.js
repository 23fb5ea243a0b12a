/** A batch of invoices: how far it is, what became of each invoice, and what to do about those that were not made or sent. */

/** @import { Schemas, Signed, Visit } from "../core/types" */
import { newKey, post } from "../core/api.js";
import { services } from "../core/company.js";
import { h, refill } from "../core/elements.js";
import { ask, button } from "../core/forms.js";
import { listing } from "../core/listing.js";
import { follow } from "../core/live.js";
import { may } from "../core/session.js";
import { wayOut } from "../core/way-out.js";
import { badge, empty, heading, loading, numbers, section, table, timeAt } from "../core/widgets.js";
import { counted, money, signed } from "../core/words.js";

/** @typedef {Schemas["InvoiceBatchDetail"]} Batch */
/** @typedef {Schemas["BatchItemView"]} Item */

export const title = "A batch";

const ROWS = 100;

/** Where an invoice of the batch stands. @type {Record<Item["status"], Signed>} */
const PLACES = {
  queued: ["◷", "Queued", "quiet"],
  created: ["✎", "Draft", "quiet"],
  sent: ["✓", "Sent", "good"],
  failed: ["✕", "Failed", "bad"],
  held_back: ["!", "Held back", "bad"],
  cancelled: ["⊘", "Left out", "quiet"],
};

/** @param {HTMLElement} main @param {Visit} visit */
export async function show(main, { params: [batchId = ""], signal }) {
  if (!may("billing")) {
    const elsewhere = h("a", { href: "/invoicing" }, "Go to Invoicing");
    return refill(main, heading("Batch of invoices"), empty("Batches take the role billing or admin.", elsewhere));
  }
  const path = { batchId };
  const names = new Map((await services()).map(({ customerId, customerName }) => [customerId, customerName]));
  const state = h("section", { class: "card stack", "aria-label": "Progress", hidden: true });
  const items = listing(signal, async (after, turned, draw) => {
    const again = await follow("/v1/invoice-batches/{batchId}", { path, query: { first: ROWS, after } }, (batch) => {
      state.hidden = false;
      refill(state, ...progress(batch, () => again()));
      draw(itemsOf(batch, names), batch.pageInfo);
    }, turned);
  });
  const back = h("a", { href: "/billing" }, "Back to Billing");
  refill(main, heading("Batch of invoices", back), state, section("Invoices of this batch", "", ...items.place));
  await items.showFirst();
}

/** @param {Batch} batch */
const isRunning = ({ status }) => status !== "completed" && status !== "cancelled";

/** Returns how far a batch is, and what can be done with it. @param {Batch} batch @param {() => Promise<void>} again */
function progress(batch, again) {
  const { counts, total, invoicingPaused: pause } = batch;
  const path = { batchId: batch.id };
  const running = isRunning(batch);
  const drafts = counts.created + counts.heldBack;
  const told = [
    [counts.sent, "sent"],
    [counts.created, counts.created === 1 ? "draft made" : "drafts made"],
    [counts.queued, "queued"],
    [counts.heldBack, "held back"],
    [counts.failed, "failed"],
    [counts.cancelled, "left out"],
  ].flatMap(([count, word]) => (count ? [`${count.toLocaleString("en-US")} ${word}`] : []));
  const first = batch.items.find(isDraft)?.invoiceId;
  const send = () => {
    const key = newKey();
    return ask("Send all drafts?", [
      h("p", null, `Stripe e-mails what is still a draft to the customers: ${counted(drafts, "invoice")} at most.`),
      h("p", null, "A draft that was changed in Stripe, or that Stripe refuses, is held back with the reason."),
    ], { confirm: "Send", work: () => post("/v1/invoice-batches/{batchId}/send", { path, key }).then(again) });
  };
  const retry = () => post("/v1/invoice-batches/{batchId}/retry", { path }).then(again);
  const left = batch.sendRequestedAt
    ? "What is queued stays a draft, and can be sent later."
    : "What is queued is left out: its services can be billed again.";
  const cancel = () => ask("Cancel what is queued?", h("p", null, `${left} What has been made or sent stays as it is.`), {
    confirm: "Stop the batch", danger: true, work: () => post("/v1/invoice-batches/{batchId}/cancel", { path }).then(again),
  });
  return [
    h("p", null, h("strong", null, `${stateInWords(batch)} `), `${counted(total, "invoice")}: ${told.join(", ")}.`),
    h("progress", { max: Math.max(1, total), value: total - counts.queued, "aria-label": `${total - counts.queued} of ${total} done` }),
    h("p", { class: "small" }, "Asked for ", timeAt(batch.createdAt),
      batch.sendRequestedAt && [". Sending ordered ", timeAt(batch.sendRequestedAt)],
      batch.sendCancelledAt && [". Sending cancelled ", timeAt(batch.sendCancelledAt)], "."),
    pause && h("p", { class: "note" },
      "Invoicing is paused since ", timeAt(pause.since), `: ${pause.reason} The batch continues automatically afterwards.`),
    h("div", { class: "actions" },
      !running && first && h("a", { class: "button", id: "review", href: draftPage(first, batch.id) }, "Review the drafts"),
      !running && drafts > 0 && button("Send all drafts…", send, { id: "send", class: "main" }),
      batch.status === "completed" && counts.failed > 0 && button("Retry the failed", retry, { id: "retry" }),
      running && batch.status !== "cancelling" && counts.queued > 0 &&
        button("Cancel what is queued…", cancel, { id: "cancel", class: "danger" })),
  ];
}

/** @param {Batch} batch */
function stateInWords({ status, sendRequestedAt, counts }) {
  if (status === "cancelling") return "Being cancelled: what was begun is still being finished.";
  if (status === "cancelled") return "Cancelled.";
  if (status !== "completed") return sendRequestedAt ? "Drafts are being sent." : "Invoices are being made.";
  return counts.failed + counts.heldBack > 0 ? "Done. Not all went through." : "Done.";
}

/**
 * Returns the invoices of a page; those that need a person come first.
 *
 * @param {Batch} batch
 * @param {Map<string, string>} names of the customers that only POM has
 */
function itemsOf({ id, items }, names) {
  const needy = items.filter(({ error }) => error);
  if (items.length === 0) return loading("The invoices of this batch are being written down…");
  const columns = ["Customer", "Status", ...numbers("Invoice", "Total")];
  return table("Invoices of this batch", columns, [...needy, ...items.filter(({ error }) => !error)].map((item) => [
    h("span", { dir: "auto" }, item.customerName ?? names.get(item.customerId) ?? item.customerId),
    [badge(...signed(item.status === "created" && item.number ? "sent" : item.status, PLACES)), reason(item)],
    item.invoiceId && item.total && link(item, item.invoiceId, id),
    item.total && money(item.total, item.currency),
  ]));
}

/** Returns true if an item is a draft: it still counts as made, or held back, after somebody has sent it by itself. @param {Item} item */
const isDraft = ({ status, number }) => (status === "created" || status === "held_back") && !number;

/** @param {Item} item */
const reason = ({ error, customerId }) =>
  error && h("div", { class: "why" },
    h("p", null, error.message), h("p", { class: "soft" }, error.nextStep, wayOut({ ...error, customerId })));

/** @param {string} invoiceId @param {string} batch */
const draftPage = (invoiceId, batch) => `/billing/drafts/${invoiceId}?batch=${batch}`;

/** @param {Item} item @param {string} invoiceId @param {string} batch */
function link(item, invoiceId, batch) {
  const href = isDraft(item) ? draftPage(invoiceId, batch) : `/invoicing/${invoiceId}`;
  return h("a", { href, id: `item-${invoiceId}` }, isDraft(item) ? "Review" : item.number ?? "See the invoice");
}
