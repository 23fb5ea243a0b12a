/** Settings → Invoicing: the defaults of new invoices with their effects, and the history of changes. */

/** @import { Child } from "../core/elements.js" */
/** @import { Pair, Schemas, Tagged, Visit } from "../core/types" */
import { get, getTagged, put } from "../core/api.js";
import { h, refill } from "../core/elements.js";
import { fieldOf, methodTicks, saving, textOf, tick } from "../core/forms.js";
import { listing } from "../core/listing.js";
import { may } from "../core/session.js";
import { facts, heading, notice, outside, section } from "../core/widgets.js";
import { counted, methodsInWords, moment, termChoices, termsInWords, withOthers } from "../core/words.js";

/** @typedef {Schemas["SaveInvoicingSettings"]} Settings */
/** @typedef {Schemas["InvoicingSettingsView"]} View */

export const title = "Invoicing settings";

const PATH = "/v1/settings/invoicing";

/** @type {Pair[]} */
const CREATION = [["when_saved", "When they are saved in POM"], ["when_invoiced", "With their first invoice"]];

/** The number of changes on a page. */
const CHANGES = 10;

const load = () => getTagged(PATH);

/** @param {HTMLElement} main @param {Visit} visit */
export async function show(main, { signal }) {
  const place = h("div", { class: "stack" });
  const changes = listing(signal, async (after, _turned, draw) => {
    const { data, pageInfo } = await get(`${PATH}/history`, { query: { first: CHANGES, ...(after && { after }) } });
    draw(data.length > 0 ? h("ol", { class: "timeline" }, data.map(changeOf)) : h("p", { class: "soft" }, "Nothing yet."), pageInfo);
  });
  /** @param {Tagged<View>} loaded */
  const draw = (loaded) => {
    refill(place, noteOf(loaded.body), may("admin") ? formOf(loaded, draw) : readOnly(loaded.body));
    void changes.showFirst();
  };
  draw(await load());
  refill(main, heading("Invoicing settings"),
    h("p", { class: "soft" }, "The defaults of new invoices. Each invoice can have others. What was sent already does not change."),
    place, section("Who changed what", "card stack", changes.place));
}

/** @param {View} view */
const noteOf = ({ note }) => note && h("div", { class: "note" },
  h("p", null, note.message), h("p", null, note.nextStep), h("p", null, outside("Open in Stripe", note.link)));

/** @param {View} view */
const readOnly = (view) => h("section", { class: "card stack" },
  facts(inWords(view).map(([name, value]) => [name, h("span", { class: "text" }, value)])),
  h("p", { class: "soft" }, "Only an admin can change these settings."));

/** @param {Tagged<View>} loaded @param {(loaded: Tagged<View>) => void} draw */
function formOf(loaded, draw) {
  const view = loaded.body;
  const { reminders, paymentTerms, reminderTime: { from, until, timeZone } } = view;
  const errors = h("div");
  const named = !paymentTerms.startsWith("days_");
  const days = fieldOf({ name: "termDays", label: "Days after it is sent", type: "number", value: named ? "" : paymentTerms.slice(5) });
  const terms = fieldOf({ name: "paymentTerms", label: "Payment terms", type: "select", value: named ? paymentTerms : "days",
    choices: [...termChoices(named ? paymentTerms : "net_30"), ["days", "Another number of days"]],
    hint: "When an invoice is due, counted from the day on which it is sent." });
  const adapt = () => { days.hidden = terms.querySelector("select")?.value !== "days"; };
  terms.addEventListener("change", adapt);
  adapt();
  const save = h("button", { class: "main", id: "save" }, "Save settings");
  const form = h("form", { class: "stack" },
    errors,
    h("div", { class: "two" },
      group("Invoices",
        fieldOf({ name: "invoiceType", label: "Invoice type", type: "select", choices: [["stripe", "Stripe"]], value: view.invoiceType,
          hint: "Stripe: the customer gets an e-mail from Stripe with a link, and pays online." }),
        terms,
        days,
        fieldOf({ name: "paymentWindow", label: "Payment window, in days", type: "number", value: String(view.paymentWindow ?? ""),
          hint: "An invoice that is still unpaid so many days after its due date is marked uncollectible, and nobody is reminded " +
            "of it any more. Empty: POM waits without end." })),
      group("Auto-reminders",
        tick("enabled", "Enable payment reminder e-mails through Stripe", reminders.enabled),
        h("p", { class: "hint" }, `They go out between ${from} and ${until} (${timeZone}), and never on the day of sending. ` +
          "Enabled without any day: 3 days before, on, and 3, 7 and 14 days after the due date."),
        fieldOf({ name: "reminders.daysBeforeDue", label: "Days before the due date", value: reminders.daysBeforeDue.join(", "),
          hint: "Numbers such as 3, 7." }),
        tick("onDueDate", "On the due date", reminders.onDueDate),
        fieldOf({ name: "reminders.daysAfterDue", label: "Days after the due date", value: reminders.daysAfterDue.join(", "),
          hint: "Numbers such as 3, 7, 14." })),
      group("Payment methods",
        h("p", { class: "hint" }, "What the customer can choose on Stripe’s page. None ticked: as the Stripe account is set up."),
        ...methodTicks(view.paymentMethods)),
      group("Texts",
        fieldOf({ name: "memo", label: "Memo", type: "textarea", value: view.memo,
          hint: "Stands above the lines of an invoice. At most 500 characters." }),
        fieldOf({ name: "footer", label: "Footer", type: "textarea", value: view.footer,
          hint: "Stands at the foot of an invoice: say how to pay, and whom to ask. At most 1,000 characters." })),
      group("Currency and time",
        fieldOf({ name: "currency", label: "Currency", value: view.currency?.toUpperCase() ?? null,
          hint: "Three letters, such as USD. Empty: the currency of the Stripe account." }),
        fieldOf({ name: "timeZone", label: "Time zone", value: view.timeZone,
          hint: "In which days begin and end, such as America/New_York. Empty: that of the Stripe account. " +
            `Now it is ${timeZone}. A change counts for invoices that are made from then on.` })),
      group("Customer sync",
        fieldOf({ name: "customerCreation", label: "Customers are created in Stripe", type: "select",
          choices: withOthers(CREATION, [view.customerCreation]),
          value: view.customerCreation, hint: "E-mail addresses are the primary identifier: a customer whom Stripe has with the same " +
            "address is linked, and not made again." }))),
    h("div", { class: "actions" }, save));

  saving(form, save, {
    errors, loaded, load, inWords,
    typed: () => typedIn(form),
    store: async (body, { tag }) => {
      await put(PATH, { body, ifMatch: tag });
      draw(await load());
      notice("The settings are saved.");
    },
    fill: () => load().then(draw),
  });
  return form;
}

/** @param {string} legend @param {...Child} inside */
const group = (legend, ...inside) => h("fieldset", { class: "card" }, h("legend", null, legend), ...inside);

/**
 * Returns the settings as typed. A text that is no number of days becomes 0, for which the API returns an error message.
 *
 * @param {HTMLFormElement} form
 * @returns {Settings}
 */
function typedIn(form) {
  const given = new FormData(form);
  const text = textOf(given);
  /** @param {string} name */
  const numbers = (name) => text(name).split(/[\s,;]+/).filter(Boolean).map((each) => (/^\d+$/.test(each) ? Number(each) : 0));
  const terms = text("paymentTerms");
  return {
    invoiceType: "stripe",
    paymentTerms: terms === "days" ? `days_${text("termDays")}` : terms,
    paymentWindow: numbers("paymentWindow")[0] ?? null,
    paymentMethods: /** @type {Settings["paymentMethods"]} */ (given.getAll("paymentMethods")),
    memo: text("memo") || null,
    footer: text("footer") || null,
    reminders: {
      enabled: given.has("enabled"),
      daysBeforeDue: numbers("reminders.daysBeforeDue"),
      onDueDate: given.has("onDueDate"),
      daysAfterDue: numbers("reminders.daysAfterDue"),
    },
    currency: text("currency") || null,
    timeZone: text("timeZone") || null,
    customerCreation: /** @type {View["customerCreation"]} */ (text("customerCreation")),
  };
}

/** The settings in the order of `inWords`. @type {Schemas["SettingsField"][]} */
const FIELDS = ["invoiceType", "paymentTerms", "paymentWindow", "paymentMethods", "memo", "footer", "reminders", "currency",
  "timeZone", "customerCreation"];

/** Returns a change in words: the user, the fields, and their values before and after. For texts, POM stores only that they changed. @param {Schemas["SettingsChangeView"]} change */
function changeOf({ at, actor, fields, from, to }) {
  const [before, after] = [inWords(from), inWords(to)];
  const content = fields.map((field) => {
    const [name, words] = after[FIELDS.indexOf(field)] ?? [field, ""];
    const isText = field === "memo" || field === "footer";
    return h("div", null, isText ? `${name}: changed` : `${name}: ${before[FIELDS.indexOf(field)]?.[1]} → ${words}`);
  });
  return h("li", null, h("time", { datetime: at }, `${moment(at)}, by ${actor ?? "POM"}`), content);
}

/** @param {Settings | View | Schemas["SettingsValues"]} settings @returns {Pair[]} */
function inWords(settings) {
  const { paymentTerms, paymentWindow, paymentMethods = [], reminders, currency, timeZone, customerCreation } = settings;
  const { memo, footer } = "memo" in settings ? settings : { memo: null, footer: null };
  const { enabled, daysBeforeDue = [], onDueDate, daysAfterDue = [] } = reminders ?? {};
  const days = [
    daysBeforeDue.length > 0 && `${daysBeforeDue.join(", ")} days before`,
    onDueDate && "on",
    daysAfterDue.length > 0 && `${daysAfterDue.join(", ")} days after`,
  ].filter(Boolean).join("; ");
  return [
    ["Invoice type", "Stripe"],
    ["Payment terms", termsInWords(paymentTerms ?? "")],
    ["Payment window", paymentWindow ? counted(paymentWindow, "day") : "None"],
    ["Payment methods", methodsInWords(paymentMethods) || "As the Stripe account is set up"],
    ["Memo", memo || "None"],
    ["Footer", footer || "None"],
    ["Reminders", enabled ? `${days || "3 days before; on; 3, 7, 14 days after"} the due date` : "Off"],
    ["Currency", currency?.toUpperCase() ?? "That of the Stripe account"],
    ["Time zone", timeZone ?? "That of the Stripe account"],
    ["Customers are created in Stripe", CREATION.find(([name]) => name === customerCreation)?.[1] ?? "–"],
  ];
}
