/** Gives the person what the browser has: as a file to keep, or in a window of its own. */

import { h } from "./elements.js";

/** Saves a table as a file. @param {string} name @param {string} text */
export const saveFile = (name, text) => h("a", { href: addressOf(text, "text/csv;charset=utf-8"), download: name }).click();

/** Opens a page that the API has made. @param {string} html */
export const openPage = (html) => void open(addressOf(html, "text/html"), "_blank");

/** @param {string} text @param {string} type */
function addressOf(text, type) {
  const address = URL.createObjectURL(new Blob([text], { type }));
  // The browser reads the address later: it may not be taken back at once.
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
  return address;
}
