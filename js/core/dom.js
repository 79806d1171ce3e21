const SVG = "http://www.w3.org/2000/svg";
const sprite = new URL("../icons.svg", import.meta.url).href;

/** Members that an attribute would set only once, or not at all. */
const PROPERTIES = new Set([
  "value",
  "checked",
  "disabled",
  "hidden",
  "selected",
  "indeterminate",
  "readOnly",
  "tabIndex",
]);

/**
 * Makes an element. Strings and numbers become text, never markup; `on…` functions become
 * listeners; `null`, `undefined` and `false` leave a child or an attribute out.
 *
 *     h("button", { type: "button", class: ["holaf-button", primary && "holaf-primary"],
 *                   "aria-label": "Close", onclick: close, style: { width: "4px" } }, icon("x"))
 *
 * `style` takes names as CSS writes them, custom properties too; `dataset` an object; `ref` is
 * called with the element; `signal` ends its listeners.
 *
 * @param {string} tag
 * @param {Record<string, any>} [props]
 * @param {...any} children nodes, strings, numbers, arrays of them, or nothing
 * @returns {any}
 */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  append(element, children);
  const { signal, ref, ...rest } = props;
  for (const [name, value] of Object.entries(rest)) {
    if (name.startsWith("on") && typeof value === "function") {
      element.addEventListener(name.slice(2), value, { signal });
    } else {
      setProp(element, name, value);
    }
  }
  ref?.(element);
  return element;
}

/**
 * Sets one attribute or property as `h` does.
 *
 * @param {any} element
 * @param {string} name
 * @param {any} value
 */
export function setProp(element, name, value) {
  if (name === "style" && value && typeof value === "object") {
    for (const [property, text] of Object.entries(value)) {
      element.style.setProperty(property, text);
    }
  } else if (name === "dataset") {
    Object.assign(element.dataset, value);
  } else if (name === "class" && Array.isArray(value)) {
    element.setAttribute("class", value.filter(Boolean).join(" "));
  } else if (PROPERTIES.has(name)) {
    element[name] = value ?? (name === "value" ? "" : false);
  } else if (value === null || value === undefined || (value === false && !name.startsWith("aria-"))) {
    element.removeAttribute(name);
  } else {
    element.setAttribute(name, value === true && !name.startsWith("aria-") ? "" : String(value));
  }
}

/**
 * @param {any} parent
 * @param {any} child a node, text, an array of them, or nothing
 */
function append(parent, child) {
  if (Array.isArray(child)) {
    for (const one of child) {
      append(parent, one);
    }
  } else if (child !== null && child !== undefined && child !== false) {
    parent.append(typeof child === "number" ? String(child) : child);
  }
}

/**
 * Replaces everything inside `parent`.
 *
 * @param {Element} parent
 * @param {...any} children
 */
export function fill(parent, ...children) {
  parent.replaceChildren();
  append(parent, children);
}

/**
 * An icon of the sprite `js/icons.svg`, hidden from screen readers: whatever shows it has a label.
 *
 * @param {string} name
 * @param {number} [size] in pixels
 */
export function icon(name, size = 16) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "holaf-icon");
  svg.setAttribute("width", String(size));
  svg.setAttribute("height", String(size));
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `${sprite}#${name}`);
  svg.append(use);
  return svg;
}
