/** Somebody else has saved in between: what is stored stands beside what was typed, and the person chooses. */

import { h } from "./elements.js";
import { button, table } from "./widgets.js";

/**
 * @param {[string, string][]} theirs names and values as they are stored now
 * @param {[string, string][]} mine the same names, with what was typed
 * @param {() => Promise<unknown>} saveMine
 * @param {() => unknown} takeTheirs
 */
export function conflict(theirs, mine, saveMine, takeTheirs) {
  const typed = new Map(mine);
  const rows = theirs.flatMap(([name, value]) => (typed.get(name) === value ? [] : [[h("strong", null, name), value, typed.get(name)]]));
  return h(
    "div",
    { class: "note stack", role: "alert", tabindex: "-1" },
    h("h2", null, "Somebody else has saved in the meantime"),
    h("p", null, "Nothing of yours is stored yet. Choose which of the two is kept."),
    table("What differs", [{ name: "What", hidden: true }, "Stored now", "Yours"], rows),
    h("div", { class: "actions" }, button("Save mine", saveMine, { class: "main" }), button("Take theirs", takeTheirs)),
  );
}
