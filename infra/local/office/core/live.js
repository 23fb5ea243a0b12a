/** Keeps the data on a screen current by polling. Each request has the `ETag`, so an unchanged response has no body. */

/** @import { ResponseBody, RequestOptions, RequestArgs, PathsWith } from "./types" */
import { ApiError, getIfChanged } from "./api.js";
import { byId, h, refill } from "./elements.js";

const PAUSE = 1500;

/**
 * Shows the response of a path, and shows it again each time it changes, until the user leaves the screen. An error of
 * the first request is thrown. A later error is shown above the page until a request succeeds. A hidden page sends no
 * requests.
 *
 * @template {PathsWith<"get">} P
 * @param {P} path
 * @param {RequestOptions<P, "get">} options
 * @param {(body: ResponseBody<P, "get">, tag: string | null) => void | Promise<void>} show receives the body and its `ETag`, for `ifMatch`
 * @param {AbortSignal} signal
 * @param {number} [pause] milliseconds between two requests
 * @returns {Promise<() => Promise<void>>} a function that polls at once
 */
export async function follow(path, options, show, signal, pause = PAUSE) {
  /** @type {string | null} */
  let tag = null;
  const poll = async () => {
    const response = await getIfChanged(path, tag, .../** @type {RequestArgs<P, "get">} */ ([options])).catch((error) => {
      if (signal.aborted) return null; // the user has left the screen, so the error is not shown
      throw error;
    });
    if (!response || signal.aborted) return;
    tag = response.tag;
    await show(response.body, response.tag);
  };
  await poll();
  void keepPolling(poll, signal, pause);
  return poll;
}

/**
 * Calls `poll` repeatedly until the user leaves the screen, for data that `follow` cannot load, such as POM's own records.
 *
 * @param {() => Promise<void>} poll
 * @param {AbortSignal} signal
 * @param {number} pause
 */
export async function keepPolling(poll, signal, pause) {
  // Each list has its own notice that it may be out of date, because a response for another list does not update it.
  const notice = h("p", { class: "bar" });
  signal.addEventListener("abort", () => notice.remove());
  while (!signal.aborted) {
    await new Promise((resolve) => setTimeout(resolve, pause));
    if (document.hidden) await new Promise((resolve) => document.addEventListener("visibilitychange", resolve, { once: true }));
    if (signal.aborted) return;
    try {
      await poll();
      notice.remove();
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof ApiError)) console.error(error); // a fault of the screen, not of the network
      const reason = error instanceof Error ? error.message : String(error);
      refill(notice, `This page may be out of date: ${reason} Trying again.`);
      if (!notice.isConnected) byId("offline").append(notice); // a screen reader would read a notice that is appended again
    }
  }
}
