/** Invoicing: the sums of the invoices, and their list with filters and a search. */

/** @import { RequestOptions, Field, Pair, Schemas, Visit } from "../core/types" */
import { get } from "../core/api.js";
import { h, refill } from "../core/elements.js";
import { filters, keepApart, listing } from "../core/listing.js";
import { follow } from "../core/live.js";
import { may } from "../core/session.js";
import { badge, badges, empty, heading, list, numbers, section, table, timeAt, timeOn } from "../core/widgets.js";
import { counted, customerName, money, sum } from "../core/words.js";

/** @typedef {NonNullable<RequestOptions<"/v1/invoices", "get">["query"]>} Query */
/** @typedef {{ content: string, range: (from: string, to: string) => Query }} Dates */
/** @typedef {{ name: string, asked: Query, dates: Dates, content?: string }} List */

export const title = "Invoicing";

const ROWS = 50;
const SOON = 1000; // a payment is shown within two seconds
const MARKED_FOR = 5000;

/** @type {Dates} */
const CREATED = { content: "The dates are those of creation.", range: (from, to) => ({ createdFrom: from, createdTo: to }) };
/** @type {Dates} */
const DUE = { content: "The dates are the due days; the earliest due is first.", range: (from, to) => ({ dueFrom: from, dueTo: to }) };
/** @type {Dates} */
const CHANGED = { content: "The dates are those of the latest change.", range: (from, to) => ({ updatedFrom: from, updatedTo: to }) };

/** @type {List} */
const ALL = { name: "All invoices", asked: {}, dates: CREATED };

/** The lists that the API offers, and the dates that narrow each. It refuses other combinations. @type {Record<string, List>} */
const LISTS = {
  "": ALL,
  open: { name: "Open: pending or failed", asked: { status: "open" }, dates: DUE },
  overdue: { name: "Overdue", asked: { overdue: true }, dates: DUE },
  pending: { name: "Pending", asked: { status: "pending" }, dates: CREATED },
  failed: { name: "Failed", asked: { status: "failed" }, dates: CREATED },
  unpaid: { name: "Unpaid: open or uncollectible", asked: { status: "unpaid" }, dates: CREATED },
  paid: { name: "Paid", asked: { status: "paid" }, dates: CREATED, content: "These are the paid invoices of every month." },
  refunded: { name: "Refunded", asked: { status: "refunded" }, dates: CREATED, content: "Those refunded in part are among the paid ones." },
  settled: { name: "Settled: paid or refunded", asked: { status: "settled" }, dates: CREATED },
  disputed: { name: "Disputed", asked: { disputed: true }, dates: CREATED, content: "Banks question payments of these invoices now." },
  draft: { name: "Drafts", asked: { status: "draft" }, dates: CREATED, content: "Nobody has been asked to pay these." },
  creating: { name: "Being made", asked: { status: "creating" }, dates: CREATED },
  void: { name: "Void", asked: { status: "void" }, dates: CREATED },
  uncollectible: { name: "Uncollectible", asked: { status: "uncollectible" }, dates: CREATED },
  changed: { name: "Changed on these dates", asked: {}, dates: CHANGED },
};

/** @type {[list: string, word: string, of: (sums: Schemas["CurrencySums"]) => { count: number, amount: string }][]} */
const TILES = [
  ["open", "Open", ({ byStatus: { pending, failed } }) =>
    ({ count: pending.count + failed.count, amount: sum([pending.balance, failed.balance]) })],
  ["overdue", "Overdue", ({ overdue }) => ({ count: overdue.count, amount: overdue.balance })],
  ["failed", "Failed", ({ byStatus: { failed } }) => ({ count: failed.count, amount: failed.balance })],
  ["paid", "Paid this month", ({ paidInPeriod }) => paidInPeriod],
  ["refunded", "Refunded", ({ refunded }) => refunded],
  ["disputed", "Disputed", ({ disputed }) => disputed],
  ["draft", "Drafts", ({ byStatus: { draft } }) => ({ count: draft.count, amount: draft.total })],
];

/** @type {Pair[]} */
const LIST_NAMES = Object.entries(LISTS).map(([key, { name }]) => [key, name]);
/** @type {Field[]} */
const FIELDS = [{ name: "find", label: "Find", type: "search" }, { name: "show", label: "Show", type: "select", choices: LIST_NAMES }];
/** @type {Field[]} */
const DATE_FIELDS = [{ name: "from", label: "From", type: "date" }, { name: "to", label: "Until", type: "date" }];

/** @param {HTMLElement} main @param {Visit} visit */
export async function show(main, { query, signal }) {
  const customerId = query.get("customerId");
  const tiles = h("div");
  const hint = h("p", { class: "hint", role: "status" });
  const totals = h("div");
  /** @type {Schemas["SummaryView"] | null} */
  let summary = null;

  const { form, values } = filters(customerId ? DATE_FIELDS : [...FIELDS, ...DATE_FIELDS], query, () => {
    drawHead();
    return pages.showFirst();
  }, customerId ? { customerId } : {});
  // The API accepts either a search or filters, so a search clears the filters.
  keepApart(form, (chosen) => (chosen === "find" ? "[name]:not([name=find])" : "[name=find]"));
  const drawHead = () => {
    const { find, show: chosen } = values();
    refill(tiles, summary && !customerId && tilesOf(summary, find ? null : chosen ?? ""));
    const { content, dates } = listOf(chosen);
    const by = may("billing") ? ", its id in Stripe (in_…), or the customer’s name or e-mail address" : " or its id in Stripe (in_…)";
    const how = !customerId && `Find an invoice by its number${by}. `;
    refill(hint, how, !find && `${dates.content} ${content ?? ""} `, location.search && toAll({}));
    form.hidden = hint.hidden = !customerId && summary?.data.length === 0;
  };
  const pages = listing(signal, async (after, turned, draw) => {
    /** @type {Map<string, string> | null} */
    let drawn = null;
    refill(totals);
    const asked = customerId ? { customerId, ...rangeOf(CREATED, values()) } : await askedFor(values());
    if (Array.isArray(asked)) return turned.aborted || draw(whichCustomer(asked), { endCursor: null, hasNextPage: false });
    await follow("/v1/invoices", { query: { ...asked, first: ROWS, totals: Object.values(asked).some(Boolean), after } }, (found) => {
      refill(totals, found.totals && totalsInWords(found.totals));
      draw(found.data.length > 0 ? rowsOf(found.data, drawn) : nothing(location.search !== ""), found.pageInfo);
      drawn = new Map(found.data.map((each) => [each.id, each.updatedAt]));
      const name = found.data[0]?.customerName;
      if (customerId && name) refill(head, `Invoices of ${name}`);
    }, turned, SOON);
  }, "invoices");

  const beside = !customerId && may("billing") && h("a", { class: "button main", href: "/billing" }, "Create invoices");
  const head = h("span", { dir: "auto" }, customerId ? "Invoices of one customer" : title);
  refill(main, heading(head, beside), tiles, form, hint, totals, ...pages.place);
  await follow("/v1/summary", {}, (sums) => {
    summary = sums;
    drawHead();
  }, signal);
  await pages.showFirst();
}

/** @param {string | undefined} list */
const listOf = (list) => LISTS[list ?? ""] ?? ALL;

/** Returns the query of a range of days, in either order. @param {Dates} dates @param {Record<string, string>} values */
const rangeOf = (dates, { from = "", to = "" }) => (to && from > to ? dates.range(to, from) : dates.range(from, to));

/**
 * Returns the query for the API, or the customers to choose from if the search matches several.
 *
 * @param {Record<string, string>} values
 * @returns {Promise<Query | Schemas["CustomerView"][]>}
 */
async function askedFor(values) {
  const { find } = values;
  const { asked, dates } = listOf(values["show"]);
  if (!find) return { ...asked, ...rangeOf(dates, values) };
  if (find.startsWith("in_")) return { stripeInvoiceId: find };
  const isEmail = /^\S+@\S+\.\S+$/.test(find);
  const numbered = isEmail ? [] : (await get("/v1/invoices", { query: { number: find, first: 1 } })).data;
  if (numbered.length > 0 || !may("billing")) return { number: find };
  const { data } = await get("/v1/customers", { query: isEmail ? { email: find } : { name: find } });
  return data.length === 1 && data[0] ? { customerId: data[0].id } : data;
}

/** @param {Schemas["CustomerView"][]} customers */
function whichCustomer(customers) {
  if (customers.length === 0) return empty("No invoice has this number, and no customer this name or e-mail address.", toAll());
  return section("Which customer?", "card", list(customers.map((each) => [
    h("a", { href: `/invoicing?customerId=${encodeURIComponent(each.id)}`, dir: "auto" }, customerName(each)),
    h("span", { class: "soft" }, ` ${each.email ?? "no e-mail address"}`),
  ]), "bare stack"));
}

/** @param {{ class?: string }} [as] */
const toAll = (as = { class: "button" }) => h("a", { href: "/invoicing", ...as }, "See all invoices");

/** @param {boolean} filtered */
const nothing = (filtered) => filtered ? empty("No invoice matches.", toAll())
  : empty("Nothing has been billed yet.", h("a", { class: "button main", href: "/billing" }, "Go to Billing"));

/** @param {Schemas["SummaryView"]} summary @param {string | null} shown */
function tilesOf({ data }, shown) {
  return data.length > 0 && h("nav", { "aria-label": "Summary" }, list(TILES.map(([name, word, of]) => {
    const sums = data.map((each) => ({ currency: each.currency, ...of(each) })).filter(({ count }) => count > 0);
    const count = sums.reduce((all, each) => all + each.count, 0);
    const about = { href: `/invoicing?show=${name}`, id: `tile-${name}`, class: "tile", "aria-current": name === shown && "true" };
    return h("a", about,
      h("span", null, word),
      sums.length === 0 ? h("strong", null, "None") : sums.map(({ amount, currency }) => h("strong", null, money(amount, currency))),
      count > 0 && h("span", null, counted(count, "invoice")));
  }), "tiles"));
}

/** @param {Schemas["InvoiceTotals"][]} totals */
function totalsInWords(totals) {
  return h("ul", { class: "bare soft", "aria-label": "Sums of the whole list" }, totals.map((each) => h("li", null, [
    counted(each.invoices, "invoice"),
    each.total !== null && `${money(each.total, each.currency)} in total`,
    each.balance !== null && `${money(each.balance, each.currency)} still to be paid`,
    each.disputedAmount !== null && `${money(each.disputedAmount, each.currency)} disputed`,
  ].filter(Boolean).join(" · "))));
}

/**
 * Returns the rows. Rows that have changed since the last drawing are highlighted briefly.
 *
 * @param {Schemas["InvoiceView"][]} invoices
 * @param {Map<string, string> | null} drawn the `updatedAt` of each invoice at the last drawing, by id
 */
function rowsOf(invoices, drawn) {
  const columns = ["Number", "Customer", "Status", ...numbers("Total", "Balance"), "Due", "Created"];
  return table("Invoices", columns, invoices.map((each) => {
    const mark = drawn !== null && drawn.get(each.id) !== each.updatedAt && badge("●", "Just changed", "info");
    if (mark) setTimeout(() => mark.remove(), MARKED_FOR);
    const name = each.number ?? (each.status === "draft" ? "Draft" : "No number yet");
    return [
      h("a", { href: `/invoicing/${encodeURIComponent(each.id)}`, id: `row-${each.id}` }, name),
      h("span", { dir: "auto" }, each.customerName ?? (each.erasedAt ? "Erased customer" : "No name")),
      h("span", { class: "badges" }, badges(each), mark),
      money(each.total, each.currency),
      money(each.balance, each.currency),
      timeOn(each.dueDate) ?? "–",
      timeAt(each.createdAt),
    ];
  }));
}
