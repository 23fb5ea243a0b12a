/** The person who is signed in. POM's own site issues the access token, which stays in memory and is never displayed. */

/** @import { Office } from "./types" */
import { ApiError, throwNoResponse } from "./api.js";

const STORAGE_KEY = "office.person";

/** @type {Office | null} */
let office = null;
/** @type {string | null} the id of the person who is signed in here, even if another window has signed in another person since */
let chosenId = null;
/** @type {{ person: string, token: string, expiresAt: number } | null} */
let signedIn = null;

/** Loads the addresses and the people of this stack. */
export async function loadOffice() {
  office = await (await fetch("/office.json")).json();
  chosenId = localStorage.getItem(STORAGE_KEY);
}

function loaded() {
  if (!office) throw new Error("The office is not loaded yet.");
  return office;
}

/** Returns the base address of the API, without a slash at its end. */
export const apiAddress = () => loaded().api;

/** Returns the address of Stripe's side on this stack, or null. */
export const stripeAddress = () => loaded().stripe;

/** Returns the name of a user, or the id if the user belongs to another organization. @param {string} userId */
export const nameOfUser = (userId) => people().find((each) => each.userId === userId)?.name ?? userId;

/** Returns the people who can be signed in. */
export const people = () => loaded().people;

/** Returns the person who is signed in. */
export function person() {
  const chosenPerson = people().find((each) => each.id === chosenId) ?? people()[0];
  if (!chosenPerson) throw new Error("Nobody can be signed in.");
  return chosenPerson;
}

/** Stores the person who is signed in when the page is loaded next. @param {string} id */
export const choosePerson = (id) => localStorage.setItem(STORAGE_KEY, id);

/**
 * Returns true if the person has the rights of this role. The API checks the role too; screens use this to hide buttons.
 *
 * @param {"billing" | "admin"} role
 */
export const may = (role) => person().roles.includes("admin") || person().roles.includes(role);

/** Returns an access token of the person; `refresh` requests a new one, because the API has refused the first. */
export async function token(refresh = false) {
  const { id } = person();
  if (refresh || signedIn?.person !== id || signedIn.expiresAt < Date.now()) {
    const response = await fetch("/sign-in", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ person: id }),
    }).catch(throwNoResponse);
    if (!response.ok) throw new ApiError(response.status, { message: `Nobody could be signed in: POM responded with ${response.status}.` });
    const issued = await response.json();
    signedIn = { person: id, token: issued.token, expiresAt: Date.parse(issued.expiresAt) - 60_000 };
  }
  return signedIn.token;
}
