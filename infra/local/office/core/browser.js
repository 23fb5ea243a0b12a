/** Functions of the browser: to open another page of the office, change the address, save a file, and open a window. */

import { h } from "./elements.js";

/** Shows another page. @param {string} href */
export const go = (href) => document.dispatchEvent(new CustomEvent("office:go", { detail: href }));

/** Puts filters into the address, so that bookmarks and the Back button keep them. @param {Record<string, string>} query */
export function remember(query) {
  const kept = Object.entries(query).filter(([, value]) => value);
  history.replaceState(null, "", kept.length ? `?${new URLSearchParams(kept)}` : location.pathname);
}

/** Saves a text as a file, as CSV unless `type` is set. @param {string} name @param {string} text @param {string} [type] */
export const saveFile = (name, text, type = "text/csv;charset=utf-8") => h("a", { href: addressOf(text, type), download: name }).click();

/** Opens a page that the API returned, in a new window. @param {string} html */
export const openPage = (html) => void open(addressOf(html, "text/html"), "_blank");

/** @param {string} text @param {string} type */
function addressOf(text, type) {
  const address = URL.createObjectURL(new Blob([text], { type }));
  setTimeout(() => URL.revokeObjectURL(address), 60_000); // the browser reads the address after the click
  return address;
}
