/** Settings → Apps: Stripe is installed, verified, looked at, reconnected and disconnected; and what to do before going live. */

/** @import { Child } from "../core/elements.js" */
/** @import { Schemas, Signed, Visit } from "../core/types" */
import { post, remove } from "../core/api.js";
import { customerImport } from "../core/customer-import.js";
import { h, refill } from "../core/elements.js";
import { ask, button } from "../core/forms.js";
import { follow } from "../core/live.js";
import { may } from "../core/session.js";
import { badge, facts, heading, list, loading, notice, outside, problem, section, timeAt } from "../core/widgets.js";
import { counted, signed } from "../core/words.js";

export const title = "Apps";

const SELDOM = 5000;
const WHILE_TESTING = 300;
const STATE = "office.stripe-state";

/** @type {Record<Schemas["ConnectionStatus"], Signed>} */
const STANDING = {
  not_connected: ["○", "Not installed", "quiet"],
  pending: ["◷", "Pending", "wait"],
  connected: ["✓", "Connected", "good"],
  action_required: ["!", "Action required", "bad"],
  disconnected: ["⊘", "Disconnected", "bad"],
};
const BENEFITS = [
  "Accept card payments and bank debits directly through invoices",
  "Real-time sync of invoices and customer data",
  "Automatic payment tracking and reconciliation",
  "Secure PCI-compliant payment processing",
];
const PREREQUISITES = ["An active Stripe account", "Admin access to POM", "Business verification completed in Stripe"];
const INSTALLING =
  "Install leads to Stripe. Log in there, grant POM permission to access your Stripe data, and return here to complete the setup.";
const KEPT = "Every invoice, payment and customer is kept and can be read here. Invoices that were sent can still be paid in Stripe.";
const GIVEN_UP = "POM gives up its access to the Stripe account. Until Stripe is connected again, POM receives no payments and creates no invoices.";
const RECONNECTING = "Reconnecting fetches what has happened in Stripe in the meantime. Then verify the connection with a test invoice.";

/** @type {[Schemas["TrialStep"], string][]} */
const STEPS = [
  ["account", "Reach the Stripe account"],
  ["customer", "Make a test customer"],
  ["draft", "Draft a test invoice"],
  ["finalize", "Finalize it, without an e-mail"],
  ["read", "Read it back"],
  ["void", "Void it"],
  ["clean_up", "Remove the test customer"],
];

/** Where in the office a line of the check list is dealt with. @type {Record<string, [href: string, name: string]>} */
const PAGES = {
  payment_terms: ["/settings/invoicing", "Invoicing settings"],
  payment_instructions: ["/settings/invoicing", "Invoicing settings"],
  customer_emails: ["/customers", "Customers"],
};

/** @param {HTMLElement} main @param {Visit} visit */
export async function show(main, { query, signal }) {
  const outcome = outcomeOf(query);
  const card = h("section", { class: "card stack", "aria-label": "Stripe" });
  const going = h("section", { class: "card stack", "aria-label": "Before going live" });
  const sync = h("div");
  const besides = h("div", { class: "cards" }, await verifying(again, signal),
    may("billing") && section("Customer sync", "card stack", sync));
  /** @type {{ app?: Schemas["AppView"], connection?: Schemas["ConnectionView"], checklist: Schemas["ChecklistItem"][] }} */
  const known = { checklist: [] };
  let comparingSince = "";
  let shown = "";

  const draw = () => {
    const { app, connection, checklist } = known;
    if (!app || !connection) return;
    if ((connection.lastSync?.at ?? "") >= comparingSince) comparingSince = "";
    const verification = checklist.find(({ id }) => id === "business_verified")?.link ?? null;
    // The lag grows each second. If nothing else has changed, the page is not drawn again, so selections and focus stay.
    const now = JSON.stringify([app, { ...connection, lagSeconds: 0 }, checklist, comparingSince]);
    if (now === shown) return;
    shown = now;
    besides.hidden = !app.installed;
    if (!app.installed) refill(sync);
    else if (may("billing") && !sync.hasChildNodes()) void offerImport();
    refill(card, ...standing(app, connection, verification), details(connection, comparingSince !== ""), actions(app, again, compare));
    refill(going, ...linesOf(checklist));
  };
  const offerImport = async () => {
    refill(sync, loading());
    refill(sync, await customerImport(signal, again).catch(problem));
  };
  const take = (/** @type {Partial<typeof known>} */ part) => {
    Object.assign(known, part);
    draw();
  };
  const compare = async () => {
    comparingSince = (await post("/v1/stripe/connection/refresh")).askedAt;
    draw();
  };
  const asks = await Promise.all([
    follow("/v1/apps", {}, ({ data: [app] }) => take({ app }), signal),
    follow("/v1/stripe/connection", {}, (connection) => take({ connection }), signal),
    follow("/v1/stripe/connection/checklist", {}, ({ data }) => take({ checklist: data }), signal, SELDOM),
  ]);
  async function again() {
    await Promise.all(asks.map((each) => each()));
  }
  refill(main, heading("Apps"), h("p", { class: "soft" }, "The integrations of Pool Office Manager."), outcome, card, besides, going);
}

/**
 * Reads the outcome with which Stripe redirected the browser, and removes it from the address. The state is stored in this tab,
 * so that the set-up can be finished after a reload.
 *
 * @param {URLSearchParams} query
 */
function outcomeOf(query) {
  const outcome = query.get("stripe");
  if (!outcome) return null;
  history.replaceState(null, "", location.pathname);
  if (outcome === "pending") return void sessionStorage.setItem(STATE, query.get("state") ?? "");
  const denied = outcome === "denied";
  return h("div", { class: "problem", role: "alert" },
    h("p", null, h("strong", null, denied ? "The connection was cancelled in Stripe." : "Stripe did not complete the connection.")),
    h("p", null, "Nothing was changed. You can begin again below."),
    !denied && h("p", { class: "small" }, `For support: ${query.get("code")}`));
}

/**
 * Returns the status of Stripe, the items that need attention, and the next step.
 *
 * @param {Schemas["AppView"]} app
 * @param {Schemas["ConnectionView"]} connection
 * @param {string | null} verification the page on which the company gives Stripe the missing information
 * @returns {Child[]}
 */
function standing({ name, status, installed, attention, invoicingPaused }, { requirements, livemode }, verification) {
  const told = status === "pending" ? [] : attention; // the next step of a pending connection is shown below, to the admin who began it
  const later = requirements.filter(({ message }) => installed && !attention.some((each) => each.message === message));
  return [
    h("div", { class: "heading" }, h("h2", null, name), h("span", { class: "badges" },
      badge(...signed(status, STANDING)),
      invoicingPaused && badge("‖", "Invoicing paused", "wait"),
      installed && badge(livemode ? "$" : "⚗", livemode ? "Live mode" : "Test mode", "info"))),
    h("p", { class: "soft" }, "Real-time payment processing and invoice synchronization."),
    told.length > 0 && h("div", { class: "note" },
      h("h3", null, "What needs attention"),
      list(told.map((each) => `${each.message} ${each.nextStep}`), null),
      invoicingPaused && h("p", null, "Payments, refunds, voiding and the comparisons with Stripe go on."),
      status === "action_required" && verification && h("p", null, outside("Open in Stripe", verification))),
    later.length > 0 && h("div", null, h("h3", null, "What Stripe will need next"), list(later.map(({ message }) => message), null)),
    ...introduction(status),
  ];
}

/** @param {Schemas["ConnectionStatus"]} status @returns {Child[]} */
function introduction(status) {
  if (status === "not_connected") {
    return [list(BENEFITS, null), h("div", null, h("h3", null, "Prerequisites"), list(PREREQUISITES, null)), h("p", null, INSTALLING)];
  }
  if (status === "disconnected") return [h("p", null, KEPT), h("p", null, RECONNECTING)];
  if (status !== "pending") return [];
  if (may("admin") && sessionStorage.getItem(STATE)) {
    return [h("p", null, "Stripe has authorized the connection. One step is left: finish the set-up here.")];
  }
  const begun = "An admin has begun to connect Stripe. The same admin finishes it in the same browser, within ten minutes.";
  return [h("p", null, begun), may("admin") && h("p", null, "If that cannot be, begin again. The latest attempt counts.")];
}

/** @param {Schemas["ConnectionView"]} connection @param {boolean} comparing @returns {Child} */
function details(connection, comparing) {
  if (!connection.stripeAccountId) return null;
  const { healthy, problem: why } = connection.webhook;
  const webhooks = healthy === null ? badge("?", "Not known yet", "quiet")
    : healthy ? badge("✓", "Arriving", "good") : badge("!", "Not arriving", "bad");
  const ended = !["connected", "action_required"].includes(connection.status);
  return facts([
    ["Business", connection.businessName],
    ["Stripe account", connection.stripeAccountId],
    ["Mode", connection.livemode ? "Live: real money moves" : "Test: no real money moves"],
    [ended ? "Was connected on" : "Connected since", timeAt(connection.connectedAt)],
    ["Disconnected on", ended && timeAt(connection.disconnectedAt)],
    ["Latest event from Stripe", timeAt(connection.lastEventAt) ?? "None yet"],
    ["Webhooks", !ended && [webhooks, healthy === null && h("p", { class: "small" }, why)]], // a known problem is shown above
    ["Compared with Stripe until", timeAt(connection.sweptUntil) ?? "Not yet"],
    ["Latest comparison", comparing ? badge("…", "Comparing now", "wait") : inWords(connection.lastSync)],
    ["First comparison after reconnecting", connection.catchUp?.at !== connection.lastSync?.at && inWords(connection.catchUp)],
  ]);
}

/** @param {Schemas["SyncReportView"] | null} report @returns {Child[] | null} */
function inWords(report) {
  if (!report) return null;
  const { at, eventsSeen, recovered, corrected, parked } = report;
  const found = [
    recovered > 0 && `${recovered} that no webhook had brought, applied now`,
    corrected > 0 && `${counted(corrected, "invoice")} corrected`,
    parked > 0 && `${parked} to be tried again`,
  ].filter(Boolean);
  const content = `${counted(eventsSeen, "event")} read: ${found.join("; ") || "no webhook was overdue"}.`;
  return [timeAt(at), h("p", { class: "small" }, content)];
}

/**
 * @param {Schemas["AppView"]} app
 * @param {() => Promise<unknown>} again loads and shows the present status
 * @param {() => Promise<unknown>} compare
 */
function actions(app, again, compare) {
  const state = sessionStorage.getItem(STATE);
  const finishing = app.status === "pending" && state;
  const install = async () => {
    sessionStorage.removeItem(STATE);
    location.href = (await post("/v1/stripe/connection")).authorizeUrl;
  };
  const finish = async () => {
    await post("/v1/stripe/connection/complete", { body: { state: state ?? "" } });
    sessionStorage.removeItem(STATE);
    notice("Stripe is connected.");
    await again();
    document.getElementById("test")?.focus();
  };
  const disconnect = async () => {
    const content = [h("p", null, GIVEN_UP), h("p", null, KEPT)];
    const work = () => remove("/v1/stripe/connection").then(again);
    if (await ask("Disconnect Stripe?", content, { confirm: "Disconnect", danger: true, work })) document.getElementById("install")?.focus();
  };
  const admin = may("admin");
  const word = finishing ? "Begin again" : app.action === "reconnect" ? "Reconnect" : "Install";
  return h("div", { class: "actions" },
    admin && finishing && button("Finish set-up", finish, { class: "main", id: "finish" }),
    admin && app.action && button(word, install, { class: finishing ? "" : "main", id: "install" }),
    app.installed && may("billing") && button("Compare everything with Stripe now", compare, { id: "compare" }),
    admin && app.installed && button("Disconnect…", disconnect, { class: "danger", id: "disconnect" }),
    !admin && h("p", { class: "soft" }, "Only an admin can install, reconnect, verify or disconnect Stripe."));
}

/** Returns the card with the test invoice. @param {() => Promise<unknown>} again @param {AbortSignal} signal */
async function verifying(again, signal) {
  const place = h("div", { class: "stack" });
  /** @type {Schemas["TestProgress"]} */
  let latest = { startedAt: null, finishedAt: null, ok: null, steps: [] };
  /** @type {string | null | undefined} when the test before the one that is asked for here began; undefined if none is */
  let before;
  const draw = () => {
    const begun = before === undefined || latest.startedAt !== before;
    refill(place, ...stepsOf(begun ? latest : { ...latest, ok: null, steps: [] }, before !== undefined));
  };
  /** @param {Schemas["TestProgress"]} test */
  const take = (test) => {
    latest = test;
    draw();
  };
  const look = await follow("/v1/stripe/connection/test", {}, take, signal, SELDOM);
  const verify = async () => {
    const over = new AbortController();
    before = latest.startedAt;
    draw();
    try {
      await follow("/v1/stripe/connection/test", {}, take, AbortSignal.any([signal, over.signal]), WHILE_TESTING);
      await post("/v1/stripe/connection/test");
    } finally {
      over.abort();
      before = undefined;
      draw();
    }
    await Promise.all([look(), again()]);
  };
  return section("Verify connection", "card stack",
    h("p", null, "A small invoice is created in Stripe, read back and voided. Nobody gets an e-mail or is charged."),
    may("admin") && h("div", { class: "actions" }, button("Verify with a test invoice", verify, { id: "test" })),
    place);
}

/** @param {Schemas["TestProgress"]} test @param {boolean} asked true if a test was asked for here and has not ended */
function stepsOf({ startedAt, ok, steps }, asked) {
  const running = asked || (startedAt !== null && ok === null);
  const next = steps.some((each) => !each.ok) ? "clean_up" : STEPS[steps.length]?.[0];
  const without = running || !startedAt ? "Waiting" : "Not taken";
  const lines = STEPS.map(([step, name]) => {
    const report = steps.find((each) => each.step === step);
    if (report?.ok) return line("✓", "good", name, "Done", h("p", { class: "small" }, report.message));
    if (report) return line("✕", "bad", name, "Failed", h("p", null, report.message), h("p", null, report.nextStep));
    return running && step === next ? line("◔", "wait", name, "Running") : line("○", "quiet", name, without);
  });
  const result = badge(ok ? "✓" : "✕", ok ? "The connection works" : "The test failed", ok ? "good" : "bad");
  const content = running ? `Step ${Math.min(steps.length + 1, STEPS.length)} of ${STEPS.length} is running.`
    : startedAt ? [result, " Tested ", timeAt(startedAt)] : "Not tested yet.";
  return [h("p", { role: "status" }, content), h("ol", { class: "steps" }, lines)];
}

/** @param {Schemas["ChecklistItem"][]} items @returns {Child[]} */
function linesOf(items) {
  const [checked, finished] = [items.filter(({ done }) => done !== null), items.filter(({ done }) => done)];
  const lines = items.map(({ id, title: name, done, detail, nextStep, link }) => {
    const [href, page] = PAGES[id] ?? [];
    const there = link ? outside("Open in Stripe", link) : href && h("a", { href }, `Go to ${page}`);
    const more = done ? [] : [nextStep && h("p", { class: "soft" }, nextStep), there];
    /** @type {[string, string, string]} */
    const [sign, tone, word] =
      done ? ["✓", "good", "Done"] : done === false ? ["○", "wait", "To do"] : ["?", "info", "Only you can know"];
    return line(sign, tone, h("strong", null, name), word, h("p", null, detail), ...more);
  });
  return [
    h("div", { class: "heading" }, h("h2", null, "Before going live"),
      h("span", { class: "soft" }, `${finished.length} of ${checked.length} done`)),
    h("ul", { class: "steps two" }, lines),
  ];
}

/** @param {string} sign @param {string} tone @param {Child} name @param {string} word @param {...Child} more */
const line = (sign, tone, name, word, ...more) => h("li", null, h("span", { class: `sign ink ${tone}`, "aria-hidden": "true" }, sign),
  h("div", null, name, h("span", { class: `small ink ${tone}` }, ` ${word}`), ...more));

