/** The people around POM's office, and the functions that both walks share. The local stack's addresses and tokens
 * come from the environment. */

export const API = required("POM_API");
export const ADMIN_TOKEN = required("POM_ADMIN_TOKEN");
export const BILLING_TOKEN = required("POM_BILLING_TOKEN");
const STRIPE_ACCOUNT = required("STRIPE_ACCOUNT");

/** Two of Stripe's published test cards (https://docs.stripe.com/testing). */
export const INSUFFICIENT_FUNDS = "4000 0000 0000 9995";
export const GOOD_CARD = "4242 4242 4242 4242";

const PATIENCE = 20_000;
const PAUSE = 100;

function required(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`The environment variable ${name} is missing.`);
  return value;
}

/** Grants POM access on Stripe's page, follows the browser back, and returns the `state` that POM's page receives. */
export async function grantsAccess(authorizeUrl: string): Promise<string> {
  const back = await fetch(await afterForm(authorizeUrl, { account: STRIPE_ACCOUNT, decision: "grant" }), {
    redirect: "manual",
  });
  const state = new URL(back.headers.get("Location") ?? "").searchParams.get("state");
  if (!state) throw new Error("The browser came back without a state.");
  return state;
}

/** The customer opens the payment link, types a card in and presses Pay. */
export async function paysByCard(link: string, number: string): Promise<void> {
  await afterForm(link, { method: "card", number, exp: "12/34", cvc: "123" });
}

async function afterForm(url: string, form: Record<string, string>): Promise<string> {
  const response = await fetch(url, { method: "POST", body: new URLSearchParams(form), redirect: "manual" });
  return response.headers.get("Location") ?? "";
}

/** Returns the body of a response. Throws an error with the API's error if the request was refused. */
export function bodyOf<T>(response: { data?: T; error?: unknown }): T {
  if (response.data === undefined) throw new Error(JSON.stringify(response.error));
  return response.data;
}

/** Calls `load` until `isReady` is true for the loaded object, and returns the object. Webhooks and workers need some time. */
export async function eventually<T>(load: () => Promise<T>, isReady: (loaded: T) => boolean): Promise<T> {
  const deadline = Date.now() + PATIENCE;
  for (;;) {
    const loaded = await load();
    if (isReady(loaded)) return loaded;
    if (Date.now() > deadline) throw new Error(`The expected state was not reached in time. Last state: ${JSON.stringify(loaded)}`);
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
  }
}

/** Prints one line of the walk. The test compares these lines. */
export function print(label: string, ...values: (string | number | boolean | null)[]): void {
  console.log(`${label}: ${values.join(" ")}`);
}
