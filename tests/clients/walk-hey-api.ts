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
  print,
} from "./people.js";

const admin = createClient({ baseUrl: API, auth: ADMIN_TOKEN });
const office = createClient({ baseUrl: API, auth: BILLING_TOKEN });

async function install(): Promise<void> {
  const apps = bodyOf(await listApps({ client: office }));
  for (const app of apps.data) print("Apps", app.name, app.status);
  const started = bodyOf(await beginConnection({ client: admin }));
  const state = await grantsAccess(started.authorizeUrl);
  const connection = bodyOf(await completeConnection({ client: admin, body: { state } }));
  print("Connection", connection.status);
}

async function configure(): Promise<void> {
  const saved = bodyOf(
    await putInvoicingSettings({
      client: admin,
      body: { paymentTerms: "net_15", paymentMethods: ["card"], reminders: { enabled: true, daysBeforeDue: [3] } },
    }),
  );
  print("Settings", saved.paymentTerms, ...saved.paymentMethods, ...saved.reminders.daysBeforeDue);
  const path = { customerId: "cust_walk" };
  const body = { firstName: "Ann", lastName: "Lee", email: "ann@example.com" };
  bodyOf(await putCustomer({ client: office, path, body }));
  const load = async () => bodyOf(await getCustomer({ client: office, path }));
  print("Customer", (await eventually(load, (loaded) => loaded.syncStatus === "synced")).syncStatus);
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
  print("Invoice", draft.status, draft.total, draft.currency);
  const secondBill = await bill("walk-2");
  if (secondBill.error) print("Billed again", advice(secondBill.error.error));
  const path = { invoiceId: draft.id };
  await edit(path);
  const preview = bodyOf(await getInvoicePreview({ client: office, path }));
  print("Preview", preview.billTo.name, preview.total, preview.warnings.length);
  const sent = bodyOf(await sendInvoice({ client: office, path }));
  print("Sent", sent.status);
  return invoice(draft.id, (loaded) => loaded.paymentUrl !== null);
}

async function edit(path: { invoiceId: string }): Promise<void> {
  const loaded = await getInvoice({ client: office, path });
  const etag = loaded.response.headers.get("ETag") ?? "";
  const unchanged = await getInvoice({ client: office, path, headers: { "If-None-Match": etag } });
  // Check for 304 first: it has no body, and the client sets `error` to a value that is no error of the API.
  print("Requested again", unchanged.response.status === 304 ? 304 : bodyOf(unchanged).status);
  const { order } = bodyOf(loaded);
  if (order === null) throw new Error("a draft has an order");
  const body = { ...order, lineItems: order.lineItems.map((line) => ({ ...line, quantity: 3 })) };
  const change = { client: office, path, headers: { "If-Match": etag }, body };
  const edited = bodyOf(await editInvoice(change));
  print("Edited", edited.status, edited.total);
  const outdatedEdit = await editInvoice({ ...change, body: { lineItems: [cleaning] } });
  if (outdatedEdit.error) print("Edited with an old tag", advice(outdatedEdit.error.error));
}

function advice(error: FirstError): string {
  switch (error.code) {
    case "service_already_billed":
      return `${error.details.map((each) => each.field).join(", ")} is billed already`;
    case "precondition_failed":
      return "another user has saved";
    case "role_missing":
      return "ask an administrator";
    default:
      return error.message;
  }
}

const invoice = (invoiceId: string, isReady: (loaded: InvoiceDetail) => boolean) =>
  eventually(
    async () => bodyOf(await getInvoice({ client: office, path: { invoiceId } })),
    isReady,
  );

async function pay(sent: InvoiceDetail): Promise<InvoiceDetail> {
  if (!sent.paymentUrl) throw new Error("A sent invoice has a payment link.");
  await paysByCard(sent.paymentUrl, INSUFFICIENT_FUNDS);
  const failed = await invoice(sent.id, (loaded) => loaded.failure?.reason === "insufficient_funds");
  print("Declined", failed.status, failed.failure?.reason ?? null);
  await paysByCard(sent.paymentUrl, GOOD_CARD);
  const succeeded = (invoice: InvoiceDetail) => invoice.payments.some((payment) => payment.status === "succeeded");
  const paid = await invoice(sent.id, (loaded) => loaded.status === "paid" && succeeded(loaded));
  print("Paid", paid.status, "balance", paid.balance);
  return paid;
}

async function refund(paid: InvoiceDetail): Promise<void> {
  const [payment] = paid.payments;
  if (!payment) throw new Error("A paid invoice has a payment.");
  print("Payment", payment.status, payment.amount, "refundable", payment.refundable);
  const headers = { "Idempotency-Key": "walk-refund" };
  const request = { path: { paymentId: payment.id }, headers, body: { amount: "20.00" } };
  const refused = await refundPayment({ client: office, ...request });
  if (refused.error) print("Refund by the office", advice(refused.error.error));
  const refunded = bodyOf(await refundPayment({ client: admin, ...request }));
  print("Refund", refunded.status, refunded.amount);
  const load = async () => bodyOf(await getInvoiceHistory({ client: office, path: { invoiceId: paid.id } }));
  const history = await eventually(load, (loaded) => loaded.data.some((entry) => entry.kind === "refunded"));
  print("History", [...new Set(history.data.map((entry) => entry.kind))].sort().join(" "));
}

async function billMany(): Promise<void> {
  const services = [{ ...cleaning, serviceId: "svc_batch", customerId: "cust_walk" }];
  const started = bodyOf(await createInvoiceBatch({ client: office, body: { services, send: false } }));
  const path = { batchId: started.id };
  const load = async () => bodyOf(await getInvoiceBatch({ client: office, path }));
  print("Batch drafts", (await eventually(load, (loaded) => loaded.counts.created === 1)).counts.created);
  bodyOf(await sendInvoiceBatch({ client: office, path }));
  const [item] = (await eventually(load, (loaded) => loaded.counts.sent === 1)).items;
  if (!item?.invoiceId) throw new Error("An item that was sent has an invoice.");
  const ofItem = { invoiceId: item.invoiceId };
  const copy = bodyOf(await correctInvoice({ client: office, path: ofItem, body: { confirmed: true } }));
  print("Corrected", copy.status, copy.total, (await invoice(item.invoiceId, (loaded) => loaded.status === "void")).status);
}

async function lookBack(): Promise<void> {
  const payments = bodyOf(await listPayments({ client: office, query: { kind: "refund", first: 10 } }));
  for (const each of payments.data) print("Money out", each.kind, each.receivedAmount);
  const customers = bodyOf(await listCustomers({ client: office, query: { email: "ann@example.com" } }));
  for (const each of customers.data) print("Customer found", each.id);
  const latest = bodyOf(await listInvoices({ client: office, query: { customerId: "cust_walk", first: 1 } }));
  for (const each of latest.data) print("Latest invoice", each.customerName, each.status);
  const drafts = bodyOf(await listInvoices({ client: office, query: { status: "draft", totals: true } }));
  for (const each of drafts.totals ?? []) print("Drafts", each.invoices, each.total);
  const overdue = bodyOf(await listInvoices({ client: office, query: { overdue: true } }));
  print("Overdue", overdue.data.length, overdue.pageInfo.hasNextPage);
  const summary = bodyOf(await getSummary({ client: office }));
  for (const sums of summary.data) print("Summary", sums.currency, "refunded", sums.refunded.amount);
}

await install();
await configure();
const paid = await pay(await createAndSend());
await refund(paid);
await billMany();
await lookBack();
