import { getJson, isAbort, postJson } from "../core/api.js";
import { fill, h, icon } from "../core/dom.js";
import { events } from "../core/events.js";
import { date, dateTime } from "../core/format.js";
import { changePassword, setFirstPassword, signIn, signOut } from "../ui/sign_in.js";
import { toast } from "../ui/toast.js";
import { browserName } from "./browser_name.js";
import { strings } from "./strings.js";

const RECORDS = 30;

/**
 * What GET auth/status, auth/sessions and auth/audit say; times in seconds since 1970.
 *
 * @typedef {{ authenticated: boolean, password_configured: boolean, can_change: boolean, sign_in_for_everything: boolean }} Status
 * @typedef {{ id: number, created_at: number, seen_at: number, address: string, browser: string, current: boolean }} Session
 * @typedef {{ id: number, at: number, who: string, address: string, action: string, result: string }} Entry
 */

/**
 * Signing in and out, the password, where else the user is signed in, and what was done.
 *
 * @param {import("../core/scope.js").Scope} scope
 */
export function accountSection(scope) {
  const content = h("div", { class: "holaf-settings-account" });
  let signedIn = false;
  let round = 0;
  /** Kept while it is drawn anew around it, so that it stays open. @type {ReturnType<typeof history> | null} */
  let log = null;

  async function refresh() {
    round += 1;
    const mine = round;
    try {
      const status = await getJson("auth/status", scope.signal);
      const { sessions } = status.authenticated ? await getJson("auth/sessions", scope.signal) : { sessions: [] };
      if (mine === round) {
        signedIn = status.authenticated;
        draw(status, sessions);
      }
    } catch (error) {
      if (!isAbort(error) && mine === round) {
        fill(
          content,
          h("p", { class: "holaf-settings-error", role: "alert" }, messageOf(error)),
          h("div", {}, action(strings.tryAgain, refresh)),
        );
      }
    }
  }

  /**
   * @param {Status} status
   * @param {Session[]} sessions
   */
  function draw(status, sessions) {
    log = status.authenticated ? (log ?? history()) : null;
    const focused = /** @type {any} */ (document.activeElement);
    const within = content.contains(focused);
    fill(
      content,
      h("p", { class: "holaf-settings-help" }, stateText(status)),
      h("div", { class: "holaf-settings-actions" }, actions(status)),
      status.authenticated && [sessionList(sessions), log?.element],
    );
    if (within) {
      (focused.isConnected ? focused : content.querySelector("button"))?.focus();
    }
    log?.renew();
  }

  /** @param {Status} status */
  function actions(status) {
    if (status.authenticated) {
      return [action(strings.changePassword, changePassword), action(strings.signOut, signOut)];
    }
    return status.password_configured ? action(strings.signIn, signIn) : action(strings.setPassword, setFirstPassword);
  }

  /** @param {Session[]} sessions */
  function sessionList(sessions) {
    const others = sessions.filter((one) => !one.current);
    return [
      h("h4", {}, strings.sessions),
      h(
        "ul",
        { class: "holaf-settings-list" },
        sessions.map((one) =>
          h(
            "li",
            {},
            h(
              "div",
              { title: one.browser },
              h("span", {}, browserName(one.browser) || strings.unknownBrowser),
              one.current && h("span", { class: "holaf-settings-tag" }, strings.thisOne),
              h(
                "p",
                { class: "holaf-settings-help" },
                [one.address, strings.since(date(one.created_at)), strings.lastUsed(date(one.seen_at))].join(" · "),
              ),
            ),
            !one.current &&
              action(
                strings.revoke,
                () => revoke({ id: one.id }),
                strings.revokeOf(browserName(one.browser), one.address),
              ),
          ),
        ),
      ),
      others.length > 1 &&
        h(
          "div",
          {},
          action(strings.revokeOthers(others.length), () => revoke({ others: true })),
        ),
    ];
  }

  /** @param {{ id: number } | { others: true }} which */
  async function revoke(which) {
    const { revoked } = await postJson("auth/sessions/revoke", which, scope.signal);
    toast({ text: strings.revoked(revoked) });
    await refresh();
  }

  function history() {
    const list = h("ol", { class: "holaf-settings-list", "aria-label": strings.history });
    const more = action(strings.olderRecords, () => read());
    /** @type {number | null} */
    let oldest = null;
    let turn = 0;

    /** @param {boolean} [anew] */
    async function read(anew = false) {
      turn += 1;
      const mine = turn;
      const before = anew || oldest === null ? "" : `&before=${oldest}`;
      const { entries } = await getJson(`auth/audit?limit=${RECORDS}${before}`, scope.signal);
      if (mine === turn) {
        if (before) {
          list.append(...entries.map(record));
        } else {
          fill(list, entries.map(record));
        }
        oldest = entries.at(-1)?.id ?? oldest;
        more.hidden = entries.length < RECORDS;
      }
    }

    const element = h(
      "details",
      {
        class: "holaf-settings-details",
        signal: scope.signal,
        ontoggle: () => element.open && oldest === null && attempt(() => read()),
      },
      h("summary", {}, strings.history),
      h("p", { class: "holaf-settings-help" }, strings.historyHelp),
      list,
      h("div", {}, more),
    );
    return { element, renew: () => element.open && attempt(() => read(true)) };
  }

  /**
   * @param {string} label
   * @param {() => Promise<any>} run
   * @param {string} [name] where the label alone says too little
   */
  function action(label, run, name) {
    const button = h(
      "button",
      { type: "button", class: "holaf-button", "aria-label": name, signal: scope.signal, onclick: press },
      label,
    );

    async function press() {
      button.disabled = true;
      await attempt(run);
      button.disabled = false;
    }

    return button;
  }

  scope.listen(globalThis, "holaf-session", () => void refresh());
  scope.listen(globalThis, "holaf-sign-out", () => {
    signedIn = false;
  });
  // The server closes the connection of a sign-in that ends.
  events.onState((state) => state !== "open" && signedIn && void refresh(), scope.signal);
  void refresh();
  return h("section", { class: "holaf-settings-section" }, h("h3", {}, strings.account), content);
}

/** @param {Status} status */
function stateText({
  authenticated,
  password_configured: configured,
  can_change: canChange,
  sign_in_for_everything: closed,
}) {
  if (authenticated) {
    return strings.accountState.in;
  }
  if (!configured) {
    return closed ? strings.accountState.noneClosed : strings.accountState.none;
  }
  return canChange ? strings.accountState.here : strings.accountState.out;
}

/** @param {Entry} one */
const record = (one) =>
  h(
    "li",
    {},
    h(
      "div",
      {},
      h("span", {}, one.action.charAt(0).toUpperCase() + one.action.slice(1)),
      one.result !== "ok" &&
        h("span", { class: ["holaf-settings-tag", "holaf-settings-bad"] }, icon("triangle-alert", 12), one.result),
      h("p", { class: "holaf-settings-help" }, [one.who, one.address].join(" · ")),
    ),
    h("span", { class: "holaf-settings-help", title: dateTime(one.at) }, date(one.at)),
  );

/** @param {() => Promise<any>} run */
async function attempt(run) {
  try {
    await run();
  } catch (problem) {
    if (!isAbort(problem)) {
      toast({ text: messageOf(problem), kind: "error" });
    }
  }
}

/** @param {unknown} error */
const messageOf = (error) => (error instanceof Error ? error.message : String(error));
