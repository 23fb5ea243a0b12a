/** Keeps what a screen shows true, cheaply: asked for again with its `ETag`, an answer that is the same has no body. */

/** @import { Answer, Asked, Given, PathsWith } from "./types" */
import { ApiError, getIfChanged } from "./api.js";
import { byId, h, refill } from "./elements.js";

const PAUSE = 1500;

/**
 * Shows what a path answers, and again each time that it has changed, until the screen is left. The first answer is
 * awaited, so its error is the screen's. Later errors are told above the page, and the next answer takes that away.
 * A page that nobody sees does not ask.
 *
 * @template {PathsWith<"get">} P
 * @param {P} path
 * @param {Asked<P, "get">} asked
 * @param {(body: Answer<P, "get">, tag: string | null) => void | Promise<void>} show the tag is for `ifMatch`
 * @param {AbortSignal} signal
 * @param {number} [pause] milliseconds between two requests
 * @returns {Promise<() => Promise<void>>} what asks at once
 */
export async function follow(path, asked, show, signal, pause = PAUSE) {
  /** @type {string | null} */
  let tag = null;
  const ask = async () => {
    const answer = await getIfChanged(path, tag, .../** @type {Given<P, "get">} */ ([asked])).catch((error) => {
      if (signal.aborted) return null; // nobody waits for it any more, so its error is nobody's
      throw error;
    });
    if (!answer || signal.aborted) return;
    tag = answer.tag;
    await show(answer.body, answer.tag);
  };
  await ask();
  void keepAsking(ask, signal, pause);
  return ask;
}

/**
 * Asks again and again until the screen is left; for what `follow` cannot ask, such as POM's own records.
 *
 * @param {() => Promise<void>} ask
 * @param {AbortSignal} signal
 * @param {number} pause
 */
export async function keepAsking(ask, signal, pause) {
  // Each list says for itself that it may be out of date: an answer to another one does not make it true again.
  const told = h("p", { class: "bar" });
  signal.addEventListener("abort", () => told.remove());
  while (!signal.aborted) {
    await new Promise((resolve) => setTimeout(resolve, pause));
    if (document.hidden) await new Promise((resolve) => document.addEventListener("visibilitychange", resolve, { once: true }));
    if (signal.aborted) return;
    try {
      await ask();
      told.remove();
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof ApiError)) console.error(error); // a fault of the screen, not of the network
      const said = error instanceof Error ? error.message : String(error);
      refill(told, `This page may be out of date: ${said} Trying again.`);
      if (!told.isConnected) byId("offline").append(told); // put there again, it would be read out again
    }
  }
}
