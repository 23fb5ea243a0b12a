/** The frame of every page: the screen for each address, the signed-in person, and the count of items that need attention. */

/** @import { Person, Schemas, Screen } from "./core/types" */
import { ApiError } from "./core/api.js";
import { byId, h, refill } from "./core/elements.js";
import { follow } from "./core/live.js";
import { choosePerson, loadOffice, may, people, person, stripeAddress } from "./core/session.js";
import { empty, loading, outside, problem } from "./core/widgets.js";

/**
 * Each screen: its address, its module, its entry in the menu, and the role that sees the entry.
 *
 * @type {[string, () => Promise<Screen>, string?, "billing"?][]}
 */
const SCREENS = [
  ["/billing", () => import("./screens/billing.js"), "Billing"],
  ["/billing/drafts/:id", () => import("./screens/draft.js")],
  ["/billing/batches/:id", () => import("./screens/batch.js")],
  ["/invoicing", () => import("./screens/invoicing.js"), "Invoicing"],
  ["/invoicing/:id", () => import("./screens/invoice.js")],
  ["/payments", () => import("./screens/payments.js"), "Payments and deposits"],
  ["/payments/deposits/:id", () => import("./screens/deposit.js")],
  ["/attention", () => import("./screens/attention.js"), "Attention"],
  ["/customers", () => import("./screens/customers.js"), "Customers", "billing"],
  ["/customers/:id", () => import("./screens/customer.js")],
  ["/settings/apps", () => import("./screens/apps.js"), "Settings: Apps"],
  ["/settings/invoicing", () => import("./screens/invoicing-settings.js"), "Settings: Invoicing"],
];

const SLOWLY = 10_000;
let leaving = new AbortController();

async function show() {
  leaving.abort();
  leaving = new AbortController();
  for (const dialog of document.querySelectorAll("dialog")) dialog.close(); // a link in it was followed
  const { signal } = leaving;
  // Each screen gets a new `main`, so a screen that the user has left and that still loads writes into a removed element.
  const main = h("main", { id: "main", tabindex: "-1" }, loading());
  byId("main").replaceWith(main);
  const path = location.pathname === "/" ? "/settings/apps" : location.pathname;
  markPlace(path);
  try {
    const screen = await screenAt(path);
    if (signal.aborted) return;
    document.title = `${screen?.title ?? "Not found"} – Pool Office Manager`;
    if (!screen) return refill(main, empty("There is no page at this address.", h("a", { href: "/billing" }, "Go to Billing")));
    await screen.show(main, { params: screen.params, query: new URLSearchParams(location.search), signal });
  } catch (error) {
    const again = h("a", { href: location.href }, "Try again");
    refill(main, h("h1", null, "This page could not be shown"), problem(error), h("p", null, again));
  }
  if (signal.aborted) return;
  /** @type {HTMLElement | null} */ (main.querySelector("h1[tabindex]"))?.focus({ preventScroll: true });
  scrollTo(0, 0);
}

/** Returns the screen of an address, with the values of its `:id` parts. @param {string} path */
async function screenAt(path) {
  for (const [address, load] of SCREENS) {
    const parts = new RegExp(`^${address.replace(":id", "([^/]+)")}$`).exec(path);
    if (parts) return { ...(await load()), params: parts.slice(1).map(decodeURIComponent) };
  }
  return null;
}

/** Shows another page of the office. @param {string} href */
function go(href) {
  history.pushState(null, "", href);
  void show();
}

/** Marks the entry of the menu for this path. @param {string} path */
function markPlace(path) {
  for (const link of document.querySelectorAll("#places a")) {
    const here = path === link.getAttribute("href") || path.startsWith(`${link.getAttribute("href")}/`);
    if (here) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

/** Links inside the office change the page without a reload. @param {MouseEvent} event */
function followLink(event) {
  const link = event.target instanceof Element ? event.target.closest("a") : null;
  const elsewhere = event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey;
  if (!link || elsewhere || link.target || link.origin !== location.origin || link.hash || link.download) return;
  event.preventDefault();
  go(link.href);
}

function showPeople() {
  const byOrganization = Map.groupBy(people(), (each) => each.organizationName);
  const menu = /** @type {HTMLSelectElement} */ (byId("person"));
  refill(menu, ...[...byOrganization].map(([label, members]) => h("optgroup", { label }, members.map(personOption))));
  menu.value = person().id;
  byId("organization").textContent = person().organizationName;
  menu.addEventListener("change", () => {
    choosePerson(menu.value);
    location.reload();
  });
}

/** @param {Person} each */
function personOption({ id, name, roles }) {
  const role = ["admin", "billing"].find((each) => roles.includes(each)) ?? "member";
  return h("option", { value: id }, `${name}, ${role}`);
}

function showPlaces() {
  const links = SCREENS.filter(([, , entry, role]) => entry && (!role || may(role))).map(([href, , entry]) =>
    h("li", null, h("a", { href }, entry, h("span", { class: "count", id: `count${href.replaceAll("/", "-")}` }))));
  const stripe = stripeAddress();
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  refill(byId("places"), ...links,
    stripe && h("li", { class: "outside" }, outside("Stripe’s side", `${stripe}/dashboard`)),
    h("li", { class: "zone" }, `Times of ${zone}`));
}

/** Returns the bar that every page shows while Stripe is disconnected or invoicing is paused. @param {Schemas["AppView"]} app */
function barOf({ status, invoicingPaused }) {
  const content = invoicingPaused ? `Invoicing is paused: ${invoicingPaused.reason} No data is lost. Payments and refunds still work.`
    : status === "disconnected" && "Stripe is disconnected. POM receives no changes from Stripe, so this page may be out of date. ";
  return content && h("p", { class: "bar" }, content, !invoicingPaused && h("a", { href: "/settings/apps" }, "Go to Settings → Apps"));
}

/** Keeps the bar and the count of items that need attention current on every page. */
async function watchEverywhere() {
  const watching = new AbortController();
  const { signal } = watching;
  try {
    await follow("/v1/apps", {}, ({ data: [stripe] }) => refill(byId("standing"), stripe && barOf(stripe)), signal, SLOWLY);
    await follow("/v1/attention", { query: { first: 1 } }, ({ counts }) => {
      const count = counts.reduce((all, each) => all + each.count, 0);
      const more = counts.some((each) => each.atLeast) ? "+" : "";
      refill(byId("count-attention"), count > 0 && [` ${count}${more}`, h("span", { class: "unseen" }, " to look at")]);
    }, signal, SLOWLY);
  } catch (error) {
    watching.abort();
    if (!(error instanceof ApiError)) throw error;
    setTimeout(watchEverywhere, SLOWLY); // the screen shows that POM does not respond
  }
}

await loadOffice();
showPeople();
showPlaces();
document.addEventListener("click", followLink);
document.addEventListener("office:go", (event) => go(/** @type {CustomEvent<string>} */ (event).detail));
addEventListener("popstate", () => void show());
await show();
await watchEverywhere();
