/** Calls of POM-Stripe's API across origins, with a bearer token, typed by the API's own document. */

/** @import { ResponseBody, Call, RequestArgs, PathsWith, Schemas, TaggedCall, TextCall } from "./types" */
import { apiAddress, token } from "./session.js";

/** @typedef {{ path?: object, query?: object, body?: unknown, key?: string, ifMatch?: string }} Request */
/** @typedef {Record<string, string>} Headers */

const MAX_RETRIES = 2;
const LONGEST_WAIT = 5;

/** A refusal by the API, or a request without a response. Make decisions by `code`; show the message and `nextStep`. */
export class ApiError extends Error {
  /** @type {string | null} the customer that the error is about, if the screen has set it; the next step is on the page of that customer */
  customerId = null;

  /** @param {number} status 0 if there was no response @param {Partial<Schemas["FirstError"]>} error */
  constructor(status, error) {
    super(error.message ?? `POM responded with ${status}.`);
    this.status = status;
    this.code = error.code ?? "unknown";
    this.nextStep = error.nextStep ?? "Try again.";
    this.details = error.details ?? [];
    this.requestId = error.requestId ?? null;
  }
}

// Each of these four returns the body of the response, or throws an `ApiError`.
/** @type {Call<"get">} */
export const get = async (path, ...args) => (await request("GET", path, args[0])).body;
/** @type {Call<"post">} */
export const post = async (path, ...args) => (await request("POST", path, args[0])).body;
/** @type {Call<"put">} */
export const put = async (path, ...args) => (await request("PUT", path, args[0])).body;
/** @type {Call<"delete">} */
export const remove = async (path, ...args) => (await request("DELETE", path, args[0])).body;

/**
 * Returns the response to `GET` with its `ETag`, or null if the object has not changed since the response that had `tag`.
 *
 * @template {PathsWith<"get">} P
 * @param {P} path
 * @param {string | null} tag
 * @param {RequestArgs<P, "get">} args
 * @returns {Promise<{ body: ResponseBody<P, "get">, tag: string | null } | null>}
 */
export async function getIfChanged(path, tag, ...args) {
  const response = await request("GET", path, args[0], tag ? { "If-None-Match": tag } : {});
  return response.status === 304 ? null : { body: response.body, tag: response.tag };
}

/** Returns the response to `GET` with the `ETag` that a `PUT` sends back as `ifMatch`. @type {TaggedCall} */
export const getTagged = async (path, ...args) => {
  const { body, tag } = await request("GET", path, args[0]);
  if (!tag) throw new Error(`POM responded to ${path} without an ETag.`);
  return { body, tag };
};

/** Returns the response to `GET` as a web page. @type {TextCall} */
export const getPage = async (path, ...args) => (await request("GET", path, args[0], { Accept: "text/html" })).body;

/** Returns all pages of a list as one CSV table, with one header row. @type {TextCall} */
export const getTable = async (path, ...args) => {
  const options = args[0];
  const csv = { Accept: "text/csv" };
  let page = await request("GET", path, options, csv);
  let table = page.body;
  while (page.next) {
    page = await request("GET", path, { ...options, query: { ...options?.query, after: page.next } }, csv);
    table += page.body.slice(page.body.indexOf("\r\n") + 2);
  }
  return table;
};

/** Returns a new `Idempotency-Key`. Create it when the person presses the button, and send it with every repetition. */
export const newKey = () => crypto.randomUUID();

/**
 * Sends a request, and repeats it after `Retry-After` if the API was too busy (429, 502, 503), or once with a new token (401).
 *
 * @param {string} method
 * @param {string} path
 * @param {Request} [options]
 * @param {Headers} [headers]
 */
async function request(method, path, options = {}, headers = {}) {
  let response = await send(method, path, options, headers);
  if (response.status === 401) response = await send(method, path, options, headers, true);
  for (let retries = 0; retries < MAX_RETRIES && [429, 502, 503].includes(response.status); retries += 1) {
    const seconds = Math.min(Number(response.headers.get("Retry-After")) || 1, LONGEST_WAIT);
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    response = await send(method, path, options, headers);
  }
  const text = await response.text().catch(throwNoResponse); // the connection was lost in the middle
  const isJson = response.headers.get("Content-Type")?.startsWith("application/json");
  const body = isJson && text ? JSON.parse(text) : text;
  if (!response.ok && response.status !== 304) throw new ApiError(response.status, body.error ?? {});
  const nextPage = /^<(.+)>; rel="next"$/.exec(response.headers.get("Link") ?? "")?.[1];
  const next = nextPage ? new URL(nextPage).searchParams.get("after") : null;
  return { status: response.status, body, tag: response.headers.get("ETag"), next };
}

/**
 * @param {string} method
 * @param {string} path
 * @param {Request} options
 * @param {Headers} headers
 */
async function send(method, path, options, headers, refreshToken = false) {
  /** @type {Headers} */
  const allHeaders = { Authorization: `Bearer ${await token(refreshToken)}`, ...headers };
  if (options.body !== undefined) allHeaders["Content-Type"] = "application/json";
  if (options.key) allHeaders["Idempotency-Key"] = options.key;
  if (options.ifMatch) allHeaders["If-Match"] = options.ifMatch;
  const body = options.body === undefined ? null : JSON.stringify(options.body);
  // The browser's cache is off, because it would hide the 304 from the page, which compares the tags itself.
  return fetch(address(path, options), { method, headers: allHeaders, body, cache: "no-store" }).catch(throwNoResponse);
}

/** @returns {never} */
export function throwNoResponse() {
  throw new ApiError(0, {
    message: "POM's server did not respond.",
    nextStep: "Check the connection to the internet, and try again.",
  });
}

/** @param {string} path @param {Request} options */
function address(path, options) {
  let filled = path;
  for (const [name, value] of Object.entries(options.path ?? {})) {
    filled = filled.replace(`{${name}}`, encodeURIComponent(String(value)));
  }
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(options.query ?? {})) {
    if (value !== undefined && value !== null && value !== "") query.set(name, String(value));
  }
  return `${apiAddress()}${filled}${query.size ? `?${query}` : ""}`;
}
