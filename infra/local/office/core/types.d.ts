/** The types of requests and responses by route, for `core/api.js`. `contract.d.ts` is generated from docs/openapi.json. */
import type { components, paths } from "../contract";

export type Schemas = components["schemas"];
export type Verb = "get" | "post" | "put" | "delete";

/** The paths that have an operation for a verb. */
export type PathsWith<V extends Verb> = {
  [P in keyof paths]: paths[P][V] extends { responses: unknown } ? P : never;
}[keyof paths];

type Json<R> = R extends { content: { "application/json": infer Body } } ? Body : never;

/** The body of a successful response. */
export type ResponseBody<P extends PathsWith<V>, V extends Verb> = paths[P][V] extends { responses: infer R }
  ? Json<R[keyof R & (200 | 201 | 202)]>
  : never;

type Part<O, K extends PropertyKey> = K extends keyof O ? NonNullable<O[K]> : never;
type Body<O> = Part<Part<Part<O, "requestBody">, "content">, "application/json">;
type In<Name extends string, Value> = [Value] extends [never] ? { [N in Name]?: never } : { [N in Name]: Value };
type InPath<O> = In<"path", Part<Part<O, "parameters">, "path">>;
type InQuery<O> = Partial<In<"query", Part<Part<O, "parameters">, "query">>>;
type InBody<O> = O extends { requestBody: unknown } ? In<"body", Body<O>> : Partial<In<"body", Body<O>>>;

/** The parameters and headers of a request. `key` is its `Idempotency-Key`; `ifMatch` is the `ETag` of the loaded object. */
export type RequestOptions<P extends PathsWith<V>, V extends Verb> = InPath<paths[P][V]> &
  InQuery<paths[P][V]> &
  InBody<paths[P][V]> & { key?: string; ifMatch?: string };

/** The arguments after the path. They are optional if the operation requires none. */
export type RequestArgs<P extends PathsWith<V>, V extends Verb> = Record<never, never> extends RequestOptions<P, V>
  ? [options?: RequestOptions<P, V>]
  : [options: RequestOptions<P, V>];

/** A call of the API that returns the body of the response. */
export type Call<V extends Verb> = <P extends PathsWith<V>>(path: P, ...args: RequestArgs<P, V>) => Promise<ResponseBody<P, V>>;

/** A `GET` that returns the body with its `ETag`. */
export type TaggedCall = <P extends PathsWith<"get">>(path: P, ...args: RequestArgs<P, "get">) => Promise<Tagged<ResponseBody<P, "get">>>;

/** A `GET` that returns a representation other than JSON. */
export type TextCall = <P extends PathsWith<"get">>(path: P, ...args: RequestArgs<P, "get">) => Promise<string>;

/** The body of a response with its `ETag`. */
export interface Tagged<Body> {
  body: Body;
  tag: string;
}

/** A sign, a word and a tone, because a color alone does not reach every reader. */
export type Signed = [sign: string, word: string, tone: "good" | "wait" | "bad" | "info" | "quiet"];

/** A choice of a menu (its value and its label), or a line of a comparison (its name and its text). */
export type Pair = [name: string, words: string];

/** A field of a form. */
export interface Field {
  /** The name of the API's field, so that the API's error for the field is shown next to it. */
  name: string;
  label: string;
  hint?: string;
  /** The type of an input, or `select`, or `textarea`. */
  type?: string;
  value?: string | null;
  /** The choices of a select. */
  choices?: readonly Pair[];
  required?: boolean;
}

/** A column of a table. */
export interface Column {
  name: string;
  /** True if the column is aligned to the right. */
  number?: boolean;
  /** True if only screen readers read the name. */
  hidden?: boolean;
}

/** A form that saves a record. */
export interface Saved<Stored, Typed> {
  /** The element in which refusals are shown. */
  errors: Element;
  loaded: Tagged<Stored>;
  /** Returns the stored record, or null if it can no longer be saved. */
  load(): Promise<Tagged<Stored> | null>;
  typed(): Typed;
  inWords(record: Stored | Typed): Pair[];
  store(typed: Typed, loaded: Tagged<Stored>): Promise<unknown>;
  /** Fills the form with a stored record. */
  fill(stored: Stored): unknown;
}

/** A person who can be signed in, with the organization. */
export interface Person {
  id: string;
  userId: string;
  name: string;
  organization: string;
  organizationName: string;
  roles: string[];
}

/** The addresses and people of this local stack, as `/office.json` returns them. */
export interface Office {
  api: string;
  stripe: string | null;
  people: Person[];
}

/** A completed service, of POM's own records. */
export interface Service {
  id: string;
  customerId: string;
  customerName: string;
  description: string;
  serviceDate: string;
  technician: string;
  quantity: string;
  unitPrice: string;
  amount: string;
  currency: string;
  taxable: boolean;
  invoiceId: string | null;
}

/** The arguments of a screen. `signal` is aborted when the user leaves the screen. */
export interface Visit {
  params: string[];
  query: URLSearchParams;
  signal: AbortSignal;
}

/** A screen: its title, and the function that fills the page. */
export interface Screen {
  title: string;
  show(main: HTMLElement, visit: Visit): Promise<void> | void;
}
