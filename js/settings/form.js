import { isAbort, postJson } from "../core/api.js";
import { fill, h, icon } from "../core/dom.js";
import { controlOf, heading, parse, same, shown } from "./field.js";
import { strings } from "./strings.js";

const SAVED_SHOWN = 2000;
let lastId = 0;

/**
 * The form of one section; each change is saved at once.
 *
 * @param {string} section
 * @param {Record<string, import("./field.js").FieldSchema>} schema
 * @param {Record<string, any>} values
 * @param {import("../core/scope.js").Scope} scope
 * @returns {{ element: HTMLElement, show: (values: Record<string, any>) => void }}
 */
export function sectionForm(section, schema, values, scope) {
  const fields = Object.entries(schema).map(([key, one]) => field(section, key, one, values[key], scope));
  const element = h(
    "fieldset",
    { class: "holaf-settings-section" },
    h("legend", {}, heading(section)),
    fields.map((one) => one.element),
  );
  return {
    element,
    show(next) {
      for (const [index, key] of Object.keys(schema).entries()) {
        fields[index].show(next[key]);
      }
    },
  };
}

/**
 * @param {string} section
 * @param {string} key
 * @param {import("./field.js").FieldSchema} schema
 * @param {any} value
 * @param {import("../core/scope.js").Scope} scope
 */
function field(section, key, schema, value, scope) {
  lastId += 1;
  const id = `holaf-setting-${lastId}`;
  const label = schema.label || heading(key);
  const note = h("span", { class: "holaf-settings-note", role: "status" });
  const error = h("p", { class: "holaf-settings-error", id: `${id}-error`, role: "alert", hidden: true });
  const revert = h(
    "button",
    {
      type: "button",
      class: "holaf-icon-button",
      "aria-label": `${label}: ${strings.revert}`,
      title: strings.revert,
      signal: scope.signal,
      onclick: () => save(schema.default),
    },
    icon("rotate-ccw"),
  );
  const input = control(id, `${section}.${key}`, schema, scope);
  const choosing = input.type === "checkbox" || input instanceof HTMLSelectElement;
  let round = 0;
  let saving = 0;

  /** @param {any} next */
  function show(next) {
    // What is being saved here is newer; what was typed here, and not saved yet, must not be replaced.
    const typed = !choosing && input.value !== shown(value);
    if (!saving) {
      value = next;
      if (!typed) {
        put();
      }
    }
  }

  function put() {
    if (input.type === "checkbox") {
      input.checked = Boolean(value);
    } else {
      input.value = shown(value);
    }
    // Only hidden to the eye: what stands below must not move.
    revert.classList.toggle("holaf-settings-idle", same(value, schema.default));
    revert.disabled = same(value, schema.default);
  }

  /** @param {string | null} text */
  function complain(text) {
    error.textContent = text ?? "";
    error.hidden = !text;
    input.setAttribute("aria-invalid", String(Boolean(text)));
  }

  /** @param {any} next */
  async function save(next) {
    round += 1;
    const mine = round;
    complain(null);
    note.textContent = strings.saving;
    saving += 1;
    try {
      await postJson("utilities/save-all-settings", { [section]: { [key]: next } }, scope.signal);
      value = next;
      if (mine === round) {
        const within = element.ownerDocument.activeElement === revert;
        put();
        if (within) {
          input.focus();
        }
        note.textContent = strings.saved;
        scope.after(SAVED_SHOWN, () => {
          if (mine === round) {
            note.textContent = "";
          }
        });
      }
    } catch (problem) {
      if (!isAbort(problem) && mine === round) {
        note.textContent = "";
        complain(strings.notSaved(problem instanceof Error ? problem.message : String(problem)));
        // A switch shows what holds; a text that someone typed is kept for another try.
        if (choosing) {
          put();
        }
      }
    } finally {
      saving -= 1;
    }
  }

  scope.listen(input, "change", () => {
    const { value: next, error: wrong } = parse(schema, input.type === "checkbox" ? input.checked : input.value);
    if (wrong) {
      complain(wrong);
    } else if (!same(next, value)) {
      void save(next);
    } else {
      complain(null);
      put();
    }
  });
  put();

  const element = h(
    "div",
    { class: ["holaf-settings-field", input.type === "checkbox" && "holaf-settings-switch"] },
    h("label", { for: id }, label),
    h("div", { class: "holaf-settings-control" }, input, revert, note),
    schema.help && h("p", { class: "holaf-settings-help", id: `${id}-help` }, schema.help),
    error,
  );
  input.setAttribute("aria-describedby", `${schema.help ? `${id}-help ` : ""}${id}-error`);
  return { element, show };
}

/**
 * @param {string} id
 * @param {string} name section.key
 * @param {import("./field.js").FieldSchema} schema
 * @param {import("../core/scope.js").Scope} scope
 */
function control(id, name, schema, scope) {
  switch (controlOf(schema)) {
    case "switch":
      return h("input", { id, type: "checkbox", role: "switch", class: "holaf-switch" });
    case "choice": {
      const select = h("select", { id, class: "holaf-select" });
      fill(
        select,
        (schema.choices ?? []).map((choice) =>
          h("option", { value: String(choice) }, strings.choices[`${name}.${choice}`] ?? heading(String(choice))),
        ),
      );
      return select;
    }
    case "lines":
      return h("textarea", { id, class: "holaf-input", rows: 3, spellcheck: "false" });
    case "number": {
      const input = h("input", {
        id,
        class: "holaf-input",
        type: "number",
        min: schema.min,
        max: schema.max,
        step: /^int/.test(schema.type) ? 1 : "any",
      });
      // A wheel that turns over the panel scrolls it; it changes nothing.
      scope.listen(input, "wheel", () => input.blur(), { passive: true });
      return input;
    }
    default:
      return h("input", { id, class: "holaf-input", type: "text", spellcheck: "false" });
  }
}
