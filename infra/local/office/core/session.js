/** Who is signed in. POM's own site hands out the access token; it stays in memory and is shown nowhere. */

/** @typedef {import("./types").Office} Office */
/** @typedef {import("./types").Person} Person */

const CHOSEN = "office.person";

/** @type {Office | null} */
let office = null;
/** @type {{ person: string, token: string, expiresAt: number } | null} */
let signedIn = null;

/** Loads the addresses and the people of this stack, once. */
export async function loadOffice() {
  office ??= /** @type {Office} */ (await (await fetch("/office.json")).json());
  return office;
}

/** Returns the base address of the API, without a slash at its end. */
export function apiAddress() {
  return loaded().api;
}

/** Returns the address of Stripe's side on this stack, or null. */
export function stripeAddress() {
  return loaded().stripe;
}

/** Returns everybody who can be signed in. */
export function people() {
  return loaded().people;
}

/** @returns {Person} */
export function person() {
  const all = people();
  const chosen = all.find((each) => each.id === localStorage.getItem(CHOSEN)) ?? all[0];
  if (!chosen) throw new Error("Nobody can be signed in.");
  return chosen;
}

/** @param {string} id Signs somebody else in. */
export function become(id) {
  localStorage.setItem(CHOSEN, id);
  signedIn = null;
}

/**
 * Says whether the person may do what takes this role. The API decides; this is to offer no button in vain.
 *
 * @param {"billing" | "admin"} role
 */
export function may(role) {
  return person().roles.includes("admin") || person().roles.includes(role);
}

/** Returns an access token of the person; `anew` asks for another one, because the API has refused the first. */
export async function token(anew = false) {
  const { id } = person();
  if (anew || signedIn?.person !== id || signedIn.expiresAt < Date.now()) {
    const answer = await fetch("/sign-in", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ person: id }),
    });
    if (!answer.ok) throw new Error(`Nobody could be signed in: POM answered ${answer.status}.`);
    const given = await answer.json();
    signedIn = { person: id, token: given.token, expiresAt: Date.parse(given.expiresAt) - 60_000 };
  }
  return signedIn.token;
}

function loaded() {
  if (!office) throw new Error("The office is not loaded yet.");
  return office;
}
