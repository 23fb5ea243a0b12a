/** Billing: the completed services, and Create Invoice; the drafts that wait for a review, and the latest batches. */

/** @import { Pair, Schemas, Service, Visit } from "../core/types" */
import { get, newKey, post } from "../core/api.js";
import { go } from "../core/browser.js";
import { services } from "../core/company.js";
import { h, refill } from "../core/elements.js";
import { ask, button } from "../core/forms.js";
import { filters, pageButtons } from "../core/listing.js";
import { follow, keepPolling } from "../core/live.js";
import { may } from "../core/session.js";
import { about } from "../core/way-out.js";
import { badge, empty, heading, list, loading, numbers, section, tableOf, timeAt, timeOn } from "../core/widgets.js";
import { counted, day, money, plain, sum, termChoices } from "../core/words.js";

export const title = "Billing";

const ROWS = 100;
const SLOWLY = 5000;
/** @type {Pair[]} */
const SHOWN = [["unbilled", "Not billed yet"], ["billed", "Billed"], ["all", "All"]];
/** @type {Pair[]} */
const WAYS = [["review", "Review first, as a draft"], ["send", "Send at once, by e-mail"]];

/** @param {HTMLElement} main @param {Visit} visit */
export async function show(main, { query, signal }) {
  /** @type {Service[]} */
  let all = [];
  /** @type {Set<string>} */
  const picked = new Set();
  let page = 0;
  let drawn = "";
  const bills = may("billing");

  const listed = h("div", { class: "stack" }, loading());
  const bar = h("div", { class: "picked" });
  const standing = h("div");
  const waiting = h("section", { class: "card", "aria-label": "Drafts to review", hidden: true });
  const batches = h("section", { class: "card", "aria-label": "Recent batches", hidden: true });

  const draw = () => {
    const shown = all.filter((each) => matches(each, values())).sort(byCustomer);
    for (const { id, invoiceId } of all) if (invoiceId) picked.delete(id);
    page = Math.min(page, Math.max(0, Math.ceil(shown.length / ROWS) - 1));
    const last = Math.ceil(shown.length / ROWS);
    const turn = (/** @type {number} */ by) => {
      page += by;
      draw();
      listed.scrollIntoView({ block: "start" });
    };
    refill(listed, ...servicesOf(shown, all.length, page, bills ? { picked, pick } : null),
      pageButtons(page + 1, page + 1 < last, turn, ` of ${last}`));
    if (bills) refill(bar, ...selection(all.filter(({ id }) => picked.has(id)).sort(byCustomer), () => pick(all, false)));
  };
  /** @param {Service[]} some @param {boolean} on */
  const pick = (some, on) => {
    for (const { id } of some) {
      if (on) picked.add(id);
      else picked.delete(id);
    }
    draw();
  };
  const load = async () => {
    const found = await services();
    const text = JSON.stringify(found);
    if (text === drawn) return; // an unchanged list is not replaced, so that a click on it is not lost
    drawn = text;
    all = found;
    draw();
  };

  const { form, values } = filters([
    { name: "text", label: "Customer or service", type: "search" },
    { name: "from", label: "From", type: "date" },
    { name: "to", label: "To", type: "date" },
    { name: "show", label: "Show", type: "select", choices: SHOWN },
  ], query, () => {}); // the list is drawn at each key (below); drawing it when a field loses the focus would lose the click
  form.addEventListener("input", () => {
    page = 0;
    draw();
  });
  refill(
    main,
    heading("Billing"),
    !bills && h("p", { class: "note" }, "You can look at what is billed. Creating invoices takes the role billing or admin."),
    standing,
    h("div", { class: "cards" }, waiting, batches),
    section("Completed services", "stack", form, listed, bar),
  );
  await Promise.all([
    load(),
    follow("/v1/stripe/connection", {}, (connection) => refill(standing, connectionNote(connection)), signal, SLOWLY),
    follow("/v1/invoices", { query: { status: "draft", first: 5, totals: true } }, (drafts) => showDrafts(waiting, drafts), signal, SLOWLY),
    bills && follow("/v1/invoice-batches", { query: { first: 5 } }, (found) => showBatches(batches, found.data), signal, SLOWLY),
  ]);
  void keepPolling(load, signal, SLOWLY);
}

/** @param {Service} each @param {Record<string, string>} filters */
function matches(each, { text = "", from, to, show: which }) {
  const words = `${each.customerName} ${each.description} ${each.technician}`.toLowerCase();
  const known = which === "all" || (which === "billed") === Boolean(each.invoiceId);
  return known && words.includes(text.toLowerCase()) && (!from || each.serviceDate >= from) && (!to || each.serviceDate <= to);
}

/** @param {Service} a @param {Service} b */
const byCustomer = (a, b) => a.customerName.localeCompare(b.customerName) || a.customerId.localeCompare(b.customerId);

/** @typedef {{ picked: Set<string>, pick: (some: Service[], on: boolean) => void }} Picking */

/**
 * Returns the services of a page under their customers.
 *
 * @param {Service[]} shown
 * @param {number} known
 * @param {number} page
 * @param {Picking | null} picking
 */
function servicesOf(shown, known, page, picking) {
  if (shown.length === 0) return [empty(known === 0 ? "No service is completed yet." : "No service matches these filters.")];
  /** @param {string} id @param {string} name @param {Service[]} some */
  const box = (id, name, some) => {
    const open = some.filter(({ invoiceId }) => !invoiceId);
    if (!picking || open.length === 0) return null;
    const on = open.filter((each) => picking.picked.has(each.id)).length;
    const onchange = () => picking.pick(open, on < open.length);
    const input = h("input", { type: "checkbox", id, "aria-label": name, checked: on === open.length, onchange });
    input.indeterminate = on > 0 && on < open.length;
    return input;
  };
  const customers = Map.groupBy(shown, ({ customerId }) => customerId);
  const bodies = [...new Set(pageOf(shown, page).map(({ customerId }) => customerId))].map((id) => {
    const their = customers.get(id) ?? [];
    const name = their[0]?.customerName ?? id;
    const count = counted(their.length, "service");
    return h("tbody", null,
      h("tr", { class: "group" },
        h("td", null, box(`all-${id}`, `All of ${name}`, their)),
        h("th", { scope: "rowgroup", colspan: 3 },
          h("label", { for: `all-${id}`, dir: "auto" }, name), " ", h("span", { class: "soft" }, count)),
        h("td", { class: "number" }, their.length > 1 && h("strong", null, sums(their)))),
      pageOf(shown, page).filter(({ customerId }) => customerId === id).map((each) => h("tr", null,
        h("td", null, box(`pick-${each.id}`, `${each.description}, ${day(each.serviceDate)}, ${name}`, [each])),
        h("td", null, h("label", { for: `pick-${each.id}` }, each.description), " ",
          each.invoiceId && h("a", { href: `/invoicing/${each.invoiceId}`, id: `billed-${each.id}` }, "billed: see the invoice")),
        h("td", null, timeOn(each.serviceDate), " ", h("span", { class: "soft" }, each.technician)),
        h("td", { class: "number" }, h("span", { class: "soft" }, `${each.quantity} × ${money(each.unitPrice, each.currency)}`)),
        h("td", { class: "number" }, money(each.amount, each.currency)))));
  });
  const everything = `All ${counted(shown.length, "service")} of ${counted(customers.size, "customer")}: ${sums(shown)}`;
  return [
    h("label", { class: "tick" }, box("pick-all", everything, shown), everything),
    tableOf("Completed services by customer",
      [{ name: "Select", hidden: true }, "Service", "Done", ...numbers("Price", "Amount")], bodies, "services"),
  ];
}

/** @param {Service[]} some @param {number} page */
const pageOf = (some, page) => some.slice(page * ROWS, (page + 1) * ROWS);

/** Returns the sum of services by currency, in words. @param {Service[]} some */
const sums = (some) =>
  [...Map.groupBy(some, ({ currency }) => currency)]
    .map(([currency, each]) => money(sum(each.map(({ amount }) => amount)), currency)).join(" + ");

/** @param {Service[]} chosen @param {() => void} clear */
function selection(chosen, clear) {
  const customers = new Set(chosen.map(({ customerId }) => customerId)).size;
  const content = chosen.length
    ? [h("strong", null, sums(chosen)), ` in ${counted(chosen.length, "service")} of ${counted(customers, "customer")}`]
    : "Select the services to bill.";
  return [
    h("p", { role: "status" }, content),
    chosen.length > 0 && button("Clear selection", clear, { id: "clear" }),
    button("Create Invoice…", () => create(chosen), { id: "create", class: "main", disabled: chosen.length === 0 }),
  ];
}

/** Asks how to bill services, bills them, and goes to the draft, the invoice or the batch. @param {Service[]} chosen */
async function create(chosen) {
  const key = newKey();
  const { paymentTerms: terms, memo } = await get("/v1/settings/invoicing");
  const currencies = Map.groupBy(chosen, ({ currency }) => currency);
  /** @param {Service[]} some */
  const customersOf = (some) => [...new Set(some.map(({ customerId }) => customerId))];
  /** @param {Service[]} some */
  const inWords = (some) => `${counted(some.length, "service")} of ${counted(customersOf(some).length, "customer")} over ${sums(some)}`;
  const inEach = [...currencies].map(([each, some]) => /** @type {Pair} */ ([each, `${each.toUpperCase()}: ${inWords(some)}`]));
  let made = "/billing";
  const done = await ask(
    "Create Invoice",
    [
      h("p", null, `${inWords(chosen)}. Each customer gets one invoice.`),
      currencies.size > 1 && h("p", { class: "note" }, "An invoice has one currency, and so has a batch. Bill the others after it."),
    ],
    {
      fields: [
        ...(currencies.size > 1 ? [{ name: "currency", label: "Currency", type: "select", choices: inEach }] : []),
        { name: "invoiceType", label: "Invoice type", type: "select", choices: [["stripe", "Stripe: can be paid online"]] },
        { name: "send", label: "Review and send", type: "select", choices: WAYS },
        { name: "paymentTerms", label: "Payment terms", type: "select", value: terms, choices: termChoices(terms) },
        { name: "dueDate", label: "Or due on (optional)", type: "date" },
        { name: "memo", label: "Memo (optional)", type: "textarea", value: memo, hint: "The customer reads it above the lines." },
      ],
      confirm: "Create",
      work: async ({ currency = chosen[0]?.currency ?? "", send, paymentTerms, dueDate, memo }) => {
        const some = currencies.get(currency) ?? [];
        const customers = customersOf(some);
        const how = { send: send === "send", paymentTerms: dueDate ? null : paymentTerms, dueDate: dueDate || null, memo };
        const [customerId = ""] = customers;
        if (customers.length > 1) {
          const billed = some.map((each) => ({ ...lineOf(each), customerId: each.customerId }));
          made = `/billing/batches/${(await post("/v1/invoice-batches", { body: { ...how, services: billed }, key })).id}`;
          return;
        }
        const body = { ...how, customerId, invoiceType: /** @type {const} */ ("stripe"), currency, lineItems: some.map(lineOf) };
        const { id } = await post("/v1/invoices", { body, key }).catch(about(customerId));
        made = how.send ? `/invoicing/${id}` : `/billing/drafts/${id}`;
      },
    },
  );
  if (done) go(made);
}

/** Returns a service as a line of an invoice. @param {Service} service */
const lineOf = ({ id, description, quantity, unitPrice, currency, taxable, serviceDate }) =>
  ({ serviceId: id, description, quantity, unitPrice, currency, taxable, serviceDate });

/** @param {Schemas["ConnectionView"]} connection */
function connectionNote({ status }) {
  const apps = h("a", { href: "/settings/apps" }, "Go to Settings → Apps");
  if (status === "connected") return null;
  const restricted = "Stripe does not let the account take payments. Drafts can be made, and not sent. ";
  return h("p", { class: "note" }, status === "action_required" ? restricted : "Stripe is not connected, so nothing can be billed. ", apps);
}

/** @param {HTMLElement} place @param {Schemas["InvoiceList"]} drafts */
function showDrafts(place, { data, totals }) {
  const content = (totals ?? []).map(({ invoices, total, currency }) => `${counted(invoices, "draft")}, ${money(total, currency)}`).join("; ");
  place.hidden = data.length === 0;
  refill(place, h("h2", null, "Drafts to review"),
    list(data.map((each) => [
      h("a", { href: `/billing/drafts/${each.id}`, id: `draft-${each.id}`, dir: "auto" }, each.customerName ?? each.customerId),
      h("span", { class: "money" }, money(each.total, each.currency)),
    ]), "bare lines"),
    h("p", { class: "small" }, `${content}. `, h("a", { href: "/invoicing?show=draft", id: "all-drafts" }, "See all drafts")));
}

/** @param {HTMLElement} place @param {Schemas["InvoiceBatchView"][]} found */
function showBatches(place, found) {
  place.hidden = found.length === 0;
  refill(place, h("h2", null, "Recent batches"), list(found.map(({ id, createdAt, total, counts, status }) => {
    const amiss = counts.failed + counts.heldBack;
    const state = amiss > 0 ? badge("!", `${amiss} not done`, "bad")
      : status === "completed" ? badge("✓", "Done", "good") : badge("…", plain(status), "wait");
    return [
      h("a", { href: `/billing/batches/${id}`, id: `batch-${id}` }, timeAt(createdAt)),
      h("span", null, counted(total, "invoice"), " ", state),
    ];
  }), "bare lines"));
}
