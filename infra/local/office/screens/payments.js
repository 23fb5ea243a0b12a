/** Payments and deposits: the money on its way, the deposits, and each payment, refund and dispute. */

/** @import { Draw } from "../core/listing.js" */
/** @import { Field, Schemas, Visit } from "../core/types" */
import { ApiError, getTable } from "../core/api.js";
import { saveFile } from "../core/browser.js";
import { h, refill } from "../core/elements.js";
import { button } from "../core/forms.js";
import { allOr, filters, listing } from "../core/listing.js";
import { follow } from "../core/live.js";
import { bankInWords, depositAddress, depositBadge, invoiceOf, isDebit } from "../core/payment-words.js";
import { badge, empty, facts, heading, list, notice, numbers, problem, section, table, timeOn } from "../core/widgets.js";
import { counted, isNothing, methodInWords, money, plain, signed } from "../core/words.js";

/** @typedef {Record<string, string>} Chosen */

export const title = "Payments and deposits";

const STRIPE_IS_ASKED = 5000;
const KINDS = /** @type {const} */ (["payment", "refund", "dispute"]);
const METHODS = ["card", "us_bank_account", "link", "check", "cash", "bank_transfer", "card_terminal", "other", "outside_stripe"];

/** @param {HTMLElement} main @param {Visit} visit */
export async function show(main, visit) {
  const ofPayments = visit.query.get("list") === "payments";
  const shown = ofPayments ? paymentList(visit) : depositList(visit);
  const balance = h("div");
  const tabs = h("nav", { class: "tabs", "aria-label": "Lists" },
    h("a", { href: "/payments", "aria-current": !ofPayments && "page" }, "Deposits"),
    h("a", { href: "/payments?list=payments", "aria-current": ofPayments && "page" }, "Payments and refunds"));
  refill(main, heading(title), section("Balance in Stripe", "", balance), tabs, ...shown.parts);
  await Promise.all([showBalance(balance, visit.signal), shown.showFirst()]);
}

/** @param {Element} place @param {AbortSignal} signal */
async function showBalance(place, signal) {
  try {
    await follow("/v1/balance", {}, ({ data }) => {
      const none = empty("Nothing is in the balance, and nothing is on its way.");
      refill(place, data.length > 0 ? h("div", { class: "cards" }, data.map(currencyCard)) : none);
    }, signal, STRIPE_IS_ASKED);
  } catch (error) {
    const isApart = error instanceof ApiError && error.code === "stripe_not_connected";
    const apps = h("a", { href: "/settings/apps" }, "Go to Settings → Apps");
    refill(place, isApart ? empty("Stripe is not connected, so there is no balance to show.", apps) : problem(error));
  }
}

/** @param {Schemas["CurrencyBalance"]} balance */
function currencyCard({ currency, available, pending, onItsWay, beingTaken, payouts }) {
  const figure = (/** @type {string} */ amount) => h("strong", { class: "figure" }, money(amount, currency));
  const underWay = payouts.map((each) => [
    h("a", { href: depositAddress(each.id), id: `under-way-${each.id}` }, money(each.amount, each.currency)),
    isDebit(each.amount) ? " is taken on " : " arrives on ", timeOn(each.arrivesOn),
  ]);
  return h("div", { class: "card stack" }, h("h3", null, currency.toUpperCase()), facts([
    ["Available now", figure(available)],
    ["Available later", figure(pending)],
    ["On its way to the bank", figure(onItsWay)],
    ["Being taken from the bank", !isNothing(beingTaken) && figure(beingTaken)],
  ]), underWay.length > 0 && list(underWay));
}

/** @param {Visit} visit */
const depositList = (visit) => listed(visit, {
  what: "deposits",
  none: "Stripe pays out what is available, usually each day.",
  fields: dayFields("Arrives from"),
  begin: (chosen, after, turned, draw) => follow("/v1/payouts", { query: { ...chosen, after } }, ({ data, pageInfo }) =>
    draw(data.length > 0 && depositTable(data), pageInfo), turned),
  csv: (chosen) => getTable("/v1/payouts", { query: chosen }),
});

/** @param {Visit} visit */
function paymentList(visit) {
  const asked = (/** @type {Chosen} */ chosen) => ({ ...chosen, kind: KINDS.find((each) => each === chosen["kind"]) });
  return listed(visit, {
    what: "payments",
    none: "They appear here as soon as customers pay.",
    fields: [
      { name: "kind", label: "Show", type: "select", choices: allOr(KINDS, (kind) => `${plain(kind)}s`) },
      { name: "method", label: "Method", type: "select", choices: allOr(METHODS) },
      ...dayFields("Day from"),
    ],
    beside: { list: "payments" },
    begin: (chosen, after, turned, draw) => follow("/v1/payments", { query: { ...asked(chosen), after } }, ({ data, pageInfo }) =>
      draw(data.length > 0 && paymentTable(data), pageInfo), turned),
    csv: (chosen) => getTable("/v1/payments", { query: asked(chosen) }),
  });
}

/**
 * Returns a list with its filters, and a button that saves all pages of the filtered list.
 *
 * @param {Visit} visit
 * @param {object} list
 * @param {string} list.what
 * @param {string} list.none
 * @param {Field[]} list.fields
 * @param {Chosen} [list.beside]
 * @param {(chosen: Chosen, after: string | undefined, turned: AbortSignal, draw: Draw) => Promise<unknown>} list.begin
 * @param {(chosen: Chosen) => Promise<string>} list.csv
 */
function listed({ query, signal }, { what, none, fields, beside, begin, csv }) {
  const { form, values } = filters(fields, query, () => pages.showFirst(), beside);
  const content = () => (Object.keys(values()).length ? `No ${what} match what you have chosen.` : `There are no ${what} yet. ${none}`);
  const pages = listing(signal, (after, turned, draw) =>
    begin(values(), after, turned, (rows, pageInfo) => draw(rows || empty(content()), pageInfo)));
  const save = button("Save as CSV", async () => {
    const { kind, method, from, to = new Date().toISOString().slice(0, 10) } = values();
    const name = [what, kind && `${kind}s`, method, from && `from-${from}`, `to-${to}`].filter(Boolean).join("-");
    saveFile(`${name}.csv`, await csv(values()));
    notice(`The ${what} were saved as a file.`);
  });
  return { parts: [h("div", { class: "heading" }, form, save), ...pages.place], showFirst: pages.showFirst };
}

/** @param {string} label @returns {Field[]} */
const dayFields = (label) => [{ name: "from", label, type: "date" }, { name: "to", label: "to", type: "date" }];

const DEPOSIT_COLUMNS = ["Day", "Status", ...numbers("Amount"), "Bank account", "What is in it"];

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

const PAYMENT_COLUMNS = ["Day", "What", "Invoice", ...numbers("Amount", "Fee", "Net"), "Deposit"];

/** @param {Schemas["MovementView"][]} movements */
const paymentTable = (movements) =>
  table("Payments, refunds and disputes, the newest first", PAYMENT_COLUMNS, movements.map((each) => [
    h("time", { datetime: each.at }, new Date(each.at).toLocaleDateString("en-US", { dateStyle: "medium" })),
    [`${plain(each.kind)} `, badge(...signed(each.status)), each.method && h("div", { class: "small" }, methodInWords(each.method))],
    invoiceOf(each),
    money(isNothing(each.receivedAmount) ? each.amount : each.receivedAmount, each.currency),
    each.feeStatus === "pending" ? "Not known yet" : money(each.fee, each.settlementCurrency),
    money(each.net, each.settlementCurrency),
    depositsOf(each),
  ]));

/** Returns each deposit of a movement once, because money that left and money that returned often share a deposit. @param {Schemas["MovementView"]} movement */
function depositsOf({ id, deposits }) {
  const once = new Map(deposits.map((each) => [each.payoutId ?? each.message, each]));
  return [...once.values()].map(({ payoutId, on, status, message }) =>
    payoutId === null ? h("div", { class: "small" }, message) : h("div", null,
      h("a", { href: depositAddress(payoutId), id: `deposit-${payoutId}-of-${id}` }, timeOn(on)), " ", badge(...signed(status))));
}
