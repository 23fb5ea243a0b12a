/** Saving what the browser has as a file. */

import { h } from "./elements.js";

/** @param {string} name @param {string} text */
export function saveFile(name, text) {
  const address = URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }));
  h("a", { href: address, download: name }).click();
  // The browser reads the address after the click: it may not be taken back at once.
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
