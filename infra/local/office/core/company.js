/** POM's own records: the completed services and the customers of the company. They come from POM's site. */

/** @import { Schemas, Service } from "./types" */
import { ApiError } from "./api.js";
import { token } from "./session.js";

/** Returns the completed services, the latest first, each with the id of the invoice that bills it. @returns {Promise<Service[]>} */
export const services = () => records("services");

/** Returns the customers of POM's own records. @returns {Promise<Schemas["ImportedCustomer"][]>} */
export const customers = () => records("customers");

/** @param {string} name */
async function records(name) {
  const response = await fetch(`/company/${name}`, { headers: { Authorization: `Bearer ${await token()}` } }).catch(() => null);
  if (!response?.ok) throw new ApiError(response?.status ?? 0, { message: `POM did not return its ${name}.` });
  return (await response.json()).data;
}
