/** Buttons, fields with their errors, dialogs, and forms that detect changes by other users. */

/** @import { Child } from "./elements.js" */
/** @import { Field, Pair, Saved, Tagged } from "./types" */
import { ApiError } from "./api.js";
import { h, refill } from "./elements.js";
import { problem, table } from "./widgets.js";
import { methodChoices } from "./words.js";

/**
 * Returns a button. It cannot be pressed again while its work runs. An error is shown in a dialog.
 *
 * @param {string} label
 * @param {() => Promise<unknown> | unknown} work
 * @param {{ class?: string, id?: string, disabled?: boolean }} [more]
 */
export function button(label, work, more = {}) {
  const press = async () => {
    await whileBusy(element, work, (error) => showDialog(`${label}: this did not work`, problem(error)));
    // A poll may have replaced the button behind the dialog, so that the browser could not return the focus to it.
    const again = element.isConnected ? element : document.getElementById(element.id);
    // If the work has removed the button, the heading gets the focus.
    const next = again ?? /** @type {HTMLElement | null} */ (document.querySelector("main h1[tabindex]"));
    if (document.activeElement === document.body) next?.focus({ preventScroll: true });
  };
  const element = h("button", { type: "button", onclick: press, ...more }, label);
  return element;
}

/**
 * Does some work while a button is busy. The button is not disabled, because it would lose the focus.
 *
 * @param {HTMLButtonElement} pressed
 * @param {() => Promise<unknown> | unknown} work
 * @param {(error: unknown) => unknown} refused
 */
async function whileBusy(pressed, work, refused) {
  if (pressed.hasAttribute("aria-busy")) return;
  pressed.setAttribute("aria-busy", "true");
  try {
    await work();
  } catch (error) {
    await refused(error);
  } finally {
    pressed.removeAttribute("aria-busy");
  }
}

/** Returns a field with its label, its hint and a place for its error. @param {Field} field */
export function fieldOf({ name, label, hint, type = "text", value, choices = [], required = false }) {
  const id = `field-${name}`;
  const about = { id, name, required, "aria-describedby": `${id}-hint ${id}-error` };
  const options = choices.map(([each, word]) => h("option", { value: each, selected: each === value }, word));
  const input =
    type === "select" ? h("select", about, options)
    : type === "textarea" ? h("textarea", { ...about, rows: 3, value })
    : h("input", { ...about, type, value, autocomplete: "off" });
  return h("div", { class: "field" },
    h("label", { for: id }, label),
    input,
    h("p", { class: "hint", id: `${id}-hint` }, hint),
    h("p", { class: "error", id: `${id}-error` }));
}

/** Returns a checkbox. @param {string} name @param {string} label @param {boolean} checked @param {string} [value] */
export const tick = (name, label, checked, value = "on") =>
  h("label", { class: "tick" }, h("input", { type: "checkbox", name, value, checked }), label);

/** Returns a checkbox for each payment method. @param {readonly string[]} chosen */
export const methodTicks = (chosen) =>
  methodChoices(chosen).map(([method, name]) => tick("paymentMethods", name, chosen.includes(method), method));

/** Returns a function that returns the trimmed text of a field. @param {FormData} typed */
export const textOf = (typed) => (/** @type {string} */ name) => String(typed.get(name) ?? "").trim();

/** @param {HTMLElement} form */
function clearErrors(form) {
  for (const each of form.querySelectorAll(".error")) each.textContent = "";
  for (const each of form.querySelectorAll("[aria-invalid]")) each.removeAttribute("aria-invalid");
}

/**
 * Shows each error of a refusal next to its field. Returns the elements to show above the form for the other errors.
 *
 * @param {HTMLElement} form
 * @param {unknown} error
 */
function showErrors(form, error) {
  clearErrors(form);
  if (!(error instanceof ApiError)) return problem(error);
  let first = null;
  for (const { field, message } of error.details) {
    // An error of a list that is typed into one field has the index, such as `daysAfterDue[1]`.
    const names = field ? [field, field.replace(/\[\d+\]$/, "")] : [];
    const input = names.map((name) => form.querySelector(`[name="${CSS.escape(name)}"]`)).find(Boolean);
    if (!input) continue;
    input.setAttribute("aria-invalid", "true");
    const errorElement = form.querySelector(`#${CSS.escape(`${input.id}-error`)}`);
    if (errorElement) errorElement.textContent = message;
    first ??= /** @type {HTMLElement} */ (input);
  }
  first?.focus();
  return problem(error);
}

/**
 * Does the work when a form is submitted.
 *
 * @param {HTMLFormElement} form
 * @param {HTMLButtonElement} submit its button
 * @param {() => Promise<unknown>} work
 * @param {(error: unknown) => unknown} refused
 */
function onSubmit(form, submit, work, refused) {
  form.noValidate = true;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void whileBusy(submit, work, refused);
  });
}

/**
 * Saves a form when it is submitted. A refusal is shown in `errors` and next to the fields. If another user has saved in the
 * meantime (412), the stored values are shown next to the typed ones, and the user chooses.
 *
 * @template Stored
 * @template Typed
 * @param {HTMLFormElement} form
 * @param {HTMLButtonElement} submit
 * @param {Saved<Stored, Typed>} record
 * @returns a function that fills the form with a stored record
 */
export function saving(form, submit, { errors, loaded, load, typed, inWords, store, fill }) {
  /** @param {Tagged<Stored>} stored */
  const take = (stored) => {
    loaded = stored;
    fill(stored.body);
  };
  const save = async () => {
    await store(typed(), loaded);
    clearErrors(form);
    refill(errors);
  };
  /** @param {unknown} error */
  const refused = async (error) => {
    if (!(error instanceof ApiError && error.status === 412)) return refill(errors, showErrors(form, error));
    const stored = await load();
    if (!stored) return;
    const saveMine = () => {
      loaded = stored;
      return save().catch(refused);
    };
    const takeTheirs = () => {
      take(stored);
      refill(errors);
    };
    const asked = conflict(inWords(stored.body), inWords(typed()), saveMine, takeTheirs);
    refill(errors, asked);
    asked.focus();
  };
  onSubmit(form, submit, save, refused);
  return take;
}

/** @param {Pair[]} theirs @param {Pair[]} mine the same names @param {() => unknown} saveMine @param {() => unknown} takeTheirs */
function conflict(theirs, mine, saveMine, takeTheirs) {
  const typed = new Map(mine);
  const differing = theirs.filter(([name, value]) => typed.get(name) !== value);
  const rows = differing.map(([name, value]) => [h("strong", null, name), value, typed.get(name)]);
  return h("div", { class: "note stack", role: "alert", tabindex: "-1" },
    h("h2", null, "Somebody else has saved in the meantime"),
    h("p", null, "Nothing of yours is stored yet. Choose which of the two is kept."),
    table("What differs", [{ name: "What", hidden: true }, "Stored now", "Yours"], rows),
    h("div", { class: "actions" }, button("Save mine", saveMine, { class: "main" }), button("Take theirs", takeTheirs)));
}

/**
 * Asks in a dialog, and does the work after the confirmation. A refusal is shown in the dialog, which keeps the typed values.
 *
 * @param {string} title
 * @param {Child | Child[]} content
 * @param {{ fields?: Field[], confirm: string, danger?: boolean, work: (values: Record<string, string>) => Promise<unknown> }} asked
 * @returns {Promise<boolean>} true if the work was done
 */
export function ask(title, content, { fields = [], confirm, danger = false, work }) {
  const errors = h("div");
  const cancel = h("button", { type: "button", onclick: () => dialog.close() }, "Cancel");
  const go = h("button", { class: danger ? "danger" : "main" }, confirm);
  const form = h("form", null, content, errors, fields.map(fieldOf), h("div", { class: "actions" }, cancel, go));
  const dialog = opened(title, form);
  let done = false;
  onSubmit(form, go, async () => {
    cancel.disabled = true; // a request that was sent cannot be cancelled, so the dialog stays until the response
    await work(/** @type {Record<string, string>} */ (Object.fromEntries(new FormData(form))));
    done = true;
    dialog.close();
  }, (error) => {
    cancel.disabled = false;
    refill(errors, showErrors(form, error));
  });
  /** @param {Event} event */
  const stay = (event) => {
    if (cancel.disabled && !done && (!(event instanceof KeyboardEvent) || event.key === "Escape")) event.preventDefault();
  };
  dialog.addEventListener("keydown", stay); // in Chromium, only a handler of the key can stop a second Escape
  dialog.addEventListener("cancel", stay);
  return new Promise((resolve) => dialog.addEventListener("close", () => resolve(done)));
}

/** Shows a text in a dialog. Resolves when the dialog is closed. @param {string} title @param {Child} content */
function showDialog(title, content) {
  const close = h("button", { type: "button", class: "main", onclick: () => dialog.close() }, "Close");
  const dialog = opened(title, content, h("div", { class: "actions" }, close));
  return new Promise((resolve) => dialog.addEventListener("close", resolve));
}

/** @param {string} title @param {...Child} inside */
function opened(title, ...inside) {
  const dialog = h("dialog", { "aria-labelledby": "dialog-title" }, h("h2", { id: "dialog-title" }, title), ...inside);
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}
