import { channel as ownChannel } from "./channel.js";

/** How long a tab at the back may take to say that it is there, and then to load a graph of thousands of nodes. */
const STATE_MS = 8_000;
const WORK_MS = 90_000;

/**
 * Asks the graph editor of one of the user's other tabs.
 *
 * @param {"state" | "load" | "send"} what
 * @param {any} payload
 * @param {{ to?: string }} [options]
 * @param {Pick<ReturnType<typeof import("./channel.js").createChannel>, "request">} [channel]
 * @returns {Promise<any>}
 */
export async function askFarCanvas(what, payload, { to } = {}, channel = ownChannel) {
  // A tab that sleeps or hangs is found out soon, not after the time that the work may take.
  const state = await channel.request("canvas.state", {}, { to, timeout: STATE_MS });
  return what === "state" ? state : channel.request(`canvas.${what}`, payload, { to: state.tab, timeout: WORK_MS });
}
