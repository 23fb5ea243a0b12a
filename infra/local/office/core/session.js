/** Who is signed in. POM's own site hands out the access token; it stays in memory and is shown nowhere. */

/** @import { Office } from "./types" */
import { ApiError, notAnswered } from "./api.js";

const CHOSEN = "office.person";

/** @type {Office | null} */
let office = null;
/** @type {string | null} who is signed in here, even if another window signs in somebody else meanwhile */
let chosen = null;
/** @type {{ person: string, token: string, expiresAt: number } | null} */
let signedIn = null;

/** Loads the addresses and the people of this stack. */
export async function loadOffice() {
  office = await (await fetch("/office.json")).json();
  chosen = localStorage.getItem(CHOSEN);
}

function loaded() {
  if (!office) throw new Error("The office is not loaded yet.");
  return office;
}

/** Returns the base address of the API, without a slash at its end. */
export const apiAddress = () => loaded().api;

/** Returns the address of Stripe's side on this stack, or null. */
export const stripeAddress = () => loaded().stripe;

/** Returns what a user of POM is called; those of others keep their id. @param {string} userId */
export const nameOfUser = (userId) => people().find((each) => each.userId === userId)?.name ?? userId;

/** Returns everybody who can be signed in. */
export const people = () => loaded().people;

/** Returns who is signed in. */
export function person() {
  const found = people().find((each) => each.id === chosen) ?? people()[0];
  if (!found) throw new Error("Nobody can be signed in.");
  return found;
}

/** Signs somebody else in, from the next time on that the page is loaded. @param {string} id */
export const become = (id) => localStorage.setItem(CHOSEN, id);

/**
 * Returns true if the person may do what takes this role. The API decides; this is to offer no button in vain.
 *
 * @param {"billing" | "admin"} role
 */
export const may = (role) => person().roles.includes("admin") || person().roles.includes(role);

/** Returns an access token of the person; `anew` asks for another one, because the API has refused the first. */
export async function token(anew = false) {
  const { id } = person();
  if (anew || signedIn?.person !== id || signedIn.expiresAt < Date.now()) {
    const answer = await fetch("/sign-in", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ person: id }),
    }).catch(notAnswered);
    if (!answer.ok) throw new ApiError(answer.status, { message: `Nobody could be signed in: POM answered ${answer.status}.` });
    const given = await answer.json();
    signedIn = { person: id, token: given.token, expiresAt: Date.parse(given.expiresAt) - 60_000 };
  }
  return signedIn.token;
}
