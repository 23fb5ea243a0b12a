/** What needs a person: each thing with its reason, what to do about it, and the button that does it or leads there. */

import { post } from "../core/api.js";
import { h, refill } from "../core/elements.js";
import { follow } from "../core/live.js";
import { depositAddress } from "../core/payment-words.js";
import { may } from "../core/session.js";
import { badge, button, empty, heading, notice, timeAt } from "../core/widgets.js";
import { day, money, plain } from "../core/words.js";

/** @typedef {import("../core/types").Schemas} Schemas */
/** @typedef {Schemas["AttentionItemView"]} Item */

export const title = "Attention";

/** @typedef {Schemas["AttentionKind"]} Kind */
/** @type {Record<Kind, [string, string, string]>} */
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

/** @param {string | null} word @returns {Kind | undefined} */
const kindOf = (word) => /** @type {Kind[]} */ (Object.keys(KINDS)).find((each) => each === word);

/** @param {HTMLElement} main @param {import("../core/types").Visit} visit */
export async function show(main, { query, signal }) {
  const kind = kindOf(query.get("kind"));
  const tiles = h("nav", { "aria-label": "Kinds" });
  const place = h("section", { "aria-label": "What needs a person" });
  /** @param {Schemas["AttentionList"]} list */
  const list = ({ data, counts }) => {
    const more = counts.some((each) => each.atLeast || each.count > (kind ? OF_ONE : OF_EACH));
    refill(
      place,
      data.length ? h("ul", { class: "bare stack" }, data.map(itemOf)) : empty("Nothing needs you now. It is said here when something does."),
      more && h("p", { class: "soft" }, kind ? `${OF_ONE} are shown.` : "There are more of some kinds. Choose a kind above to see them."),
    );
  };
  await follow("/v1/attention", { query: { first: kind ? 1 : OF_EACH } }, (all) => {
    refill(tiles, tilesOf(all.counts, kind));
    if (!kind) list(all);
  }, signal);
  if (kind) await follow("/v1/attention", { query: { kind, first: OF_ONE } }, list, signal);
  refill(main, heading(title), tiles, place);
}

/** Returns a link for each kind that has something, or is chosen. @param {Schemas["AttentionCount"][]} counts @param {Kind | undefined} chosen */
function tilesOf(counts, chosen) {
  const shown = counts.filter(({ kind, count }) => count > 0 || kind === chosen);
  if (shown.length === 0) return null;
  const tile = (/** @type {string} */ href, /** @type {string} */ count, /** @type {string} */ name, /** @type {boolean} */ here) =>
    h("li", null, h("a", { class: "tile", href, id: `tile-${name}`, "aria-current": here && "page" }, h("strong", null, count), h("span", null, name)));
  const all = shown.reduce((sum, each) => sum + each.count, 0);
  return h("ul", { class: "tiles" },
    tile("/attention", `${all}${shown.some((each) => each.atLeast) ? "+" : ""}`, "Everything", !chosen),
    shown.map(({ kind, count, atLeast }) =>
      tile(`/attention?kind=${kind}`, `${count}${atLeast ? "+" : ""}`, (KINDS[kind] ?? ["•", plain(kind)])[1], kind === chosen)));
}

/** @param {Item} item */
function itemOf(item) {
  const { kind, at, message, nextStep, amount, currency, customerName, number, dueBy } = item;
  const about = [customerName, number && `Invoice ${number}`].filter(Boolean).join(", ");
  return h("li", { class: "card stack" },
    h("div", { class: "heading" },
      h("span", { class: "badges" }, badge(...(KINDS[kind] ?? ["•", plain(kind), "quiet"])), dueBy && dueBadge(kind, dueBy)),
      amount !== null && h("strong", { class: "money" }, money(amount, currency))),
    h("div", null, h("h2", { class: "said" }, message), h("p", null, nextStep)),
    h("div", { class: "heading" },
      h("div", { class: "actions" }, actionsOf(item)),
      h("p", { class: "small" }, about && `${about}. `, "Since ", timeAt(at))));
}

/** @param {Kind} kind @param {string} dueBy */
function dueBadge(kind, dueBy) {
  const passed = Date.parse(dueBy) < Date.now();
  const what = kind === "dispute_needs_response" ? "Evidence due" : "Due";
  return badge("◷", `${what} ${day(dueBy)}${passed ? ", which has passed" : ""}`, passed ? "bad" : "quiet");
}

/** Returns what solves it, the most fitting first. @param {Item} item */
function actionsOf({ id, kind, invoiceId, number, customerId, payoutId, dashboardUrl }) {
  const leads = (/** @type {string} */ href, /** @type {string} */ said) => h("a", { class: "button", href, id: `${said}-${id}` }, said);
  const isDraft = kind === "invoice_not_sent" && number === null;
  const invoice = invoiceId && kind !== "invoice_unknown" && !isDraft && leads(`/invoicing/${encodeURIComponent(invoiceId)}`, "Open the invoice");
  const stripe = dashboardUrl && h("a", { class: "button", href: dashboardUrl, target: "_blank", rel: "noopener", id: `stripe-${id}` }, "Open in Stripe ↗");
  switch (kind) {
    case "payment_failed":
    case "invoice_overdue":
      return [invoiceId && may("billing") && remind(id, invoiceId, number), invoice];
    case "invoice_not_sent":
      return [isDraft && leads(`/billing/drafts/${encodeURIComponent(invoiceId ?? "")}`, "Review and send"), invoice];
    case "customer_without_email":
      if (!may("billing")) return [h("p", { class: "soft" }, "People with the role billing or admin can enter it.")];
      return [leads(`/customers/${encodeURIComponent(customerId ?? "")}`, "Enter the e-mail address")];
    case "payout_failed":
      return [leads(depositAddress(payoutId ?? ""), "Open the deposit"), stripe];
    case "account_restricted":
      return [leads("/settings/apps", "Go to Settings: Apps"), stripe];
    default: // a dispute, an invoice that POM does not know, a failed refund, and what may be added
      return kind === "refund_failed" ? [invoice, stripe] : [stripe, invoice];
  }
}

/** @param {string} id @param {string} invoiceId @param {string | null} number */
const remind = (id, invoiceId, number) =>
  button("Remind the customer", async () => {
    await post("/v1/invoices/{invoiceId}/remind", { path: { invoiceId } });
    notice(`Stripe e-mails the customer the payment link of invoice ${number ?? ""} again.`);
  }, { id: `remind-${id}` });
