export const strings = {
  unreachable: "The server could not be reached. Check that it is running; then try again.",
  refused: (/** @type {number} */ status, /** @type {string} */ text) =>
    `${`The server answered ${status} ${text}`.trim()}.`,
  noReceiver: "No other open tab can take this. Open ComfyUI in another tab of this browser; then try again.",
  severalTabs: (/** @type {number} */ count) => `${count} open tabs can take this. Choose one of them.`,
  noAnswer: (/** @type {string} */ title) =>
    `The tab “${title}” did not answer. It may be busy or asleep: open it once, then try again.`,
  tabGone: (/** @type {string} */ title) => `The tab “${title}” is no longer open.`,
};
