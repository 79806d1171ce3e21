// The gallery as a page of its own, with the other tools as panels over it.
import { getJson, sessionChanged } from "../core/api.js";
import { fill, h, icon } from "../core/dom.js";
import { oneAtATime } from "../core/one_at_a_time.js";
import { events } from "../core/events.js";
import { isTyping, matches } from "../core/keys.js";
import { Scope } from "../core/scope.js";
import { mountTool, openTool, sayError, start } from "../main.js";
import { tools } from "../tools.js";
import { strings } from "../ui/strings.js";
import { addTooltip } from "../ui/tooltip.js";
import { createHost } from "./host.js";

const HERE = "images";
const THEMES = /** @type {const} */ ({ light: "sun", dark: "moon", system: "contrast" });

const host = createHost();
const scope = new Scope();
// What somebody has to ask for is loaded then.
const openMenu = oneAtATime(async (/** @type {Element} */ anchor, /** @type {any[]} */ items) => {
  try {
    const menu = await import("../ui/menu.js");
    menu.openMenu(anchor, items);
  } catch (error) {
    await sayError(error);
  }
});
const others = tools.filter(({ id }) => id !== HERE);

/** @param {string} name @param {string} label @param {Record<string, any>} props */
function iconButton(name, label, props) {
  const button = h("button", { type: "button", class: "holaf-icon-button", "aria-label": label, ...props }, icon(name));
  addTooltip(button, label);
  return button;
}

const themeButton = iconButton(THEMES[host.theme?.get() ?? "system"], strings.theme, {
  "aria-haspopup": "menu",
  onclick: () =>
    openMenu(
      themeButton,
      /** @type {Array<keyof typeof THEMES>} */ (["light", "dark", "system"]).map((theme) => ({
        label: strings[theme],
        checked: host.theme?.get() === theme,
        action: () => host.theme?.set(theme),
      })),
    ),
});

host.theme?.watch(() => fill(themeButton, icon(THEMES[host.theme?.get() ?? "system"])));

const toolsButton = iconButton("menu", strings.tools, {
  class: "holaf-icon-button holaf-page-menu",
  "aria-haspopup": "menu",
  onclick: () =>
    openMenu(
      toolsButton,
      others.map(({ id, title, icon: name }) => ({ label: title, icon: name, action: () => openTool(id, host) })),
    ),
});

const userButton = iconButton("user", strings.signIn, {
  hidden: true,
  onclick: oneAtATime(openUserMenu),
});
let signedIn = false;

async function openUserMenu() {
  try {
    const { setFirstPassword, signIn, signOut } = await import("../ui/sign_in.js");
    const status = await getJson("auth/status");
    if (status.authenticated) {
      await openMenu(userButton, [
        { label: strings.account, icon: "settings", action: () => openTool("settings", host) },
        { label: strings.signOut, icon: "log-out", action: () => signOut().catch(sayError) },
      ]);
    } else {
      await (status.password_configured ? signIn : setFirstPassword)();
    }
  } catch (error) {
    await sayError(error);
  }
}

async function showSession() {
  let status;
  try {
    status = await getJson("auth/status", scope.signal);
  } catch {
    return;
  }
  const lost = signedIn && !status.authenticated;
  signedIn = status.authenticated;
  const label = signedIn ? strings.signedIn : strings.signIn;
  userButton.hidden = false;
  userButton.setAttribute("aria-label", label);
  fill(userButton, icon(signedIn ? "user" : "log-in"));
  addTooltip(userButton, label);
  if (lost) {
    sessionChanged();
    const { toast } = await import("../ui/toast.js");
    toast({
      text: strings.sessionEnded,
      kind: "warn",
      life: 20_000,
      action: { label: strings.signIn, action: openUserMenu },
    });
  }
}

const main = h("main", { class: "holaf-page-main" });
const page = h(
  "div",
  {
    class: "holaf holaf-page",
    onkeydown(/** @type {KeyboardEvent} */ event) {
      if (matches(event, "?") && !isTyping(event) && !event.defaultPrevented) {
        event.preventDefault();
        void import("../ui/shortcuts.js").then(({ openShortcuts }) => openShortcuts(main));
      }
    },
  },
  h(
    "header",
    { class: "holaf-page-bar" },
    h("h1", { class: "holaf-page-name" }, h("span", { class: "holaf-page-logo" }, icon("images", 18)), "Holaf"),
    h(
      "nav",
      { class: "holaf-page-tools", "aria-label": strings.tools },
      tools.map(({ id, title, icon: name }) =>
        h(
          "button",
          {
            type: "button",
            class: "holaf-tab",
            "aria-current": id === HERE ? "page" : null,
            onclick: () =>
              id === HERE ? main.querySelector("[tabindex='0'], button, input")?.focus() : openTool(id, host),
          },
          icon(name),
          title,
        ),
      ),
    ),
    userButton,
    themeButton,
    toolsButton,
  ),
  main,
);

document.body.replaceChildren(page);
await start(host);
globalThis.addEventListener("holaf-session", showSession);
globalThis.addEventListener("holaf-sign-out", () => {
  signedIn = false;
});
// The server closes the connection of a sign-in that ends.
events.onState((state) => state !== "open" && signedIn && void showSession(), scope.signal);
void showSession();
// With a server that is gone a button would do nothing else, and could not even say so.
const warm = () => {
  for (const load of [() => import("../ui/toast.js"), () => import("../ui/menu.js"), () => import("../ui/panel.js")]) {
    load().catch(() => {});
  }
};
main.addEventListener("holaf-filled", () => (globalThis.requestIdleCallback ?? setTimeout)(warm), { once: true });
await mountTool(HERE, main, { host, scope, panel: null });
// The keys work at once, not only after a click.
if (document.activeElement === document.body) {
  main.focus({ preventScroll: true });
}
