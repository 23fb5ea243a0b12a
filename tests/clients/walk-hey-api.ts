/** Walks the users' guide with the client of hey-api, with its defaults. */

import { createClient } from "./generated/hey-api/client/index.js";
import {
  beginConnection,
  completeConnection,
  correctInvoice,
  createInvoice,
  createInvoiceBatch,
  editInvoice,
  type FirstError,
  getCustomer,
  getInvoice,
  getInvoiceBatch,
  getInvoiceHistory,
  getInvoicePreview,
  getSummary,
  type InvoiceDetail,
  listApps,
  listCustomers,
  listInvoices,
  listPayments,
  putCustomer,
  putInvoicingSettings,
  refundPayment,
  sendInvoice,
  sendInvoiceBatch,
} from "./generated/hey-api/index.js";
import {
  ADMIN_TOKEN,
  API,
  BILLING_TOKEN,
  bodyOf,
  eventually,
  GOOD_CARD,
  grantsAccess,
  INSUFFICIENT_FUNDS,
  paysByCard,
  tell,
} from "./people.js";

const admin = createClient({ baseUrl: API, auth: ADMIN_TOKEN });
const office = createClient({ baseUrl: API, auth: BILLING_TOKEN });

async function install(): Promise<void> {
  const apps = bodyOf(await listApps({ client: office }));
  for (const app of apps.data) tell("Apps", app.name, app.status);
  const begun = bodyOf(await beginConnection({ client: admin }));
  const state = await grantsAccess(begun.authorizeUrl);
  const connection = bodyOf(await completeConnection({ client: admin, body: { state } }));
  tell("Connection", connection.status);
}

async function configure(): Promise<void> {
  const saved = bodyOf(
    await putInvoicingSettings({
      client: admin,
      body: { paymentTerms: "net_15", paymentMethods: ["card"], reminders: { enabled: true, daysBeforeDue: [3] } },
    }),
  );
  tell("Settings", saved.paymentTerms, ...saved.paymentMethods, ...saved.reminders.daysBeforeDue);
  const path = { customerId: "cust_walk" };
  const body = { firstName: "Ann", lastName: "Lee", email: "ann@example.com" };
  bodyOf(await putCustomer({ client: office, path, body }));
  const look = async () => bodyOf(await getCustomer({ client: office, path }));
  tell("Customer", (await eventually(look, (seen) => seen.syncStatus === "synced")).syncStatus);
}

const cleaning = { serviceId: "svc_walk", description: "Weekly cleaning", quantity: 2, unitPrice: "75.00" };

const bill = (key: string) =>
  createInvoice({
    client: office,
    headers: { "Idempotency-Key": key },
    body: {
      customerId: "cust_walk",
      lineItems: [cleaning],
      deductions: [{ kind: "discount", description: "Loyal customer", amount: "10.00" }],
      send: false,
    },
  });

async function createAndSend(): Promise<InvoiceDetail> {
  const draft = bodyOf(await bill("walk-1"));
  tell("Invoice", draft.status, draft.total, draft.currency);
  const twice = await bill("walk-2");
  if (twice.error) tell("Billed again", advice(twice.error.error));
  const path = { invoiceId: draft.id };
  await edit(path);
  const preview = bodyOf(await getInvoicePreview({ client: office, path }));
  tell("Preview", preview.billTo.name, preview.total, preview.warnings.length);
  const sent = bodyOf(await sendInvoice({ client: office, path }));
  tell("Sent", sent.status);
  return invoice(draft.id, (seen) => seen.paymentUrl !== null);
}

async function edit(path: { invoiceId: string }): Promise<void> {
  const seen = await getInvoice({ client: office, path });
  const etag = seen.response.headers.get("ETag") ?? "";
  const again = await getInvoice({ client: office, path, headers: { "If-None-Match": etag } });
  // 304 comes first: it has no body, and the client puts what is no error of the API under `error`.
  tell("Asked again", again.response.status === 304 ? 304 : bodyOf(again).status);
  const { order } = bodyOf(seen);
  if (order === null) throw new Error("a draft shows its order");
  const body = { ...order, lineItems: order.lineItems.map((line) => ({ ...line, quantity: 3 })) };
  const change = { client: office, path, headers: { "If-Match": etag }, body };
  const edited = bodyOf(await editInvoice(change));
  tell("Edited", edited.status, edited.total);
  const late = await editInvoice({ ...change, body: { lineItems: [cleaning] } });
  if (late.error) tell("Edited with an old tag", advice(late.error.error));
}

function advice(error: FirstError): string {
  switch (error.code) {
    case "service_already_billed":
      return `${error.details.map((each) => each.field).join(", ")} is billed already`;
    case "precondition_failed":
      return "somebody else has saved";
    case "role_missing":
      return "ask an administrator";
    default:
      return error.message;
  }
}

const invoice = (invoiceId: string, good: (seen: InvoiceDetail) => boolean) =>
  eventually(
    async () => bodyOf(await getInvoice({ client: office, path: { invoiceId } })),
    good,
  );

async function pay(sent: InvoiceDetail): Promise<InvoiceDetail> {
  if (!sent.paymentUrl) throw new Error("A sent invoice has a payment link.");
  await paysByCard(sent.paymentUrl, INSUFFICIENT_FUNDS);
  const failed = await invoice(sent.id, (seen) => seen.failure?.reason === "insufficient_funds");
  tell("Declined", failed.status, failed.failure?.reason ?? null);
  await paysByCard(sent.paymentUrl, GOOD_CARD);
  const succeeded = (seen: InvoiceDetail) => seen.payments.some((payment) => payment.status === "succeeded");
  const paid = await invoice(sent.id, (seen) => seen.status === "paid" && succeeded(seen));
  tell("Paid", paid.status, "balance", paid.balance);
  return paid;
}

async function refund(paid: InvoiceDetail): Promise<void> {
  const [payment] = paid.payments;
  if (!payment) throw new Error("A paid invoice has a payment.");
  tell("Payment", payment.status, payment.amount, "refundable", payment.refundable);
  const headers = { "Idempotency-Key": "walk-refund" };
  const asked = { path: { paymentId: payment.id }, headers, body: { amount: "20.00" } };
  const refused = await refundPayment({ client: office, ...asked });
  if (refused.error) tell("Refund by the office", advice(refused.error.error));
  const refunded = bodyOf(await refundPayment({ client: admin, ...asked }));
  tell("Refund", refunded.status, refunded.amount);
  const look = async () => bodyOf(await getInvoiceHistory({ client: office, path: { invoiceId: paid.id } }));
  const history = await eventually(look, (seen) => seen.data.some((entry) => entry.kind === "refunded"));
  tell("History", [...new Set(history.data.map((entry) => entry.kind))].sort().join(" "));
}

async function billMany(): Promise<void> {
  const services = [{ ...cleaning, serviceId: "svc_batch", customerId: "cust_walk" }];
  const begun = bodyOf(await createInvoiceBatch({ client: office, body: { services, send: false } }));
  const path = { batchId: begun.id };
  const look = async () => bodyOf(await getInvoiceBatch({ client: office, path }));
  tell("Batch drafts", (await eventually(look, (seen) => seen.counts.created === 1)).counts.created);
  bodyOf(await sendInvoiceBatch({ client: office, path }));
  const [item] = (await eventually(look, (seen) => seen.counts.sent === 1)).items;
  if (!item?.invoiceId) throw new Error("An item that was sent has an invoice.");
  const ofItem = { invoiceId: item.invoiceId };
  const copy = bodyOf(await correctInvoice({ client: office, path: ofItem, body: { confirmed: true } }));
  tell("Corrected", copy.status, copy.total, (await invoice(item.invoiceId, (seen) => seen.status === "void")).status);
}

async function lookBack(): Promise<void> {
  const payments = bodyOf(await listPayments({ client: office, query: { kind: "refund", first: 10 } }));
  for (const each of payments.data) tell("Money out", each.kind, each.receivedAmount);
  const customers = bodyOf(await listCustomers({ client: office, query: { email: "ann@example.com" } }));
  for (const each of customers.data) tell("Customer found", each.id);
  const latest = bodyOf(await listInvoices({ client: office, query: { customerId: "cust_walk", first: 1 } }));
  for (const each of latest.data) tell("Latest invoice", each.customerName, each.status);
  const drafts = bodyOf(await listInvoices({ client: office, query: { status: "draft", totals: true } }));
  for (const each of drafts.totals ?? []) tell("Drafts", each.invoices, each.total);
  const overdue = bodyOf(await listInvoices({ client: office, query: { overdue: true } }));
  tell("Overdue", overdue.data.length, overdue.pageInfo.hasNextPage);
  const summary = bodyOf(await getSummary({ client: office }));
  for (const sums of summary.data) tell("Summary", sums.currency, "refunded", sums.refunded.amount);
}

await install();
await configure();
const paid = await pay(await createAndSend());
await refund(paid);
await billMany();
await lookBack();
