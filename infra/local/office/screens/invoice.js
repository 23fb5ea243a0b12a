/** An invoice: an explanation of its status, its lines, payments and timeline, and the available actions. */

/** @import { Child } from "../core/elements.js" */
/** @import { Schemas, Signed, Visit } from "../core/types" */
import { ApiError, newKey, post } from "../core/api.js";
import { go } from "../core/browser.js";
import { h, refill } from "../core/elements.js";
import { ask, button } from "../core/forms.js";
import { listing } from "../core/listing.js";
import { follow } from "../core/live.js";
import { depositAddress } from "../core/payment-words.js";
import { may, nameOfUser } from "../core/session.js";
import { entryOf } from "../core/timeline.js";
import { badge, badges, facts, heading, list, notice, numbers, outside, section, table, timeAt, timeOn } from "../core/widgets.js";
import { choiceOf, isNothing, methodInWords, money, plain, signed } from "../core/words.js";

/** @typedef {Schemas["InvoiceDetail"]} Invoice */
/** @typedef {Schemas["PaymentView"]} Payment */
/** @typedef {() => Promise<unknown>} Look loads and shows the invoice again */

export const title = "Invoice";

const METHODS = /** @type {const} */ (["check", "cash", "bank_transfer", "card_terminal", "other"]);
const REASONS = /** @type {const} */ (["requested_by_customer", "duplicate", "fraudulent"]);

/** @type {Record<Schemas["LoggedOutcome"], Signed>} */
const OUTCOMES = {
  applied: ["✓", "Applied", "good"],
  nothing_new: ["=", "Nothing new", "quiet"],
  recovered: ["↻", "Recovered", "info"],
  parked: ["!", "Parked", "bad"],
};

/** @param {HTMLElement} main @param {Visit} visit */
export async function show(main, { params: [invoiceId = ""], signal }) {
  const place = h("div", { class: "invoice stack" });
  /** @type {string | null} */
  let status = null;
  const look = await follow("/v1/invoices/{invoiceId}", { path: { invoiceId } }, (invoice) => {
    document.title = `${nameOf(invoice)} – Pool Office Manager`;
    if (status !== null && status !== invoice.status) notice(`${nameOf(invoice)}: now ${signed(invoice.status)[1]}.`);
    status = invoice.status;
    refill(place, ...drawn(invoice, () => look()));
  }, signal);
  refill(main, place, eventLog(invoiceId, signal));
}

/** @param {Invoice} invoice */
const nameOf = ({ number, status }) => (number ? `Invoice ${number}` : status === "draft" ? "Draft" : "Invoice without a number");

/** @param {Invoice} invoice @param {Look} look */
function drawn(invoice, look) {
  const { explanation, correctsInvoiceId, correctedByInvoiceId, payments } = invoice;
  return [
    heading(nameOf(invoice), badges(invoice)),
    h("p", null, explanation),
    invoice.erasedAt && h("p", { class: "note" }, "The customer was erased on ", timeAt(invoice.erasedAt),
      ". Amounts, dates and numbers stay for the books. Texts, names and links are gone."),
    correctsInvoiceId && h("p", null, h("a", { href: `/invoicing/${correctsInvoiceId}` }, "See the invoice that it corrects")),
    correctedByInvoiceId && h("p", null, h("a", { href: `/invoicing/${correctedByInvoiceId}` }, "See the copy that corrects it")),
    actionsOn(invoice, look),
    h("div", { class: "columns" },
      h("div", { class: "stack" }, aboutOf(invoice), linesOf(invoice),
        payments.length > 0 && section("Payments", "stack", payments.map((each) => paymentOf(each, look)))),
      section("Timeline", "card", h("ol", { class: "timeline" }, invoice.history.map(entryOf)))),
  ];
}

/** Returns the buttons of the actions that this person can take now. @param {Invoice} invoice @param {Look} look */
function actionsOn(invoice, look) {
  const { id, status, currency, balance, paymentUrl, pdfUrl, dashboardUrl, erasedAt } = invoice;
  const path = { invoiceId: id };
  const isDraft = status === "draft";
  const isUnderWay = invoice.payments.some((each) => each.status === "pending");
  const isOpen = ["pending", "failed"].includes(status) && !isUnderWay;
  const isPayable = isOpen || (status === "uncollectible" && !isUnderWay);
  const isUnpaid = isPayable && isNothing(invoice.paidAmount);
  const customer = invoice.customerEmail ?? "the customer";

  const send = () => ask("Send this invoice?", h("p", null, `Stripe e-mails ${customer} the link to pay it.`), {
    confirm: "Send the invoice", work: () => post("/v1/invoices/{invoiceId}/send", { path }).then(look),
  });
  const remind = () => ask("Remind the customer?", h("p", null, `Stripe e-mails the payment link to ${customer} again.`), {
    confirm: "Send the reminder", work: () => post("/v1/invoices/{invoiceId}/remind", { path }).then(look),
  });
  const end = () => ask(isDraft ? "Delete this draft?" : "Void this invoice?", h("p", null, isDraft
    ? "The draft is deleted in Stripe. Its services can be billed again."
    : "Nobody can pay it any more, and that is for good. Its services can be billed again."), {
    confirm: isDraft ? "Delete the draft" : "Void the invoice", danger: true,
    work: () => post("/v1/invoices/{invoiceId}/void", { path }).then(look),
  });
  const correct = async () => ask("Correct this invoice?", h("p", null, await whatCorrectingDoes(id)), {
    confirm: "Void it and make a copy", danger: true,
    work: async () => {
      const copy = await post("/v1/invoices/{invoiceId}/correct", { path, body: { confirmed: true } });
      go(copy.status === "draft" ? `/billing/drafts/${copy.id}` : `/invoicing/${copy.id}`);
    },
  });
  const markPaid = () => ask("Mark as paid", h("p", null, "For money outside Stripe. All that is left to pay is recorded as paid."), {
    fields: [
      { name: "method", label: "How it was paid", type: "select", choices: METHODS.map(choiceOf) },
      { name: "paidOn", label: "Day of the payment", type: "date", hint: "Today, if it is left empty." },
      ...(erasedAt ? [] : [{ name: "reference", label: "Reference", hint: "Such as the number of the check." }]),
      { name: "amount", label: `Amount in ${currency.toUpperCase()}`, value: balance },
    ],
    confirm: "Mark as paid",
    work: ({ method, paidOn, reference, amount }) => {
      const how = METHODS.find((each) => each === method) ?? "other";
      const body = { method: how, paidOn: paidOn || null, reference: reference || null, amount: amount || null };
      return post("/v1/invoices/{invoiceId}/mark-paid", { path, body }).then(look);
    },
  });
  const readAgain = async () => {
    await post("/v1/invoices/{invoiceId}/refresh", { path }).then(look);
    notice("This is how the invoice stands in Stripe now.");
  };
  /** @param {string} link */
  const copyLink = (link) => navigator.clipboard.writeText(link).then(() => notice("The payment link was copied."));

  return h("div", { class: "actions" },
    may("billing") ? [
      isDraft && h("a", { class: "button main", href: `/billing/drafts/${id}`, id: "review" }, "Review the draft"),
      isDraft && button("Send…", send, { id: "send" }),
      isOpen && !invoice.disputed && button("Remind…", remind, { id: "remind" }),
      isPayable && button("Mark as paid…", markPaid, { id: "mark-paid" }),
      isUnpaid && button("Correct…", correct, { id: "correct" }),
      (isUnpaid || isDraft) && button(isDraft ? "Delete…" : "Void…", end, { id: "void", class: "danger" }),
      invoice.stripeInvoiceId && status !== "creating" && button("Refresh", readAgain, { id: "refresh" }),
    ] : h("p", { class: "hint" }, "Somebody with the role billing can send, remind and record payments."),
    paymentUrl && isPayable && button("Copy the payment link", () => copyLink(paymentUrl), { id: "copy" }),
    paymentUrl && outside("Payment page", paymentUrl),
    pdfUrl && outside("PDF", pdfUrl),
    dashboardUrl && outside("Open in Stripe", dashboardUrl));
}

/** Sends the request without a confirmation first, because the refusal explains the effect on this invoice. @param {string} invoiceId */
async function whatCorrectingDoes(invoiceId) {
  try {
    await post("/v1/invoices/{invoiceId}/correct", { path: { invoiceId }, body: { confirmed: false } });
    return "The invoice has just been corrected. This page shows its copy.";
  } catch (error) {
    if (error instanceof ApiError && error.code === "confirmation_missing") return error.message;
    throw error;
  }
}

/** @param {Invoice} invoice */
function aboutOf(invoice) {
  /** @param {string} amount */
  const unlessNothing = (amount) => !isNothing(amount) && money(amount, invoice.currency);
  const customer = may("billing") ? { href: `/customers/${encodeURIComponent(invoice.customerId)}` } : {}; // without the role, the page of the customer cannot be opened
  return h("section", { class: "card" }, h("h2", null, h("a", { ...customer, dir: "auto" }, invoice.customerName ?? (invoice.erasedAt ? "Erased customer" : "No name"))), facts([
    ["Total", h("strong", null, money(invoice.total, invoice.currency))],
    ["To be paid", money(invoice.balance, invoice.currency)],
    ["Received", money(invoice.receivedAmount, invoice.currency)],
    ["Refunded", unlessNothing(invoice.refundedAmount)],
    ["Lost to disputes", unlessNothing(invoice.lostAmount)],
    ["Overpaid", unlessNothing(invoice.overpaidAmount)],
    ["Credit notes", unlessNothing(invoice.creditedAmount)],
    ["From the customer’s balance", unlessNothing(invoice.balanceAppliedAmount)],
    ["Changed in Stripe by", unlessNothing(invoice.totalDifference)],
    ["Due", timeOn(invoice.dueDate)],
    ["Paid on", timeOn(invoice.paidOn)],
    ["Sent", timeAt(invoice.sentAt)],
    ["Created", timeAt(invoice.createdAt)],
    ["Replaces the numbers", invoice.replacedNumbers.join(", ") || null],
    ["Memo", invoice.memo && h("span", { class: "text" }, invoice.memo)],
  ]));
}

/** @param {Invoice} invoice */
function linesOf({ lineItems, deductions, tax, currency, discountAmount }) {
  const columns = ["Service", ...numbers("Quantity", "Price", "Amount")];
  const services = lineItems.map((each) => [
    [each.description, each.serviceDate && h("span", { class: "small" }, " ", timeOn(each.serviceDate))],
    each.quantity, money(each.unitPrice, currency), money(each.amount, currency),
  ]);
  const taken = deductions.map((each) => [`${plain(each.kind)}: ${each.description}`, "", "", money(`-${each.amount}`, currency)]);
  const discounts = isNothing(discountAmount) ? [] : [["Discounts in Stripe", "", "", money(`-${discountAmount}`, currency)]];
  const taxes = isNothing(tax) ? [] : [["Tax", "", "", money(tax, currency)]];
  return section("Services", "", table("Services, deductions and tax", columns, [...services, ...taken, ...discounts, ...taxes]));
}

/** @param {Payment} payment @param {Look} look */
function paymentOf(payment, look) {
  const { id, amount, currency, method, failure, outside: record, receiptUrl, dashboardUrl } = payment;
  const canRefund = !isNothing(payment.refundable);
  return h("article", { class: "card stack" },
    h("div", { class: "heading" }, h("h3", null, money(amount, currency)), badge(...signed(payment.status))),
    facts([
      ["Method", record ? `${methodInWords(method)}, outside Stripe` : methodInWords(method)],
      ["When", record ? timeOn(record.paidOn) : timeAt(payment.at)],
      ["Reference", record?.reference],
      ["Recorded", record && [timeAt(record.recordedAt), ` by ${nameOfUser(record.recordedBy)}`]],
      ...feeOf(payment),
    ]),
    failure && h("p", null, h("strong", null, `${plain(failure.reason)}. `), `${failure.message} ${failure.nextStep}`),
    depositsOf(payment),
    payment.refunds.map((each) => partOf(each, "Refund of", { ...each, currency })),
    payment.disputes.map((each) => partOf(each, "Dispute over", each,
      isToAnswer(each) && h("p", null, "Stripe must have the evidence by ", timeAt(each.evidenceDueBy), "."),
      each.dashboardUrl && outside(isToAnswer(each) ? "Answer it in Stripe" : "See the dispute in Stripe", each.dashboardUrl))),
    h("div", { class: "actions" },
      canRefund && may("admin") && button("Refund…", () => refund(payment, look), { id: `refund-${id}` }),
      canRefund && !may("admin") && h("p", { class: "hint" }, "An admin can refund it."),
      receiptUrl && outside("Receipt", receiptUrl), dashboardUrl && outside("Payment in Stripe", dashboardUrl)));
}

/** @param {Schemas["DisputeView"]} dispute */
const isToAnswer = ({ status, evidenceDueBy }) => status.endsWith("needs_response") && evidenceDueBy !== null;

/**
 * @param {Schemas["RefundView"] | Schemas["DisputeView"]} part
 * @param {string} word
 * @param {{ amount: string, currency: string, reason: string | null, failureReason?: string | null }} about
 * @param {...Child} more
 */
function partOf(part, word, { amount, currency, reason, failureReason = null }, ...more) {
  const why = [reason, failureReason].filter((each) => each !== null).map(plain).join(". ");
  return h("section", { class: "part" },
    h("div", { class: "badges" }, h("h4", null, `${word} ${money(amount, currency)}`), badge(...signed(part.status))),
    h("p", { class: "small" }, timeAt(part.at), why && ` · ${why}`), facts(feeOf(part)), depositsOf(part), ...more);
}

/** @param {Pick<Payment, "feeStatus" | "fee" | "net" | "settlementCurrency">} moved @returns {[string, string | false][]} */
const feeOf = ({ feeStatus, fee, net, settlementCurrency }) => [
  ["Stripe’s fee", feeStatus === "pending" ? "Not known yet" : fee !== null && money(fee, settlementCurrency)],
  ["Net", net !== null && money(net, settlementCurrency)],
];

/** @param {Pick<Payment, "deposits">} moved */
const depositsOf = ({ deposits }) => deposits.length > 0 && list(deposits.map(({ message, payoutId }) =>
  [message, " ", payoutId && h("a", { href: depositAddress(payoutId) }, "See the deposit")]));

/** @param {Payment} payment @param {Look} look */
function refund({ id, currency, refundable }, look) {
  const key = newKey();
  return ask("Refund", h("p", null, "Stripe gives the money back in the way it was paid."), {
    fields: [
      { name: "amount", label: `Amount in ${currency.toUpperCase()}`, value: refundable, hint: `At most ${money(refundable, currency)}.` },
      {
        name: "reason", label: "Reason", type: "select", choices: [["", "None"], ...REASONS.map(choiceOf)],
        hint: "With “Fraudulent”, Stripe blocks the card and the e-mail address.",
      },
    ],
    confirm: "Refund", danger: true,
    work: async ({ amount, reason }) => {
      // An empty amount is refused, because without an amount the API refunds the whole payment.
      const body = { amount: amount ?? "", reason: REASONS.find((each) => each === reason) ?? null };
      const made = await post("/v1/payments/{paymentId}/refunds", { path: { paymentId: id }, body, key });
      const outcome = made.id ? plain(made.status) : "ordered. Stripe has not responded yet";
      notice(`Refund of ${money(made.amount, currency)}: ${outcome}.`);
      await look();
    },
  });
}

/** Returns the log of Stripe's events, which is loaded when somebody opens it. @param {string} invoiceId @param {AbortSignal} signal */
function eventLog(invoiceId, signal) {
  let closing = new AbortController();
  const events = listing(signal, (after, turned, draw) =>
    follow("/v1/invoices/{invoiceId}/events", { path: { invoiceId }, query: { after } }, (log) => {
      const content = h("p", { class: "hint" }, `An event is kept for ${log.keptDays} days, the timeline for good.`);
      draw([content, eventTable(log.data)], log.pageInfo);
    }, AbortSignal.any([turned, closing.signal])));
  const details = h("details", { class: "card" }, h("summary", null, "Event log"), ...events.place);
  details.addEventListener("toggle", () => {
    closing.abort();
    closing = new AbortController();
    if (details.open) void events.showFirst();
  });
  return details;
}

/** @param {Schemas["InvoiceEvents"]["data"]} events */
const eventTable = (events) =>
  table("Events", ["Event", "Outcome", "Source", "Arrived", ...numbers("Lag")], events.map((each) => [
    each.dashboardUrl ? outside(each.type, each.dashboardUrl) : each.type,
    [badge(...signed(each.outcome, OUTCOMES)), h("p", { class: "small" }, each.reason)],
    each.source === "sweep" ? "Fetched by POM" : each.source ? plain(each.source) : "–",
    timeAt(each.arrivedAt),
    `${each.lagSeconds.toLocaleString("en-US")} s`,
  ]));
