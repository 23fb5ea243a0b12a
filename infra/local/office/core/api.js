/** Calls of POM-Stripe's API across origins, with a bearer token, typed by the API's own document. */

/** @import { Answer, Call, Given, PathsWith, Schemas, TaggedCall, TextCall } from "./types" */
import { apiAddress, token } from "./session.js";

/** @typedef {{ path?: object, query?: object, body?: unknown, key?: string, ifMatch?: string }} Request */
/** @typedef {Record<string, string>} Headers */

const REPEATED = 2;
const LONGEST_WAIT = 5;

/** What the API refused, or that it did not answer. Decide by `code`; show the message and `nextStep`. */
export class ApiError extends Error {
  /** @type {string | null} whom it is about, if the screen knows it; its next step is taken there */
  customerId = null;

  /** @param {number} status 0 if there was no answer @param {Partial<Schemas["FirstError"]>} error */
  constructor(status, error) {
    super(error.message ?? `POM answered ${status}.`);
    this.status = status;
    this.code = error.code ?? "unknown";
    this.nextStep = error.nextStep ?? "Try again.";
    this.details = error.details ?? [];
    this.requestId = error.requestId ?? null;
  }
}

// Each of these four returns the body of the answer, or throws an `ApiError`.
/** @type {Call<"get">} */
export const get = async (path, ...given) => (await request("GET", path, given[0])).body;
/** @type {Call<"post">} */
export const post = async (path, ...given) => (await request("POST", path, given[0])).body;
/** @type {Call<"put">} */
export const put = async (path, ...given) => (await request("PUT", path, given[0])).body;
/** @type {Call<"delete">} */
export const remove = async (path, ...given) => (await request("DELETE", path, given[0])).body;

/**
 * Returns the answer to `GET` with its tag, or null if it has not changed since the answer that had `tag`.
 *
 * @template {PathsWith<"get">} P
 * @param {P} path
 * @param {string | null} tag
 * @param {Given<P, "get">} given
 * @returns {Promise<{ body: Answer<P, "get">, tag: string | null } | null>}
 */
export async function getIfChanged(path, tag, ...given) {
  const answer = await request("GET", path, given[0], tag ? { "If-None-Match": tag } : {});
  return answer.status === 304 ? null : { body: answer.body, tag: answer.tag };
}

/** Returns the answer to `GET` with the tag that a `PUT` sends back as `ifMatch`. @type {TaggedCall} */
export const getTagged = async (path, ...given) => {
  const { body, tag } = await request("GET", path, given[0]);
  if (!tag) throw new Error(`POM answered ${path} without a tag.`);
  return { body, tag };
};

/** Returns the answer to `GET` as a page. @type {TextCall} */
export const getPage = async (path, ...given) => (await request("GET", path, given[0], { Accept: "text/html" })).body;

/** Returns all pages of a list as one table for spreadsheets, under one line with the names of the columns. @type {TextCall} */
export const getTable = async (path, ...given) => {
  const asked = given[0];
  const csv = { Accept: "text/csv" };
  let page = await request("GET", path, asked, csv);
  let table = page.body;
  while (page.next) {
    page = await request("GET", path, { ...asked, query: { ...asked?.query, after: page.next } }, csv);
    table += page.body.slice(page.body.indexOf("\r\n") + 2);
  }
  return table;
};

/** Returns a new `Idempotency-Key`. Make it when the person presses the button, and keep it for each repetition. */
export const newKey = () => crypto.randomUUID();

/**
 * Repeats a request that the API was too busy for, after the time that it names.
 *
 * @param {string} method
 * @param {string} path
 * @param {Request} [asked]
 * @param {Headers} [headers]
 */
async function request(method, path, asked = {}, headers = {}) {
  let answer = await sent(method, path, asked, headers);
  if (answer.status === 401) answer = await sent(method, path, asked, headers, true);
  for (let repeated = 0; repeated < REPEATED && [429, 502, 503].includes(answer.status); repeated += 1) {
    const seconds = Math.min(Number(answer.headers.get("Retry-After")) || 1, LONGEST_WAIT);
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    answer = await sent(method, path, asked, headers);
  }
  const text = await answer.text().catch(notAnswered); // the connection was lost in the middle
  const isJson = answer.headers.get("Content-Type")?.startsWith("application/json");
  const body = isJson && text ? JSON.parse(text) : text;
  if (!answer.ok && answer.status !== 304) throw new ApiError(answer.status, body.error ?? {});
  const nextPage = /^<(.+)>; rel="next"$/.exec(answer.headers.get("Link") ?? "")?.[1];
  const next = nextPage ? new URL(nextPage).searchParams.get("after") : null;
  return { status: answer.status, body, tag: answer.headers.get("ETag"), next };
}

/**
 * @param {string} method
 * @param {string} path
 * @param {Request} asked
 * @param {Headers} headers
 */
async function sent(method, path, asked, headers, anew = false) {
  /** @type {Headers} */
  const all = { Authorization: `Bearer ${await token(anew)}`, ...headers };
  if (asked.body !== undefined) all["Content-Type"] = "application/json";
  if (asked.key) all["Idempotency-Key"] = asked.key;
  if (asked.ifMatch) all["If-Match"] = asked.ifMatch;
  const body = asked.body === undefined ? null : JSON.stringify(asked.body);
  // The page compares tags itself: the browser's own cache would hide the 304.
  return fetch(address(path, asked), { method, headers: all, body, cache: "no-store" }).catch(notAnswered);
}

/** @returns {never} */
export function notAnswered() {
  throw new ApiError(0, {
    message: "POM's server did not answer.",
    nextStep: "Check the connection to the internet, and try again.",
  });
}

/** @param {string} path @param {Request} asked */
function address(path, asked) {
  let filled = path;
  for (const [name, value] of Object.entries(asked.path ?? {})) {
    filled = filled.replace(`{${name}}`, encodeURIComponent(String(value)));
  }
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(asked.query ?? {})) {
    if (value !== undefined && value !== null && value !== "") query.set(name, String(value));
  }
  return `${apiAddress()}${filled}${query.size ? `?${query}` : ""}`;
}
