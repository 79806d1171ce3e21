import { getJson, isAbort } from "../core/api.js";
import { fill, h } from "../core/dom.js";
import { events } from "../core/events.js";
import { errorBlock } from "../ui/state_block.js";
import { accountSection } from "./account.js";
import { sectionForm } from "./form.js";
import { securitySection } from "./security.js";
import { strings } from "./strings.js";

/**
 * @param {HTMLElement} root
 * @param {{ scope: import("../core/scope.js").Scope }} place
 */
export function mount(root, { scope }) {
  root.classList.add("holaf-settings");
  const body = h("div", { class: "holaf-settings-body", tabindex: 0, role: "region", "aria-label": strings.title });
  root.append(body);
  void load();

  async function load() {
    fill(body, h("p", { class: "holaf-settings-help", role: "status" }, strings.loading));
    try {
      draw(await getJson("utilities/settings", scope.signal));
    } catch (error) {
      if (!isAbort(error)) {
        fill(body, errorBlock(error, { title: strings.failed, retry: load }));
      }
    }
  }

  /** @param {any} answer */
  function draw({ settings, schema, security }) {
    let secured = securitySection(security, scope.signal);
    const forms = Object.entries(schema).map(([name, fields]) => ({
      name,
      ...sectionForm(name, /** @type {any} */ (fields), settings[name] ?? {}, scope),
    }));
    fill(
      body,
      forms.map((form) => form.element),
      accountSection(scope),
      secured,
    );
    // Who signs in sees more, who signs out less.
    scope.listen(globalThis, "holaf-session", async () => {
      try {
        const fresh = (await getJson("utilities/settings", scope.signal)).security;
        const drawn = securitySection(fresh, scope.signal);
        secured.replaceWith(drawn);
        secured = drawn;
      } catch {
        // What is shown stays; the rest of the page says that the server is away.
      }
    });
    // Another tab, or another person, may have saved.
    events.on(
      "settings.changed",
      (changed) => {
        for (const form of forms) {
          form.show(changed.settings[form.name] ?? {});
        }
      },
      scope.signal,
    );
  }
}
