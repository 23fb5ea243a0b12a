/** What needs a person: each thing with its reason, what to do about it, and the button that does it or leads there. */

/** @import { Schemas, Signed, Visit } from "../core/types" */
import { post } from "../core/api.js";
import { h, refill } from "../core/elements.js";
import { button } from "../core/forms.js";
import { follow } from "../core/live.js";
import { depositAddress } from "../core/payment-words.js";
import { may } from "../core/session.js";
import { badge, empty, heading, list, notice, outside, timeAt } from "../core/widgets.js";
import { day, money, signed } from "../core/words.js";

/** @typedef {Schemas["AttentionItemView"]} Item */
/** @typedef {Schemas["AttentionKind"]} Kind */

export const title = "Attention";

/** @type {Record<Kind, Signed>} */
const KINDS = {
  payment_failed: ["✕", "Payment failed", "bad"],
  dispute_needs_response: ["⚑", "Dispute needs a response", "bad"],
  invoice_not_sent: ["✉", "Invoice not sent", "wait"],
  refund_failed: ["↩", "Refund failed", "bad"],
  invoice_overdue: ["!", "Overdue", "bad"],
  customer_without_email: ["@", "No e-mail address", "wait"],
  payout_failed: ["✕", "Deposit failed", "bad"],
  invoice_unknown: ["?", "Unknown invoice", "wait"],
  account_restricted: ["⊘", "Account restricted", "bad"],
};
/** Of each kind: as many as fit into 200 rows together, or those of the one kind that was chosen. */
const [OF_EACH, OF_ONE] = [20, 100];

/** @param {HTMLElement} main @param {Visit} visit */
export async function show(main, { query, signal }) {
  const chosen = /** @type {Kind[]} */ (Object.keys(KINDS)).find((each) => each === query.get("kind"));
  const tiles = h("nav", { "aria-label": "Kinds" });
  const place = h("section", { "aria-label": "What needs a person" });
  /** @param {Schemas["AttentionList"]} list */
  const draw = ({ data, counts }) => {
    const more = counts.some((each) => each.atLeast || each.count > (chosen ? OF_ONE : OF_EACH));
    const content = chosen ? `${OF_ONE} are shown.` : "There are more of some kinds. Choose a kind above to see them.";
    const none = empty("Nothing needs you now. An item appears here when something does.");
    refill(place, data.length > 0 ? list(data.map(itemOf), "bare stack") : none, more && h("p", { class: "soft" }, content));
  };
  await follow("/v1/attention", { query: { first: chosen ? 1 : OF_EACH } }, (all) => {
    refill(tiles, tilesOf(all.counts, chosen));
    if (!chosen) draw(all);
  }, signal);
  if (chosen) await follow("/v1/attention", { query: { kind: chosen, first: OF_ONE } }, draw, signal);
  refill(main, heading(title), tiles, place);
}

/** Returns a link for each kind that has something, or is chosen. @param {Schemas["AttentionCount"][]} counts @param {Kind} [chosen] */
function tilesOf(counts, chosen) {
  const shown = counts.filter(({ kind, count }) => count > 0 || kind === chosen);
  if (shown.length === 0) return null;
  const all = { count: shown.reduce((sum, each) => sum + each.count, 0), atLeast: shown.some((each) => each.atLeast), kind: undefined };
  return list([all, ...shown].map(({ kind, count, atLeast }) => {
    const href = kind ? `/attention?kind=${kind}` : "/attention";
    return h("a", { class: "tile", href, id: `tile-${kind ?? "all"}`, "aria-current": kind === chosen && "page" },
      h("strong", null, `${count}${atLeast ? "+" : ""}`), h("span", null, kind ? signed(kind, KINDS)[1] : "Everything"));
  }), "tiles");
}

/** @param {Item} item */
function itemOf(item) {
  const { kind, at, message, nextStep, amount, currency, customerName, number, dueBy } = item;
  const due = dueBy && badge("◷", `${kind === "dispute_needs_response" ? "Evidence due" : "Due"} ${day(dueBy)}`, "quiet");
  const about = [customerName, number && `Invoice ${number}`].filter(Boolean).join(", ");
  return h("article", { class: "card stack" },
    h("div", { class: "heading" },
      h("span", { class: "badges" }, badge(...signed(kind, KINDS)), due),
      amount !== null && h("strong", { class: "money" }, money(amount, currency))),
    h("div", null, h("h2", { class: "said" }, message), h("p", null, nextStep)),
    h("div", { class: "heading" },
      h("div", { class: "actions" }, actionsOf(item)),
      h("p", { class: "small" }, about && `${about}. `, "Since ", timeAt(at))));
}

/** Returns what solves it, the most fitting first. @param {Item} item */
function actionsOf({ id, kind, invoiceId, number, customerId, payoutId, dashboardUrl }) {
  const leads = (/** @type {string} */ href, /** @type {string} */ content) => h("a", { class: "button", href, id: `${content}-${id}` }, content);
  const remind = (/** @type {string} */ remindedOf) => button("Remind the customer", async () => {
    await post("/v1/invoices/{invoiceId}/remind", { path: { invoiceId: remindedOf } });
    notice(`Stripe e-mails the customer the payment link of invoice ${number ?? ""} again.`);
  }, { id: `remind-${id}` });
  const isDraft = kind === "invoice_not_sent" && number === null;
  const stripe = dashboardUrl && outside("Open in Stripe", dashboardUrl, { class: "button", id: `stripe-${id}` });
  const invoice = invoiceId && kind !== "invoice_unknown" &&
    (isDraft ? leads(`/billing/drafts/${invoiceId}`, "Review and send") : leads(`/invoicing/${invoiceId}`, "See the invoice"));
  switch (kind) {
    case "payment_failed":
    case "invoice_overdue":
      return [invoiceId && may("billing") && remind(invoiceId), invoice];
    case "invoice_not_sent":
      return [invoice];
    case "refund_failed":
      return [invoice, stripe];
    case "customer_without_email":
      if (!may("billing")) return [h("p", { class: "soft" }, "People with the role billing or admin can enter it.")];
      return [customerId && leads(`/customers/${encodeURIComponent(customerId)}`, "Enter the e-mail address")];
    case "payout_failed":
      return [payoutId && leads(depositAddress(payoutId), "See the deposit"), stripe];
    case "account_restricted":
      return [leads("/settings/apps", "Go to Settings → Apps"), stripe];
    default: // a dispute, an invoice without a record in POM, or a kind that the API adds later
      return [stripe, invoice];
  }
}
