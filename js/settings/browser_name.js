// The first that fits counts: Edge and Opera also call themselves Chrome, and Chrome Safari.
/** @type {Array<[RegExp, string]>} */
const BROWSERS = [
  [/Edg(e|A|iOS)?\//, "Edge"],
  [/OPR\/|Opera/, "Opera"],
  [/SamsungBrowser\//, "Samsung Internet"],
  [/Firefox\/|FxiOS\//, "Firefox"],
  [/HeadlessChrome\/|Chrome\/|Chromium\/|CriOS\//, "Chrome"],
  [/Safari\//, "Safari"],
];
/** @type {Array<[RegExp, string]>} */
const SYSTEMS = [
  [/Android/, "Android"],
  [/iPhone|iPod/, "iPhone"],
  [/iPad/, "iPad"],
  [/Windows/, "Windows"],
  [/Macintosh|Mac OS X/, "macOS"],
  [/CrOS/, "ChromeOS"],
  [/Linux/, "Linux"],
];

/**
 * "Firefox on Windows", for a User-Agent header; what is no browser keeps its own name.
 * @param {string} agent
 */
export function browserName(agent) {
  const find = (/** @type {typeof BROWSERS} */ list) => list.find(([pattern]) => pattern.test(agent))?.[1];
  const browser = find(BROWSERS);
  const system = find(SYSTEMS);
  if (!browser) {
    return agent.slice(0, 60);
  }
  return system ? `${browser} on ${system}` : browser;
}
