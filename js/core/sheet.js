/** @type {Map<string, Promise<void>>} */
const sheets = new Map();

/**
 * Loads a style sheet of css/ once. One that cannot be loaded is no reason to show nothing.
 *
 * @param {string} name
 * @returns {Promise<void>}
 */
export function loadSheet(name) {
  const href = new URL(`../css/${name}.css`, import.meta.url).href;
  let loading = sheets.get(name);
  if (!loading) {
    loading = new Promise((resolve) => {
      if ([...document.styleSheets].some((sheet) => sheet.href === href)) {
        resolve();
        return;
      }
      const link = document.createElement("link");
      link.rel = "stylesheet";
      link.href = href;
      link.onload = () => resolve();
      link.onerror = () => {
        sheets.delete(name);
        link.remove();
        resolve();
      };
      document.head.append(link);
    });
    sheets.set(name, loading);
  }
  return loading;
}
