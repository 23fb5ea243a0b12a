/** Calls of POM-Stripe's API across origins, with a bearer token, typed by the API's own document. */

import { apiAddress, token } from "./session.js";

/** @typedef {import("./types").Verb} Verb */
/** @typedef {import("./types").Schemas} Schemas */
/**
 * @template {Verb} V
 * @typedef {import("./types").PathsWith<V>} PathsWith
 */
/**
 * @template {PathsWith<V>} P
 * @template {Verb} V
 * @typedef {import("./types").Answer<P, V>} Answer
 */
/**
 * @template {PathsWith<V>} P
 * @template {Verb} V
 * @typedef {import("./types").Given<P, V>} Given
 */
/** @typedef {{ path?: object, query?: object, body?: unknown, key?: string, ifMatch?: string }} Request */
/** @typedef {Record<string, string>} Headers */

const REPEATED = 2;
const LONGEST_WAIT = 5;

/** What the API refused, or that it did not answer. Decide by `code`; show the message and `nextStep`. */
export class ApiError extends Error {
  /**
   * @param {number} status 0 if there was no answer
   * @param {Partial<Schemas["FirstError"]>} error
   * @param {unknown} [stored] what is stored, if somebody else has saved in between (412)
   */
  constructor(status, error, stored) {
    super(error.message ?? `POM answered ${status}.`);
    this.status = status;
    this.code = error.code ?? "unknown";
    this.nextStep = error.nextStep ?? "Try again.";
    this.field = error.field ?? null;
    this.details = error.details ?? [];
    this.requestId = error.requestId ?? null;
    this.stored = stored;
    /** @type {string | null} whom it is about, if the screen knows it; its next step is taken there */
    this.customerId = null;
  }
}

/**
 * Returns what `GET` answers.
 *
 * @template {PathsWith<"get">} P
 * @param {P} path
 * @param {Given<P, "get">} given
 * @returns {Promise<Answer<P, "get">>}
 */
export async function get(path, ...given) {
  return (await request("GET", path, given[0])).body;
}

/**
 * Returns what `GET` answers with its tag, or null if it has not changed since the answer that has this tag.
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

/**
 * Returns what `GET` answers in another form, such as `text/csv`.
 *
 * @template {PathsWith<"get">} P
 * @param {P} path
 * @param {string} type
 * @param {Given<P, "get">} given
 * @returns {Promise<string>}
 */
export async function getText(path, type, ...given) {
  return (await request("GET", path, given[0], { Accept: type })).body;
}

/**
 * Returns what a list answers as a table for spreadsheets: all its pages, under one line with the names of the columns.
 *
 * @template {PathsWith<"get">} P
 * @param {P} path
 * @param {Given<P, "get">} given
 * @returns {Promise<string>}
 */
export async function getTable(path, ...given) {
  /** @type {Request} */
  const asked = given[0] ?? {};
  let page = await request("GET", path, asked, { Accept: "text/csv" });
  let table = page.body;
  while (page.next) {
    page = await request("GET", path, { ...asked, query: { ...asked.query, after: page.next } }, { Accept: "text/csv" });
    table += page.body.slice(page.body.indexOf("\r\n") + 2);
  }
  return table;
}

/**
 * @template {PathsWith<"post">} P
 * @param {P} path
 * @param {Given<P, "post">} given
 * @returns {Promise<Answer<P, "post">>}
 */
export async function post(path, ...given) {
  return (await request("POST", path, given[0])).body;
}

/**
 * @template {PathsWith<"put">} P
 * @param {P} path
 * @param {Given<P, "put">} given
 * @returns {Promise<Answer<P, "put">>}
 */
export async function put(path, ...given) {
  return (await request("PUT", path, given[0])).body;
}

/**
 * @template {PathsWith<"delete">} P
 * @param {P} path
 * @param {Given<P, "delete">} given
 * @returns {Promise<Answer<P, "delete">>}
 */
export async function remove(path, ...given) {
  return (await request("DELETE", path, given[0])).body;
}

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
  const text = await answer.text();
  const isJson = answer.headers.get("Content-Type")?.startsWith("application/json");
  const body = isJson && text ? JSON.parse(text) : text;
  if (!answer.ok && answer.status !== 304) throw new ApiError(answer.status, body.error ?? {}, body.stored);
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
  try {
    // The page compares tags itself: the browser's own cache would hide the 304.
    return await fetch(address(path, asked), { method, headers: all, body, cache: "no-store" });
  } catch {
    const message = "POM's server did not answer.";
    throw new ApiError(0, { message, nextStep: "Check the connection to the internet, and try again." });
  }
}

/**
 * @param {string} path
 * @param {Request} asked
 */
function address(path, asked) {
  const filled = Object.entries(asked.path ?? {}).reduce(
    (so_far, [name, value]) => so_far.replace(`{${name}}`, encodeURIComponent(String(value))),
    path,
  );
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(asked.query ?? {})) {
    if (value !== undefined && value !== null && value !== "") query.set(name, String(value));
  }
  return `${apiAddress()}${filled}${query.size ? `?${query}` : ""}`;
}
