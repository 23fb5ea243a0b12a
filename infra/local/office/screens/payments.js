/** Payments and deposits: what is on its way, the deposits, and each payment, refund and dispute. */

import { ApiError, getTable } from "../core/api.js";
import { h, refill } from "../core/elements.js";
import { saveFile } from "../core/files.js";
import { filters, listing } from "../core/listing.js";
import { follow } from "../core/live.js";
import { bankInWords, depositAddress, depositBadge, invoiceOf, isDebit, paymentBadge, whereBadge } from "../core/payment-words.js";
import { badge, button, empty, facts, heading, notice, problem, table, timeOn } from "../core/widgets.js";
import { counted, isNothing, methodInWords, money, plain } from "../core/words.js";

/** @typedef {import("../core/types").Schemas} Schemas */
/** @typedef {import("../core/widgets.js").Field} Field */

export const title = "Payments and deposits";

const STRIPE_IS_ASKED = 5000;

/** @param {HTMLElement} main @param {import("../core/types").Visit} visit */
export async function show(main, visit) {
  const { query, signal } = visit;
  const list = query.get("list") === "payments" ? paymentList(visit) : depositList(visit);
  const balance = h("section", { "aria-labelledby": "balance" });
  const tab = (/** @type {string} */ href, /** @type {string} */ name, /** @type {boolean} */ here) =>
    h("a", { href, "aria-current": here && "page" }, name);
  refill(
    main,
    heading(title),
    balance,
    h("nav", { class: "tabs", "aria-label": "Lists" },
      tab("/payments", "Deposits", !query.has("list")),
      tab("/payments?list=payments", "Payments and refunds", query.has("list"))),
    ...list.parts,
  );
  await Promise.all([showBalance(balance, signal), list.showFirst()]);
}

/** @param {Element} place @param {AbortSignal} signal */
async function showBalance(place, signal) {
  const head = h("h2", { id: "balance" }, "Balance in Stripe");
  try {
    await follow("/v1/balance", {}, ({ data }) => {
      refill(place, head, data.length ? h("div", { class: "cards" }, data.map(currencyCard)) : empty("Nothing is in the balance, and nothing is on its way."));
    }, signal, STRIPE_IS_ASKED);
  } catch (error) {
    const isApart = error instanceof ApiError && error.code === "stripe_not_connected";
    const apps = h("a", { href: "/settings/apps" }, "Go to Settings: Apps");
    refill(place, head, isApart ? empty("Stripe is not connected, so there is no balance to show.", apps) : problem(error));
  }
}

/** @param {Schemas["CurrencyBalance"]} balance */
const currencyCard = ({ currency, available, pending, onItsWay, beingTaken, payouts }) =>
  h("div", { class: "card stack" },
    h("h3", null, currency.toUpperCase()),
    facts([
      ["Available now", figure(available, currency)],
      ["Available later", figure(pending, currency)],
      ["On its way to the bank", figure(onItsWay, currency)],
      ["Being taken from the bank", !isNothing(beingTaken) && figure(beingTaken, currency)],
    ]),
    payouts.length > 0 && h("ul", { class: "bare" }, payouts.map((each) => h("li", null,
      h("a", { href: depositAddress(each.id), id: `under-way-${each.id}` }, money(each.amount, each.currency)),
      isDebit(each.amount) ? " is taken on " : " arrives on ", timeOn(each.arrivesOn)))));

/** @param {string} amount @param {string} currency */
const figure = (amount, currency) => h("strong", { class: "figure" }, money(amount, currency));

/** @param {import("../core/types").Visit} visit */
function depositList({ query, signal }) {
  const place = h("div", null, h("p", { class: "loading" }, "Loading…"));
  const days = filters(dayFields(query, "Arrives"), () => list.showFirst());
  const list = listing(place, (after, turning, turn) =>
    follow("/v1/payouts", { query: { ...days.values(), after } }, ({ data, pageInfo }) => {
      refill(place, data.length ? depositTable(data) : noneOf("deposits", days.values(), "Stripe pays out what is available, usually each day."));
      turn(pageInfo);
    }, turning), signal);
  const save = button("Save as CSV", async () => {
    const given = days.values();
    saveFile(fileName("deposits", given), await getTable("/v1/payouts", { query: given }));
    notice("The deposits were saved as a file.");
  });
  return { parts: [h("div", { class: "heading" }, days.form, save), place, list.below], showFirst: list.showFirst };
}

/** @param {Schemas["PayoutView"][]} payouts */
const depositTable = (payouts) =>
  table("Deposits, those that arrive last first", ["Day", "Status", { name: "Amount", number: true }, "Bank account", "What is in it"], payouts.map((each) => [
    h("a", { href: depositAddress(each.id), id: each.id }, timeOn(each.arrivesOn)),
    depositBadge(each),
    [money(each.amount, each.currency), isDebit(each.amount) && h("div", { class: "small" }, "from the bank account")],
    [bankInWords(each.bank), !each.accountConnected && h("div", { class: "small" }, "Earlier Stripe account")],
    contentsOf(each),
  ]));

/** @param {Schemas["PayoutView"]} payout */
function contentsOf({ invoiceCount, lineCount, tiedOut }) {
  if (invoiceCount === null || lineCount === null) return h("span", { class: "soft" }, "Not itemized");
  const said = `${counted(invoiceCount, "invoice")}, ${counted(lineCount, "line")} `;
  return [said, tiedOut ? badge("✓", "Adds up", "good") : badge("✕", "Does not add up", "bad")];
}

/** @param {import("../core/types").Visit} visit */
function paymentList({ query, signal }) {
  const place = h("div", null, h("p", { class: "loading" }, "Loading…"));
  /** @type {Field[]} */
  const fields = [
    { name: "kind", label: "Show", type: "select", value: query.get("kind") ?? "", choices: [["", "All"], ["payment", "Payments"], ["refund", "Refunds"], ["dispute", "Disputes"]] },
    { name: "method", label: "Method", type: "select", value: query.get("method") ?? "", choices: [["", "All"], ...METHODS] },
    ...dayFields(query, "Day"),
  ];
  const chosen = filters(fields, () => list.showFirst(), { list: "payments" });
  const given = () => {
    const { kind, ...rest } = chosen.values();
    return isKind(kind) ? { ...rest, kind } : rest;
  };
  const list = listing(place, (after, turning, turn) =>
    follow("/v1/payments", { query: { ...given(), after } }, ({ data, pageInfo }) => {
      refill(place, data.length ? paymentTable(data) : noneOf("payments", chosen.values(), "They appear here as soon as customers pay."));
      turn(pageInfo);
    }, turning), signal);
  const save = button("Save as CSV", async () => {
    saveFile(fileName("payments", chosen.values()), await getTable("/v1/payments", { query: given() }));
    notice("The payments were saved as a file.");
  });
  return { parts: [h("div", { class: "heading" }, chosen.form, save), place, list.below], showFirst: list.showFirst };
}

/** @param {string | undefined} word @returns {word is Schemas["MovementKind"]} */
const isKind = (word) => word === "payment" || word === "refund" || word === "dispute";

/** @type {[string, string][]} */
const METHODS = ["card", "us_bank_account", "link", "check", "cash", "bank_transfer", "card_terminal", "other", "outside_stripe"].map((each) => [each, plain(each)]);

/** @param {Schemas["MovementView"][]} movements */
const paymentTable = (movements) =>
  table(
    "Payments, refunds and disputes, the newest first",
    ["Day", "What", "Invoice", { name: "Amount", number: true }, { name: "Fee", number: true }, { name: "Net", number: true }, "Deposit"],
    movements.map((each) => [
      h("time", { datetime: each.at }, new Date(each.at).toLocaleDateString("en-US", { dateStyle: "medium" })),
      [h("div", null, `${plain(each.kind)} `, paymentBadge(each.status)), each.method && h("div", { class: "small" }, methodInWords(each.method))],
      invoiceOf(each),
      money(isNothing(each.receivedAmount) ? each.amount : each.receivedAmount, each.currency),
      feeOf(each),
      money(each.net, each.settlementCurrency),
      depositsOf(each),
    ]),
  );

/** @param {Schemas["MovementView"]} movement */
const feeOf = ({ fee, feeStatus, settlementCurrency }) => (feeStatus === "pending" ? "Not known yet" : money(fee, settlementCurrency));

/** Returns each deposit once: a refund that failed and its money that came back are often in the same. @param {Schemas["MovementView"]} movement */
const depositsOf = ({ id, deposits }) =>
  [...new Map(deposits.map((each) => [each.payoutId ?? each.message, each])).values()].map(({ payoutId, on, status, message }) =>
    payoutId === null ? h("div", { class: "small" }, message) : h("div", null,
      h("a", { href: depositAddress(payoutId), id: `deposit-${payoutId}-of-${id}` }, timeOn(on)), " ", whereBadge(status)));

/** @param {URLSearchParams} query @param {string} what @returns {Field[]} */
const dayFields = (query, what) => [
  { name: "from", label: `${what} from`, type: "date", value: query.get("from") ?? "" },
  { name: "to", label: "to", type: "date", value: query.get("to") ?? "" },
];

/** @param {string} what @param {Record<string, string>} chosen @param {string} otherwise */
const noneOf = (what, chosen, otherwise) =>
  Object.keys(chosen).length > 0 ? empty(`No ${what} match what you have chosen.`) : empty(`There are no ${what} yet. ${otherwise}`);

/** @param {string} what @param {Record<string, string>} chosen */
const fileName = (what, { from, to, kind, method }) =>
  `${[what, kind && `${kind}s`, method, from && `from-${from}`, `to-${to ?? new Date().toISOString().slice(0, 10)}`].filter(Boolean).join("-")}.csv`;
