/**
 * Which theme a page of ours shows: the settings' one, unless this browser chose another. Such a
 * choice holds until the settings change, so that a change there is always seen.
 *
 * @typedef {"light" | "dark" | "system"} Theme
 * @typedef {object} ThemeState
 * @property {Theme} shown
 * @property {{ saved: Theme, own: Theme | null }} kept what the browser keeps
 * @property {(theme: any) => ThemeState} follow the settings say this
 * @property {(theme: Theme) => ThemeState} choose the user says this
 */

/** @param {any} theme @returns {theme is Theme} */
const isTheme = (theme) => theme === "light" || theme === "dark" || theme === "system";

/**
 * @param {any} kept by the browser, where anyone may have changed it
 * @returns {ThemeState}
 */
export function themeState(kept) {
  /** @type {Theme} */
  const saved = isTheme(kept?.saved) ? kept.saved : "system";
  /** @type {Theme | null} */
  const own = isTheme(kept?.own) && kept.own !== saved ? kept.own : null;
  return {
    shown: own ?? saved,
    kept: { saved, own },
    follow: (theme) => (isTheme(theme) && theme !== saved ? themeState({ saved: theme }) : themeState({ saved, own })),
    choose: (theme) => themeState({ saved, own: theme }),
  };
}
