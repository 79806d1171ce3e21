/**
 * What a schema entry of `GET settings` says about one setting.
 *
 * @typedef {object} FieldSchema
 * @property {string} type boolean, integer, number, choice, text or list
 * @property {any} default
 * @property {number | null} [min]
 * @property {number | null} [max]
 * @property {Array<string | number> | null} [choices]
 * @property {string} label
 * @property {string} [help]
 */
import { strings } from "./strings.js";

/** Names that a schema may use for a type. @type {Record<string, string>} */
const KINDS = { bool: "bool", boolean: "bool", int: "int", integer: "int", float: "float", number: "float" };

/**
 * Which control shows a setting.
 *
 * @param {FieldSchema} schema
 * @returns {"switch" | "choice" | "number" | "lines" | "text"}
 */
export function controlOf(schema) {
  const kind = KINDS[schema.type] ?? schema.type;
  if (schema.choices?.length) {
    return "choice";
  }
  if (kind === "bool") {
    return "switch";
  }
  if (kind === "int" || kind === "float") {
    return "number";
  }
  return /^(list|tuple)/.test(kind) ? "lines" : "text";
}

/**
 * What the server is sent for what was entered.
 *
 * @param {FieldSchema} schema
 * @param {any} entered text, or a boolean of a switch
 * @returns {{ value?: any, error?: string }}
 */
export function parse(schema, entered) {
  const control = controlOf(schema);
  if (control === "switch") {
    return { value: Boolean(entered) };
  }
  if (control === "choice") {
    return { value: schema.choices?.find((one) => String(one) === entered) };
  }
  if (control === "lines") {
    return {
      value: entered
        .split("\n")
        .map((/** @type {string} */ line) => line.trim())
        .filter(Boolean),
    };
  }
  if (control === "text") {
    return { value: entered };
  }
  const value = Number(String(entered).replace(",", "."));
  if (String(entered).trim() === "" || !Number.isFinite(value)) {
    return { error: strings.notNumber };
  }
  if (typeof schema.min === "number" && value < schema.min) {
    return { error: strings.atLeast(schema.min) };
  }
  if (typeof schema.max === "number" && value > schema.max) {
    return { error: strings.atMost(schema.max) };
  }
  return { value: KINDS[schema.type] === "int" ? Math.round(value) : value };
}

/**
 * How a value stands in its control.
 * @param {any} value
 */
export const shown = (value) => (Array.isArray(value) ? value.join("\n") : String(value ?? ""));

/**
 * @param {any} one
 * @param {any} other
 */
export const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

/**
 * A heading for a section or key without a label of its own: "thumbnail_size" → "Thumbnail size".
 * @param {string} name
 */
export const heading = (name) => name.charAt(0).toUpperCase() + name.slice(1).replaceAll("_", " ");
