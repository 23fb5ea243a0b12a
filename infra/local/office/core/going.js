/** Going to another page of the office, and changing the address of this one. */

/** Shows another page. @param {string} href */
export const go = (href) => document.dispatchEvent(new CustomEvent("office:go", { detail: href }));

/** Puts filters into the address, so that a page can be bookmarked and reached by going back. @param {Record<string, string>} query */
export function remember(query) {
  const kept = Object.entries(query).filter(([, value]) => value);
  history.replaceState(null, "", kept.length ? `?${new URLSearchParams(kept)}` : location.pathname);
}
