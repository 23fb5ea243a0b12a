/** The review of a draft: a preview as its payer will see it, with buttons to correct, send or delete it; then the next draft. */

/** @import { Schemas, Visit } from "../core/types" */
import { ApiError, get, getPage, getTagged, post, put } from "../core/api.js";
import { go, openPage } from "../core/browser.js";
import { services } from "../core/company.js";
import { draftForm, orderInWords } from "../core/draft-form.js";
import { h, refill } from "../core/elements.js";
import { ask, button, saving } from "../core/forms.js";
import { follow } from "../core/live.js";
import { may } from "../core/session.js";
import { about, wayOut } from "../core/way-out.js";
import { badges, empty, facts, heading, loading, notice, numbers, table } from "../core/widgets.js";
import { day, isNothing, money, signed } from "../core/words.js";

/** @typedef {Schemas["InvoiceDetail"]} Invoice */

export const title = "Review a draft";

/** @param {HTMLElement} main @param {Visit} visit */
export async function show(main, { params: [invoiceId = ""], query, signal }) {
  const path = { invoiceId };
  const batch = may("billing") ? query.get("batch") : null;
  const back = batch ? h("a", { href: `/billing/batches/${batch}` }, "Back to the batch") : h("a", { href: "/billing" }, "Back to Billing");
  const around = h("nav", { class: "actions", "aria-label": "Drafts" }, back);
  const body = h("div", { class: "stack" }, loading());
  const standing = h("span");
  refill(main, heading("Review the draft", standing, around), body);
  const pile = await neighbours(invoiceId, batch);
  /** @param {string} id */
  const address = (id) => `/billing/drafts/${id}${batch ? `?batch=${batch}` : ""}`;
  refill(around, back,
    pile.before && h("a", { class: "button", href: address(pile.before) }, "← Previous draft"),
    pile.after && h("a", { class: "button", href: address(pile.after) }, "Next draft →"));

  const next = pile.after && address(pile.after);
  /** @type {Invoice | null} */
  let latest = null;
  let wasDraft = false;
  let editing = false;
  const draw = async () => {
    if (!latest || signal.aborted) return;
    const { status, correctsInvoiceId } = latest;
    refill(standing, badges(latest));
    if (editing) return;
    if (status === "creating") {
      wasDraft = true;
      const content = "POM is sending this draft to Stripe. The page continues automatically…";
      return refill(body, h("p", { class: "loading", role: "status" }, content));
    }
    if (status !== "draft") {
      if (wasDraft) return void go(`/invoicing/${invoiceId}`);
      return refill(body, empty("This invoice is no draft any more.", h("a", { href: `/invoicing/${invoiceId}` }, "See the invoice")));
    }
    wasDraft = true;
    const preview = await get("/v1/invoices/{invoiceId}/preview", { path });
    const replaced = correctsInvoiceId ? await get("/v1/invoices/{invoiceId}", { path: { invoiceId: correctsInvoiceId } }) : null;
    if (!signal.aborted) refill(body, ...review(latest, preview, replaced, acts));
  };

  /** @param {string | null} then where to go afterwards, or null to stay until it has been sent */
  const send = async (then) => {
    const reviewed = JSON.stringify(latest?.order);
    await again();
    if (JSON.stringify(latest?.order) !== reviewed) {
      const nextStep = "Review it as it is now, and send it then.";
      throw new ApiError(412, { message: "Somebody has changed this draft in the meantime, so it was not sent.", nextStep });
    }
    await post("/v1/invoices/{invoiceId}/send", { path }).catch(about(latest?.customerId));
    if (!then) return again();
    notice(`The invoice of ${latest?.customerName ?? "the customer"} is sent.`);
    if (!signal.aborted) go(then);
  };
  const drop = async () => {
    const content = h("p", null, "It is deleted in Stripe, too. Nothing was sent, and its services can be billed again.");
    const work = () => post("/v1/invoices/{invoiceId}/void", { path });
    if (await ask("Delete the draft?", content, { confirm: "Delete", danger: true, work })) go(next ?? back.pathname);
  };
  const edit = async () => {
    editing = true;
    await correct(body, invoiceId).finally(() => {
      editing = false;
    });
    const before = latest;
    await again();
    if (latest === before) await draw(); // a changed response was drawn already
  };
  const openPreview = async () => openPage(await getPage("/v1/invoices/{invoiceId}/preview", { path }));
  const acts = { send: () => send(null), sendAndGoOn: next ? () => send(next) : null, edit, openPreview, drop };
  const again = await follow("/v1/invoices/{invoiceId}", { path }, (invoice) => {
    latest = invoice;
    return draw();
  }, signal);
}

/** Returns the drafts before and after this one in its batch, or else among all drafts. @param {string} id @param {string | null} batch */
async function neighbours(id, batch) {
  let before = null;
  let found = false;
  for await (const each of drafts(batch)) {
    if (found) return { before, after: each };
    if (each === id) found = true;
    else before = each;
  }
  return { before: found ? before : null, after: null };
}

/** @param {string | null} batchId */
async function* drafts(batchId) {
  /** @type {string | null | undefined} */
  let after;
  do {
    const query = { first: 100, after: after ?? undefined };
    /** @type {Schemas["PageInfo"]} */
    let pageInfo;
    if (batchId) {
      const batch = await get("/v1/invoice-batches/{batchId}", { path: { batchId }, query });
      yield* batch.items.flatMap(({ invoiceId, total, number }) => (invoiceId && total && !number ? [invoiceId] : []));
      pageInfo = batch.pageInfo;
    } else {
      const list = await get("/v1/invoices", { query: { ...query, status: "draft" } });
      yield* list.data.map(({ id }) => id);
      pageInfo = list.pageInfo;
    }
    after = pageInfo.hasNextPage ? pageInfo.endCursor : null;
  } while (after);
}

/** @typedef {() => Promise<unknown>} Act */

/**
 * @param {Invoice} invoice
 * @param {Schemas["InvoicePreview"]} preview
 * @param {Invoice | null} replaced
 * @param {{ send: Act, sendAndGoOn: Act | null, edit: Act, openPreview: Act, drop: Act }} acts
 */
function review(invoice, preview, replaced, acts) {
  const bills = may("billing");
  return [
    preview.warnings.length === 0 && h("p", { class: "soft" }, invoice.explanation),
    replaced && h("p", { class: "note" },
      "This draft replaces ", h("a", { href: `/invoicing/${replaced.id}` }, `invoice ${replaced.number ?? replaced.id}`),
      `, which is ${signed(replaced.status)[1].toLowerCase()}.`),
    preview.warnings.length > 0 && h("section", { class: "problem", "aria-label": "What stands against sending" },
      preview.warnings.flatMap((each) => [
        h("p", null, h("strong", null, each.message)),
        h("p", null, each.nextStep, wayOut({ ...each, customerId: invoice.customerId })),
      ])),
    bills ? null : h("p", { class: "note" }, "Sending and correcting a draft takes the role billing or admin."),
    h("div", { class: "actions" },
      bills && button("Send", acts.send, { id: "send", class: "main" }),
      bills && acts.sendAndGoOn && button("Send and review the next", acts.sendAndGoOn, { id: "send-next" }),
      bills && button("Correct", acts.edit, { id: "correct" }),
      button("Open as the payer’s page", acts.openPreview, { id: "open-page" }),
      bills && button("Delete the draft…", acts.drop, { id: "delete", class: "danger" })),
    sheet(preview),
  ];
}

/** Returns the draft as its payer will see it. @param {Schemas["InvoicePreview"]} preview */
function sheet(preview) {
  const { company, billTo, currency, deductions, customFields } = preview;
  /** @param {string} amount */
  const exact = (amount) => money(amount, currency);
  const today = "if it is sent today";
  const sums = [["Subtotal", preview.subtotal], ["Tax", preview.tax], ["Total", preview.total]].filter(([name, amount = ""]) =>
    name === "Total" || (name === "Tax" ? !isNothing(amount) : amount !== preview.total));
  /** @param {string} name @param {(string | null)[]} lines */
  const party = (name, lines) =>
    h("div", null, h("h3", null, name), lines.flatMap((each) => (each ? [h("p", { dir: "auto" }, each)] : [])));
  const list = table("What is billed", ["Service", ...numbers("Amount")], [
    ...preview.lineItems.map((each) => [each.text, exact(each.amount)]),
    ...deductions.map((each) => [each.text, exact(`-${each.amount}`)]),
  ]);
  return h("article", { class: "sheet stack", "aria-label": "The draft as its payer will see it" },
    h("p", { class: "note" }, preview.notice),
    h("div", { class: "parties" },
      party("From", [company.name, company.supportEmail, company.supportPhone]),
      party("Bill to", [billTo.name ?? billTo.customerId, billTo.email, ...billTo.address])),
    facts([
      ["Date", `${day(preview.date)}, ${today}`],
      ["Due", preview.dueInWords ? `${day(preview.dueDate)}, ${today}` : day(preview.dueDate)],
      ["Terms", preview.dueInWords],
      ...customFields.map(({ name, value }) => /** @type {[string, string]} */ ([name, value])),
    ]),
    preview.memo && h("p", { class: "text" }, preview.memo),
    list,
    h("dl", { class: "total" }, sums.map(([name, amount = ""]) =>
      h("div", null, h("dt", null, name), h("dd", { class: "money" }, exact(amount))))),
    preview.paymentMethods.length > 0 && h("p", { class: "small" }, `Can be paid by: ${preview.paymentMethods.join(", ")}.`),
    preview.footer && h("p", { class: "text small" }, preview.footer));
}

/** Lets the person correct the draft in place, until it is saved or the correction is cancelled. @param {HTMLElement} place @param {string} invoiceId */
async function correct(place, invoiceId) {
  const path = { invoiceId };
  const load = async () => {
    const { body, tag } = await getTagged("/v1/invoices/{invoiceId}", { path });
    return { invoice: body, stored: body.order && { body: body.order, tag } };
  };
  const { invoice: { customerId, currency }, stored } = await load();
  if (!stored) return; // it is no longer a draft, and the review shows that
  const open = (await services()).filter((each) => each.customerId === customerId && each.currency === currency && !each.invoiceId);
  const { form, fill, typed } = draftForm(stored.body, currency, open.map((each) => ({ ...each, serviceId: each.id })));
  const errors = h("div");
  const save = h("button", { class: "main" }, "Save");
  const leave = h("button", { type: "button" }, "Cancel");
  form.append(errors, h("div", { class: "actions" }, save, leave));
  refill(place, form);
  /** @type {HTMLElement | null} */ (form.querySelector("input:not([type=hidden])"))?.focus();
  return /** @type {Promise<void>} */ (new Promise((resolve) => {
    leave.addEventListener("click", () => resolve());
    saving(form, save, {
      errors, loaded: stored, typed, fill,
      inWords: orderInWords,
      store: async (body, { tag }) => {
        await put("/v1/invoices/{invoiceId}", { path, body, ifMatch: tag });
        notice("The draft is saved.");
        resolve();
      },
      load: async () => {
        const now = await load();
        if (!now.stored) resolve();
        return now.stored;
      },
    });
  }));
}
