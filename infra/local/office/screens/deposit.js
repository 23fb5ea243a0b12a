/** A deposit: its status, its sums, and the line of each payment in it. */

/** @import { Pair, Schemas, Visit } from "../core/types" */
import { getTable } from "../core/api.js";
import { saveFile } from "../core/browser.js";
import { h, refill } from "../core/elements.js";
import { button } from "../core/forms.js";
import { listing } from "../core/listing.js";
import { follow } from "../core/live.js";
import { bankInWords, depositAddress, depositBadge, invoiceOf, isDebit } from "../core/payment-words.js";
import { badge, empty, facts, heading, list, notice, numbers, section, table, timeAt, timeOn } from "../core/widgets.js";
import { counted, day, isNothing, money, plain } from "../core/words.js";

/** @typedef {Schemas["PayoutDetail"]} Payout */

export const title = "Deposit";

/** @param {HTMLElement} main @param {Visit} visit */
export async function show(main, { params: [payoutId = ""], signal }) {
  const head = h("div", null, heading(title));
  const about = h("div", { class: "cards" });
  const lines = listing(signal, (after, turned, draw) =>
    follow("/v1/payouts/{payoutId}", { path: { payoutId }, query: { after } }, (payout) => {
      refill(head, headOf(payout));
      refill(about, h("section", { class: "card stack", "aria-label": "How it stands" }, ...storyOf(payout)), totalsOf(payout));
      draw(linesOf(payout), payout.pageInfo);
    }, turned));
  await lines.showFirst();
  const back = h("p", null, h("a", { href: "/payments" }, "← Payments and deposits"));
  refill(main, back, head, about, section("What is in it", "", ...lines.place));
}

/** @param {Payout} payout */
function headOf({ id, amount, arrivesOn }) {
  const name = isDebit(amount) ? "Debit" : "Deposit";
  return heading(`${name} of ${day(arrivesOn)}`, button("Save as CSV", async () => {
    const lines = await getTable("/v1/payouts/{payoutId}", { path: { payoutId: id } });
    saveFile(`${name.toLowerCase()}-${arrivesOn}-${id}.csv`, lines);
    notice("The lines were saved as a file.");
  }, { id: "save" }));
}

/** @param {Payout} payout */
const storyOf = (payout) => [
  h("div", { class: "heading" }, h("p", { class: "amount money" }, money(payout.amount, payout.currency)), depositBadge(payout)),
  h("p", null, payout.message),
  payout.nextStep && h("p", { class: "note" }, payout.nextStep),
  chainOf(payout),
  facts([
    [isDebit(payout.amount) ? "Taken on" : payout.status === "paid" ? "Arrived on" : "Expected on", timeOn(payout.arrivesOn)],
    ["Bank account", bankInWords(payout.bank)],
    ["At the bank", money(payout.bankAmount, payout.currency)],
    ["Made", [timeAt(payout.createdAt), payout.automatic ? ", by Stripe" : ", by hand"]],
    ["Method", plain(payout.method)],
    ["On the bank’s statement", payout.statementDescriptor],
    ["Bank’s reference", payout.traceId],
    ["Stripe’s ID", payout.id],
  ]),
];

/** Returns links to the deposits that this one reverses or pays again, and to those that reverse it or pay it again. @param {Payout} payout */
function chainOf({ originalPayoutId, reversedById, paidAgainIn, paysAgain }) {
  const link = (/** @type {string | null} */ id, /** @type {string} */ content) =>
    id ? [h("a", { href: depositAddress(id), id: `to-${id}` }, content)] : [];
  const links = [
    ...link(originalPayoutId, "The deposit that this one reverses"),
    ...link(reversedById, "The deposit that reverses this one"),
    ...link(paidAgainIn, "The deposit that paid its money again"),
    ...paysAgain.flatMap((each) => link(each, "The deposit that came back, and whose money is in this one")),
  ];
  return links.length > 0 && list(links);
}

/** @param {Payout} payout */
function totalsOf({ amount, currency, totals, tiedOut }) {
  if (!totals) return null;
  /** @type {Pair[]} */
  const parts = [
    ["Payments", totals.payments],
    ["Refunds", totals.refunds],
    ["Disputes", totals.disputes],
    ["Stripe’s fees", totals.fees],
    ["Other", totals.other],
    ["Outside POM", totals.outsidePom],
    ["Unexplained", totals.unexplained],
  ];
  const row = (/** @type {string} */ name, /** @type {string} */ part, /** @type {string | false} */ look) =>
    h("div", { class: look }, h("dt", null, name), h("dd", { class: "money" }, money(part, currency)));
  const rows = parts.map(([name, part]) => row(name, part, isNothing(part) && "soft"));
  const content = tiedOut
    ? [badge("✓", "Adds up", "good"), " Its lines add up to the amount exactly."]
    : [badge("✕", "Does not add up", "bad"), " Its lines do not explain the whole amount."];
  return section("What it adds up to", "card stack", h("dl", { class: "sums" }, rows, row("Amount", amount, "last")), h("p", null, content));
}

/** @param {Payout} payout */
function linesOf({ lines, lineCount, totals }) {
  if (!totals) return empty("Stripe does not list what is in it.");
  if (lines.length === 0) return empty("It has no lines.");
  const columns = ["Day", "What", "Invoice", ...numbers("Gross", "Fee", "Net")];
  return table(`Lines, ${counted(lineCount ?? lines.length, "line")} in all, the newest first`, columns, lines.map((each) => [
    timeOn(each.at),
    [plain(each.kind), h("div", { class: "small" }, aboutLine(each))],
    invoiceOf(each),
    money(each.gross, each.currency),
    money(each.fee, each.currency),
    money(each.net, each.currency),
  ]));
}

/** @param {Schemas["PayoutLineView"]} line */
const aboutLine = ({ kind, category, description, outsidePom, exchange }) =>
  [
    outsidePom && "Outside POM",
    description ?? (kind === "other" ? plain(category) : null),
    exchange?.amount && `Exchanged from ${money(exchange.amount, exchange.currency)} at ${exchange.rate}`,
  ].filter(Boolean).join(". ");
