/** Walks the users' guide with the client of openapi-typescript and openapi-fetch, both with their defaults. */

import createClient from "openapi-fetch";
import type { components, paths } from "./generated/openapi-typescript/api.js";
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

type Invoice = components["schemas"]["InvoiceDetail"];
type Refusal = components["schemas"]["FirstError"];

const signedIn = (token: string) =>
  createClient<paths, "application/json">({ baseUrl: API, headers: { Authorization: `Bearer ${token}` } });
const admin = signedIn(ADMIN_TOKEN);
const office = signedIn(BILLING_TOKEN);

async function install(): Promise<void> {
  const apps = bodyOf(await office.GET("/v1/apps"));
  for (const app of apps.data) print("Apps", app.name, app.status);
  const started = bodyOf(await admin.POST("/v1/stripe/connection"));
  const state = await grantsAccess(started.authorizeUrl);
  const connection = bodyOf(await admin.POST("/v1/stripe/connection/complete", { body: { state } }));
  print("Connection", connection.status);
}

async function configure(): Promise<void> {
  const saved = bodyOf(
    await admin.PUT("/v1/settings/invoicing", {
      body: { paymentTerms: "net_15", paymentMethods: ["card"], reminders: { enabled: true, daysBeforeDue: [3] } },
    }),
  );
  print("Settings", saved.paymentTerms, ...saved.paymentMethods, ...saved.reminders.daysBeforeDue);
  const path = { customerId: "cust_walk" };
  const body = { firstName: "Ann", lastName: "Lee", email: "ann@example.com" };
  bodyOf(await office.PUT("/v1/customers/{customerId}", { params: { path }, body }));
  const load = async () => bodyOf(await office.GET("/v1/customers/{customerId}", { params: { path } }));
  print("Customer", (await eventually(load, (loaded) => loaded.syncStatus === "synced")).syncStatus);
}

const cleaning = { serviceId: "svc_walk", description: "Weekly cleaning", quantity: 2, unitPrice: "75.00" };

const bill = (key: string) =>
  office.POST("/v1/invoices", {
    params: { header: { "Idempotency-Key": key } },
    body: {
      customerId: "cust_walk",
      lineItems: [cleaning],
      deductions: [{ kind: "discount", description: "Loyal customer", amount: "10.00" }],
      send: false,
    },
  });

async function createAndSend(): Promise<Invoice> {
  const draft = bodyOf(await bill("walk-1"));
  print("Invoice", draft.status, draft.total, draft.currency);
  const secondBill = await bill("walk-2");
  if (secondBill.error) print("Billed again", advice(secondBill.error.error));
  const path = { invoiceId: draft.id };
  await edit(path);
  const preview = bodyOf(await office.GET("/v1/invoices/{invoiceId}/preview", { params: { path } }));
  print("Preview", preview.billTo.name, preview.total, preview.warnings.length);
  const sent = bodyOf(await office.POST("/v1/invoices/{invoiceId}/send", { params: { path } }));
  print("Sent", sent.status);
  return invoice(draft.id, (loaded) => loaded.paymentUrl !== null);
}

async function edit(path: { invoiceId: string }): Promise<void> {
  const loaded = await office.GET("/v1/invoices/{invoiceId}", { params: { path } });
  const etag = loaded.response.headers.get("ETag") ?? "";
  const header = { "If-None-Match": etag };
  const unchanged = await office.GET("/v1/invoices/{invoiceId}", { params: { path, header } });
  // Check for 304 first: it has no body, and the client sets `error` to a value that is no error of the API.
  print("Requested again", unchanged.response.status === 304 ? 304 : bodyOf(unchanged).status);
  const { order } = bodyOf(loaded);
  if (order === null) throw new Error("a draft has an order");
  const body = { ...order, lineItems: order.lineItems.map((line) => ({ ...line, quantity: 3 })) };
  const params = { path, header: { "If-Match": etag } };
  const edited = bodyOf(await office.PUT("/v1/invoices/{invoiceId}", { params, body }));
  print("Edited", edited.status, edited.total);
  const outdatedEdit = await office.PUT("/v1/invoices/{invoiceId}", { params, body: { lineItems: [cleaning] } });
  if (outdatedEdit.error) print("Edited with an old tag", advice(outdatedEdit.error.error));
}

function advice(error: Refusal): string {
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

const invoice = (invoiceId: string, isReady: (loaded: Invoice) => boolean) =>
  eventually(
    async () => bodyOf(await office.GET("/v1/invoices/{invoiceId}", { params: { path: { invoiceId } } })),
    isReady,
  );

async function pay(sent: Invoice): Promise<Invoice> {
  if (!sent.paymentUrl) throw new Error("A sent invoice has a payment link.");
  await paysByCard(sent.paymentUrl, INSUFFICIENT_FUNDS);
  const failed = await invoice(sent.id, (loaded) => loaded.failure?.reason === "insufficient_funds");
  print("Declined", failed.status, failed.failure?.reason ?? null);
  await paysByCard(sent.paymentUrl, GOOD_CARD);
  const succeeded = (invoice: Invoice) => invoice.payments.some((payment) => payment.status === "succeeded");
  const paid = await invoice(sent.id, (loaded) => loaded.status === "paid" && succeeded(loaded));
  print("Paid", paid.status, "balance", paid.balance);
  return paid;
}

async function refund(paid: Invoice): Promise<void> {
  const [payment] = paid.payments;
  if (!payment) throw new Error("A paid invoice has a payment.");
  print("Payment", payment.status, payment.amount, "refundable", payment.refundable);
  const params = { path: { paymentId: payment.id }, header: { "Idempotency-Key": "walk-refund" } };
  const request = { params, body: { amount: "20.00" } };
  const refused = await office.POST("/v1/payments/{paymentId}/refunds", request);
  if (refused.error) print("Refund by the office", advice(refused.error.error));
  const refunded = bodyOf(await admin.POST("/v1/payments/{paymentId}/refunds", request));
  print("Refund", refunded.status, refunded.amount);
  const path = { invoiceId: paid.id };
  const load = async () => bodyOf(await office.GET("/v1/invoices/{invoiceId}/history", { params: { path } }));
  const history = await eventually(load, (loaded) => loaded.data.some((entry) => entry.kind === "refunded"));
  print("History", [...new Set(history.data.map((entry) => entry.kind))].sort().join(" "));
}

async function billMany(): Promise<void> {
  const services = [{ ...cleaning, serviceId: "svc_batch", customerId: "cust_walk" }];
  const started = bodyOf(await office.POST("/v1/invoice-batches", { body: { services, send: false } }));
  const path = { batchId: started.id };
  const load = async () => bodyOf(await office.GET("/v1/invoice-batches/{batchId}", { params: { path } }));
  print("Batch drafts", (await eventually(load, (loaded) => loaded.counts.created === 1)).counts.created);
  bodyOf(await office.POST("/v1/invoice-batches/{batchId}/send", { params: { path } }));
  const [item] = (await eventually(load, (loaded) => loaded.counts.sent === 1)).items;
  if (!item?.invoiceId) throw new Error("An item that was sent has an invoice.");
  const params = { path: { invoiceId: item.invoiceId } };
  const copy = bodyOf(await office.POST("/v1/invoices/{invoiceId}/correct", { params, body: { confirmed: true } }));
  print("Corrected", copy.status, copy.total, (await invoice(item.invoiceId, (loaded) => loaded.status === "void")).status);
}

async function lookBack(): Promise<void> {
  const payments = bodyOf(await office.GET("/v1/payments", { params: { query: { kind: "refund", first: 10 } } }));
  for (const each of payments.data) print("Money out", each.kind, each.receivedAmount);
  const customers = bodyOf(await office.GET("/v1/customers", { params: { query: { email: "ann@example.com" } } }));
  for (const each of customers.data) print("Customer found", each.id);
  const ofCustomer = { customerId: "cust_walk", first: 1 };
  const latest = bodyOf(await office.GET("/v1/invoices", { params: { query: ofCustomer } }));
  for (const each of latest.data) print("Latest invoice", each.customerName, each.status);
  const drafts = bodyOf(await office.GET("/v1/invoices", { params: { query: { status: "draft", totals: true } } }));
  for (const each of drafts.totals ?? []) print("Drafts", each.invoices, each.total);
  const overdue = bodyOf(await office.GET("/v1/invoices", { params: { query: { overdue: true } } }));
  print("Overdue", overdue.data.length, overdue.pageInfo.hasNextPage);
  const summary = bodyOf(await office.GET("/v1/summary"));
  for (const sums of summary.data) print("Summary", sums.currency, "refunded", sums.refunded.amount);
}

await install();
await configure();
const paid = await pay(await createAndSend());
await refund(paid);
await billMany();
await lookBack();
