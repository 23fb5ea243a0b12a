/** Payments and deposits: what is on its way, the deposits, and each payment, refund and dispute. */

import { ApiError, getTable } from "../core/api.js";
import { h, refill } from "../core/elements.js";
import { saveFile } from "../core/files.js";
import { allOr, filters, listing } from "../core/listing.js";
import { follow } from "../core/live.js";
import { bankInWords, depositAddress, depositBadge, invoiceOf, isDebit, paymentBadge, whereBadge } from "../core/payment-words.js";
import { badge, button, empty, facts, heading, notice, problem, table, timeOn } from "../core/widgets.js";
import { counted, isNothing, methodInWords, money, plain } from "../core/words.js";

/** @typedef {import("../core/types").Schemas} Schemas */
/** @typedef {import("../core/types").Visit} Visit */
/** @typedef {Record<string, string>} Chosen */
/** @typedef {ReturnType<typeof import("../core/widgets.js").pager>["after"]} Turn */

export const title = "Payments and deposits";

const STRIPE_IS_ASKED = 5000;
const KINDS = /** @type {const} */ (["payment", "refund", "dispute"]);
const METHODS = ["card", "us_bank_account", "link", "check", "cash", "bank_transfer", "card_terminal", "other", "outside_stripe"];

/** @param {HTMLElement} main @param {Visit} visit */
export async function show(main, visit) {
  const { query, signal } = visit;
  const ofPayments = query.get("list") === "payments";
  const list = ofPayments ? paymentList(visit) : depositList(visit);
  const balance = h("section", { "aria-labelledby": "balance" });
  const tabs = h("nav", { class: "tabs", "aria-label": "Lists" },
    h("a", { href: "/payments", "aria-current": !ofPayments && "page" }, "Deposits"),
    h("a", { href: "/payments?list=payments", "aria-current": ofPayments && "page" }, "Payments and refunds"));
  refill(main, heading(title), balance, tabs, ...list.parts);
  await Promise.all([showBalance(balance, signal), list.showFirst()]);
}

/** @param {Element} place @param {AbortSignal} signal */
async function showBalance(place, signal) {
  const head = h("h2", { id: "balance" }, "Balance in Stripe");
  try {
    await follow("/v1/balance", {}, ({ data }) => {
      const none = empty("Nothing is in the balance, and nothing is on its way.");
      refill(place, head, data.length ? h("div", { class: "cards" }, data.map(currencyCard)) : none);
    }, signal, STRIPE_IS_ASKED);
  } catch (error) {
    const isApart = error instanceof ApiError && error.code === "stripe_not_connected";
    const apps = h("a", { href: "/settings/apps" }, "Go to Settings: Apps");
    refill(place, head, isApart ? empty("Stripe is not connected, so there is no balance to show.", apps) : problem(error));
  }
}

/** @param {Schemas["CurrencyBalance"]} balance */
function currencyCard({ currency, available, pending, onItsWay, beingTaken, payouts }) {
  const figure = (/** @type {string} */ amount) => h("strong", { class: "figure" }, money(amount, currency));
  const underWay = payouts.map((each) => h("li", null,
    h("a", { href: depositAddress(each.id), id: `under-way-${each.id}` }, money(each.amount, each.currency)),
    isDebit(each.amount) ? " is taken on " : " arrives on ", timeOn(each.arrivesOn)));
  return h("div", { class: "card stack" }, h("h3", null, currency.toUpperCase()), facts([
    ["Available now", figure(available)],
    ["Available later", figure(pending)],
    ["On its way to the bank", figure(onItsWay)],
    ["Being taken from the bank", !isNothing(beingTaken) && figure(beingTaken)],
  ]), underWay.length > 0 && h("ul", { class: "bare" }, underWay));
}

/** @param {Visit} visit */
const depositList = ({ query, signal }) => listed({
  what: "deposits",
  none: "Stripe pays out what is available, usually each day.",
  fields: dayFields(query, "Arrives from"),
  begin: (chosen, after, turned, shown, turn) => follow("/v1/payouts", { query: { ...chosen, after } }, ({ data, pageInfo }) => {
    shown(data.length > 0 && depositTable(data));
    turn(pageInfo);
  }, turned),
  csv: (chosen) => getTable("/v1/payouts", { query: chosen }),
}, signal);

/** @param {Visit} visit */
function paymentList({ query, signal }) {
  const asked = (/** @type {Chosen} */ chosen) => ({ ...chosen, kind: KINDS.find((each) => each === chosen["kind"]) });
  return listed({
    what: "payments",
    none: "They appear here as soon as customers pay.",
    fields: [
      { name: "kind", label: "Show", type: "select", value: query.get("kind") ?? "", choices: allOr(KINDS, (kind) => `${plain(kind)}s`) },
      { name: "method", label: "Method", type: "select", value: query.get("method") ?? "", choices: allOr(METHODS) },
      ...dayFields(query, "Day from"),
    ],
    beside: { list: "payments" },
    begin: (chosen, after, turned, shown, turn) => follow("/v1/payments", { query: { ...asked(chosen), after } }, ({ data, pageInfo }) => {
      shown(data.length > 0 && paymentTable(data));
      turn(pageInfo);
    }, turned),
    csv: (chosen) => getTable("/v1/payments", { query: asked(chosen) }),
  }, signal);
}

/**
 * Returns a list with its filters and a button that saves what they choose, all pages of it.
 *
 * @param {object} list
 * @param {string} list.what
 * @param {string} list.none
 * @param {import("../core/widgets.js").Field[]} list.fields
 * @param {Chosen} [list.beside]
 * @param {(chosen: Chosen, after: string | undefined, turned: AbortSignal, shown: (rows: HTMLElement | false) => void, turn: Turn) =>
 *   Promise<unknown>} list.begin
 * @param {(chosen: Chosen) => Promise<string>} list.csv
 * @param {AbortSignal} signal
 */
function listed({ what, none, fields, beside, begin, csv }, signal) {
  const place = h("div", null, h("p", { class: "loading" }, "Loading…"));
  const { form, values } = filters(fields, () => list.showFirst(), beside);
  const said = () => (Object.keys(values()).length ? `No ${what} match what you have chosen.` : `There are no ${what} yet. ${none}`);
  const shown = (/** @type {HTMLElement | false} */ rows) => refill(place, rows || empty(said()));
  const list = listing(place, (after, turned, turn) => begin(values(), after, turned, shown, turn), signal);
  const save = button("Save as CSV", async () => {
    const { kind, method, from, to = new Date().toISOString().slice(0, 10) } = values();
    const name = [what, kind && `${kind}s`, method, from && `from-${from}`, `to-${to}`].filter(Boolean).join("-");
    saveFile(`${name}.csv`, await csv(values()));
    notice(`The ${what} were saved as a file.`);
  });
  return { parts: [h("div", { class: "heading" }, form, save), place, list.below], showFirst: list.showFirst };
}

/** @param {URLSearchParams} query @param {string} label @returns {import("../core/widgets.js").Field[]} */
const dayFields = (query, label) => [
  { name: "from", label, type: "date", value: query.get("from") ?? "" },
  { name: "to", label: "to", type: "date", value: query.get("to") ?? "" },
];

const DEPOSIT_COLUMNS = ["Day", "Status", { name: "Amount", number: true }, "Bank account", "What is in it"];

/** @param {Schemas["PayoutView"][]} payouts */
const depositTable = (payouts) =>
  table("Deposits, those that arrive last first", DEPOSIT_COLUMNS, payouts.map((each) => [
    h("a", { href: depositAddress(each.id), id: each.id }, timeOn(each.arrivesOn)),
    depositBadge(each),
    [money(each.amount, each.currency), isDebit(each.amount) && h("div", { class: "small" }, "from the bank account")],
    [bankInWords(each.bank), !each.accountConnected && h("div", { class: "small" }, "Earlier Stripe account")],
    contentsOf(each),
  ]));

/** @param {Schemas["PayoutView"]} payout */
function contentsOf({ invoiceCount, lineCount, tiedOut }) {
  if (invoiceCount === null || lineCount === null) return h("span", { class: "soft" }, "Not itemized");
  const invoices = invoiceCount > 0 && `${counted(invoiceCount, "invoice")}, `;
  return [invoices, `${counted(lineCount, "line")} `, tiedOut ? badge("✓", "Adds up", "good") : badge("✕", "Does not add up", "bad")];
}

const NUMBERS = ["Amount", "Fee", "Net"].map((name) => ({ name, number: true }));

/** @param {Schemas["MovementView"][]} movements */
const paymentTable = (movements) =>
  table("Payments, refunds and disputes, the newest first", ["Day", "What", "Invoice", ...NUMBERS, "Deposit"], movements.map((each) => [
    h("time", { datetime: each.at }, new Date(each.at).toLocaleDateString("en-US", { dateStyle: "medium" })),
    [`${plain(each.kind)} `, paymentBadge(each.status), each.method && h("div", { class: "small" }, methodInWords(each.method))],
    invoiceOf(each),
    money(isNothing(each.receivedAmount) ? each.amount : each.receivedAmount, each.currency),
    each.feeStatus === "pending" ? "Not known yet" : money(each.fee, each.settlementCurrency),
    money(each.net, each.settlementCurrency),
    depositsOf(each),
  ]));

/** Returns each deposit once: money that left and came back is often in the same. @param {Schemas["MovementView"]} movement */
function depositsOf({ id, deposits }) {
  const once = new Map(deposits.map((each) => [each.payoutId ?? each.message, each]));
  return [...once.values()].map(({ payoutId, on, status, message }) =>
    payoutId === null ? h("div", { class: "small" }, message) : h("div", null,
      h("a", { href: depositAddress(payoutId), id: `deposit-${payoutId}-of-${id}` }, timeOn(on)), " ", whereBadge(status)));
}
