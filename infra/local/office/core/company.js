/** POM's own records: the completed services and the customers of the company. They come from POM's site. */

/** @import { Schemas, Service } from "./types" */
import { ApiError } from "./api.js";
import { token } from "./session.js";

/** Returns the completed services, the latest first, each with the invoice that bills it. @returns {Promise<Service[]>} */
export const services = () => records("services");

/** Returns the customers as the office has them. @returns {Promise<Schemas["ImportedCustomer"][]>} */
export const customers = () => records("customers");

/** @param {string} name */
async function records(name) {
  const answer = await fetch(`/company/${name}`, { headers: { Authorization: `Bearer ${await token()}` } }).catch(() => null);
  if (!answer?.ok) throw new ApiError(answer?.status ?? 0, { message: `POM did not answer with its ${name}.` });
  return (await answer.json()).data;
}
