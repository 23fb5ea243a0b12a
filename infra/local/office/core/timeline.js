/** What has happened to an invoice, in words. */

/** @import { Schemas } from "./types" */
import { h } from "./elements.js";
import { nameOfUser } from "./session.js";
import { outside, timeAt } from "./widgets.js";
import { methodInWords, money, plain } from "./words.js";

/** What happened, for the kinds of entries whose own words would not do. */
/** @type {Partial<Record<Schemas["EntryKind"], string>>} */
const HAPPENED = {
  created_as_correction: "Created as the copy of a void invoice",
  recreated: "POM’s record made again from Stripe",
  edited: "Draft changed",
  edit_refused: "Change of the draft refused",
  send_requested: "Sending requested",
  send_refused: "Sending refused",
  finalized: "Finalized in Stripe, without an e-mail",
  revised: "Edited in Stripe: a revision has replaced it",
  reminded: "Reminder sent",
  credited: "Credit note issued",
  given_up: "Given up as uncollectible",
  marked_paid: "Marked as paid outside Stripe",
  dispute_closed: "Dispute closed without a decision",
  corrected: "Replaced by a copy to correct it",
};

/**
 * Returns one entry, such as `Payment failed: $80.00 by Visa ending in 9995, insufficient funds`.
 *
 * @param {Schemas["HistoryEntryView"]} entry
 */
export function entryOf({ at, kind, source, actor, amount, currency, method, reason, to, dueBy, dashboardUrl }) {
  // A payment that the office recorded has its method in the reason.
  const paidWith = method && kind !== "marked_paid" && `${kind.includes("refund") ? "to" : "by"} ${methodInWords(method)}`;
  const details = [
    [amount !== null && money(amount, currency), paidWith].filter(Boolean).join(" "),
    reason?.replaceAll("_", " "),
  ].filter(Boolean).join(", ");
  return h("li", null, timeAt(at), `${HAPPENED[kind] ?? plain(kind)}${to ? ` to ${to}` : ""}${details ? `: ${details}` : ""}`,
    dueBy && h("span", null, ". Evidence is due by ", timeAt(dueBy)),
    h("div", { class: "small" }, source === "stripe" ? "In Stripe" : actor ? `In POM, by ${nameOfUser(actor)}` : "By POM",
      dashboardUrl && [" · ", outside("See in Stripe", dashboardUrl)]));
}
