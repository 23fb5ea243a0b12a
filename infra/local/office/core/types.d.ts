/** What the API's document says of each route, for `core/api.js`. `contract.d.ts` is generated from docs/openapi.json. */
import type { components, paths } from "../contract";

export type Schemas = components["schemas"];
export type Verb = "get" | "post" | "put" | "delete";

/** The paths that answer a verb. */
export type PathsWith<V extends Verb> = {
  [P in keyof paths]: paths[P][V] extends { responses: unknown } ? P : never;
}[keyof paths];

type Json<R> = R extends { content: { "application/json": infer Body } } ? Body : never;

/** The body of an answer that succeeded. */
export type Answer<P extends PathsWith<V>, V extends Verb> = paths[P][V] extends { responses: infer R }
  ? Json<R[keyof R & (200 | 201 | 202)]>
  : never;

type Part<O, K extends PropertyKey> = K extends keyof O ? NonNullable<O[K]> : never;
type Body<O> = Part<Part<Part<O, "requestBody">, "content">, "application/json">;
type In<Name extends string, Value> = [Value] extends [never] ? { [N in Name]?: never } : { [N in Name]: Value };
type InPath<O> = In<"path", Part<Part<O, "parameters">, "path">>;
type InQuery<O> = Partial<In<"query", Part<Part<O, "parameters">, "query">>>;
type InBody<O> = O extends { requestBody: unknown } ? In<"body", Body<O>> : Partial<In<"body", Body<O>>>;

/** What a request carries. `key` is its `Idempotency-Key`; `ifMatch` the `ETag` of what was loaded. */
export type Asked<P extends PathsWith<V>, V extends Verb> = InPath<paths[P][V]> &
  InQuery<paths[P][V]> &
  InBody<paths[P][V]> & { key?: string; ifMatch?: string };

/** The arguments after the path: none, if nothing is required. */
export type Given<P extends PathsWith<V>, V extends Verb> = Record<never, never> extends Asked<P, V>
  ? [asked?: Asked<P, V>]
  : [asked: Asked<P, V>];

/** A call of the API that returns the body of the answer. */
export type Call<V extends Verb> = <P extends PathsWith<V>>(path: P, ...given: Given<P, V>) => Promise<Answer<P, V>>;

/** A `GET` that returns the body with its tag. */
export type TaggedCall = <P extends PathsWith<"get">>(path: P, ...given: Given<P, "get">) => Promise<Tagged<Answer<P, "get">>>;

/** A `GET` that returns another representation than JSON. */
export type TextCall = <P extends PathsWith<"get">>(path: P, ...given: Given<P, "get">) => Promise<string>;

/** The body of an answer with its `ETag`. */
export interface Tagged<Body> {
  body: Body;
  tag: string;
}

/** A sign, a word and a tone, so that nothing is told by its color alone. */
export type Signed = [sign: string, word: string, tone: "good" | "wait" | "bad" | "info" | "quiet"];

/** A choice of a menu, or a line of a comparison: its value or its name, and what is shown for it. */
export type Pair = [name: string, words: string];

/** A field of a form. */
export interface Field {
  /** Also the API's field, so that its refusal is shown beside it. */
  name: string;
  label: string;
  hint?: string;
  /** An input's type, `select` or `textarea`. */
  type?: string;
  value?: string | null;
  /** Of a select. */
  choices?: readonly Pair[];
  required?: boolean;
}

/** A column of a table. */
export interface Column {
  name: string;
  /** Aligned to the right. */
  number?: boolean;
  /** Its name is for screen readers alone. */
  hidden?: boolean;
}

/** What a form that saves a record has. */
export interface Saved<Stored, Typed> {
  /** The place of refusals. */
  errors: Element;
  loaded: Tagged<Stored>;
  /** Returns what is stored now, or null if it cannot be saved any more. */
  load(): Promise<Tagged<Stored> | null>;
  typed(): Typed;
  inWords(record: Stored | Typed): Pair[];
  store(typed: Typed, loaded: Tagged<Stored>): Promise<unknown>;
  /** Fills the form. */
  fill(stored: Stored): unknown;
}

/** Somebody who can be signed in, and where. */
export interface Person {
  id: string;
  userId: string;
  name: string;
  organization: string;
  organizationName: string;
  roles: string[];
}

/** The addresses and people of this local stack, as `/office.json` answers them. */
export interface Office {
  api: string;
  stripe: string | null;
  people: Person[];
}

/** A completed service, as POM's own records have it. */
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

/** What a screen gets. `signal` is aborted when the screen is left. */
export interface Visit {
  params: string[];
  query: URLSearchParams;
  signal: AbortSignal;
}

/** A screen: its title, and what fills the page. */
export interface Screen {
  title: string;
  show(main: HTMLElement, visit: Visit): Promise<void> | void;
}
