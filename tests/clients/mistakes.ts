/** Mistakes that the types refuse. Each line below an `@ts-expect-error` has one: the compiler fails if it is taken. */

import createClient from "openapi-fetch";
import { createInvoice, type FirstError, getInvoice, type InvoiceDetail, putInvoicingSettings } from "./generated/hey-api/index.js";
import type { components, paths } from "./generated/openapi-typescript/api.js";

type Invoice = components["schemas"]["InvoiceDetail"];

const client = createClient<paths>();
const line = { serviceId: "svc_1", description: "Weekly cleaning", quantity: 1, unitPrice: "75.00" };

export function sums(ofOne: Invoice, ofOther: InvoiceDetail): number[] {
  // @ts-expect-error Money is text. JavaScript's numbers would lose cents.
  const one = ofOne.total * 2;
  // @ts-expect-error Money is text.
  const other = ofOther.total * 2;
  return [one, other];
}

export function isLost(ofOne: Invoice, ofOther: InvoiceDetail): boolean[] {
  // @ts-expect-error There is no such status.
  const one = ofOne.status === "lost";
  // @ts-expect-error There is no such status.
  const other = ofOther.status === "lost";
  return [one, other];
}

export function isBilled(ofOne: components["schemas"]["FirstError"], ofOther: FirstError): boolean[] {
  // @ts-expect-error There is no such code.
  const one = ofOne.code === "service_billed";
  // @ts-expect-error There is no such code.
  const other = ofOther.code === "service_billed";
  return [one, other];
}

export function link(ofOne: Invoice, ofOther: InvoiceDetail): number[] {
  // @ts-expect-error A draft has no link.
  const one = ofOne.paymentUrl.length;
  // @ts-expect-error A draft has no link.
  const other = ofOther.paymentUrl.length;
  return [one, other];
}

export async function requests(): Promise<void> {
  // @ts-expect-error A customer is needed.
  await client.POST("/v1/invoices", { body: { lineItems: [line] } });
  // @ts-expect-error A customer is needed.
  await createInvoice({ body: { lineItems: [line] } });
  // @ts-expect-error There is no such payment method.
  await client.PUT("/v1/settings/invoicing", { body: { paymentMethods: ["cheque"] } });
  // @ts-expect-error There is no such payment method.
  await putInvoicingSettings({ body: { paymentMethods: ["cheque"] } });
  // @ts-expect-error The id has another name.
  await client.GET("/v1/invoices/{invoiceId}", { params: { path: { id: "inv_1" } } });
  // @ts-expect-error The id has another name.
  await getInvoice({ path: { id: "inv_1" } });
}
