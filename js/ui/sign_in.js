import { ApiError, getJson, postJson, sessionChanged } from "../core/api.js";
import { h, icon } from "../core/dom.js";
import { dialog } from "./dialog.js";
import { strings } from "./strings.js";
import { toast } from "./toast.js";

const SHORTEST = 10;
/** A code that was made just now is valid for so long; what is left of an older one is less. */
const CODE_LASTS_S = 600;
let count = 0;

/** What was entered is wrong, in this field. */
class FieldError extends Error {
  /**
   * @param {string} message for the user
   * @param {string} field
   */
  constructor(message, field) {
    super(message);
    this.field = field;
  }
}

/**
 * @typedef {{ row: HTMLElement, input: HTMLInputElement }} Field
 */

/**
 * @param {string} name as the server calls it
 * @param {string} label
 * @param {Record<string, any>} props
 * @param {string} [help]
 * @returns {Field}
 */
function field(name, label, props, help) {
  count += 1;
  const id = `holaf-sign-in-${count}`;
  const input = h("input", {
    id,
    name,
    class: "holaf-input",
    spellcheck: "false",
    autocapitalize: "off",
    "aria-describedby": help ? `${id}-help` : null,
    ...props,
  });
  const row = h(
    "div",
    { class: "holaf-field" },
    h("label", { class: "holaf-field-label", for: id }, label),
    input,
    help && h("p", { class: "holaf-field-note", id: `${id}-help` }, help),
  );
  return { row, input };
}

/**
 * @param {string} label
 * @param {"current-password" | "new-password"} autocomplete
 * @param {string} [name]
 * @param {string} [help]
 */
const passwordField = (label, autocomplete, name = "password", help = undefined) =>
  field(name, label, { type: "password", autocomplete }, help);

/**
 * Raised when the server wants a sign-in; answers whether the request is worth repeating.
 *
 * @param {ApiError} error
 * @returns {Promise<boolean>}
 */
export async function askToSignIn(error) {
  let status;
  try {
    status = await getJson("auth/status");
  } catch {
    return false;
  }
  if (!status.password_configured) {
    return setFirstPassword();
  }
  return error.data.prove && status.authenticated ? prove() : signIn();
}

/** @returns {Promise<boolean>} */
export function signIn() {
  const password = passwordField(strings.password, "current-password");
  return ask({
    title: strings.signIn,
    body: strings.signInBody,
    parts: [password],
    action: strings.signIn,
    done: strings.signedIn,
    async send() {
      await postJson("auth/login", { password: filled(password, strings.enterPassword) });
      await believe();
    },
  });
}

/** The password once more, before something that runs code. @returns {Promise<boolean>} */
export function prove() {
  const password = passwordField(strings.password, "current-password");
  return ask({
    title: strings.prove,
    body: strings.proveBody,
    parts: [password],
    action: strings.carryOn,
    send: () => postJson("auth/prove", { password: filled(password, strings.enterPassword) }),
  });
}

/** @returns {Promise<boolean>} */
export function setFirstPassword() {
  const code = field("setup_code", strings.setupCode, {
    type: "text",
    autocomplete: "one-time-code",
    class: "holaf-input holaf-code",
  });
  const [first, again] = newPassword();
  const note = h("p", { class: "holaf-field-note", role: "status" });
  const printCode = h(
    "button",
    { type: "button", class: "holaf-button", onclick: () => print() },
    icon("terminal"),
    strings.printCode,
  );

  async function print() {
    note.textContent = "";
    printCode.disabled = true;
    try {
      const { valid_for_s: left } = await postJson("auth/setup-code");
      note.textContent =
        left >= CODE_LASTS_S ? strings.codePrinted : strings.codeStillValid(Math.max(1, Math.round(left / 60)));
      code.input.focus();
    } catch (problem) {
      note.textContent = problem instanceof Error ? problem.message : String(problem);
    } finally {
      printCode.disabled = false;
    }
  }

  return ask({
    title: strings.firstPassword,
    body: strings.firstPasswordBody,
    parts: [code, printCode, note, first, again],
    action: strings.setPassword,
    done: strings.passwordSet,
    async send() {
      const setup_code = filled(code, strings.enterCode);
      await postJson("auth/set-password", { password: chosen(first, again), setup_code });
      await believe();
    },
  });
}

/** @returns {Promise<boolean>} */
export function changePassword() {
  const current = passwordField(strings.currentPassword, "current-password", "current_password");
  const [first, again] = newPassword();
  return ask({
    title: strings.changePassword,
    body: strings.changePasswordBody,
    parts: [current, first, again],
    action: strings.changePassword,
    done: strings.passwordSet,
    async send() {
      const current_password = filled(current, strings.enterPassword);
      await postJson("auth/set-password", { password: chosen(first, again), current_password });
      await believe();
    },
  });
}

export async function signOut() {
  // Its connection ends before the answer comes; who watches for that must know that it is no surprise.
  globalThis.dispatchEvent(new Event("holaf-sign-out"));
  await postJson("auth/logout");
  sessionChanged();
}

const newPassword = () => [
  passwordField(strings.newPassword, "new-password", "password", strings.atLeastTen),
  passwordField(strings.repeatPassword, "new-password", "again"),
];

/**
 * @param {Field} one
 * @param {string} missing
 */
function filled({ input }, missing) {
  const value = input.type === "password" ? input.value : input.value.trim();
  if (!value) {
    throw new FieldError(missing, input.name);
  }
  return value;
}

/**
 * @param {Field} first
 * @param {Field} again
 */
function chosen(first, again) {
  const password = first.input.value;
  // As the server counts: characters, not halves of them.
  if ([...password].length < SHORTEST) {
    throw new FieldError(strings.tooShort, "password");
  }
  if (password !== again.input.value) {
    throw new FieldError(strings.notTheSame, "again");
  }
  return password;
}

/** A browser that refuses the cookie would otherwise ask again and again without a reason. */
async function believe() {
  const status = await getJson("auth/status");
  if (!status.authenticated) {
    throw new Error(strings.noCookie);
  }
  sessionChanged();
}

/**
 * @param {object} options
 * @param {string} options.title
 * @param {string} options.body
 * @param {Array<Field | HTMLElement>} options.parts fields, and what stands between them
 * @param {string} options.action
 * @param {() => Promise<any>} options.send
 * @param {string} [options.done]
 * @returns {Promise<boolean>}
 */
async function ask({ title, body, parts, action, send, done }) {
  const inputs = parts.flatMap((one) => ("input" in one ? [one.input] : []));
  /** What to ask instead: somebody was faster. @type {(() => Promise<boolean>) | null} */
  let instead = null;

  /** @param {any} problem */
  function complain(problem) {
    const name = problem instanceof FieldError ? problem.field : problem?.data?.field;
    const wrong = inputs.find((input) => input.name === name) ?? (problem?.data?.wrong_password ? inputs[0] : null);
    for (const input of inputs) {
      input.setAttribute("aria-invalid", String(input === wrong));
    }
    (wrong ?? inputs[0]).focus();
    (wrong ?? inputs[0]).select();
  }

  const answer = await dialog({
    title,
    body: [h("p", {}, body), parts.map((one) => ("input" in one ? one.row : one))],
    icon: "lock",
    width: 400,
    buttons: [
      { label: strings.cancel },
      {
        label: action,
        primary: true,
        value: true,
        async check() {
          try {
            await send();
          } catch (problem) {
            instead = problem instanceof ApiError ? otherWay(problem) : null;
            if (!instead) {
              complain(problem);
              throw problem;
            }
          }
        },
      },
    ],
  });
  if (instead) {
    return /** @type {() => Promise<boolean>} */ (instead)();
  }
  if (answer && done) {
    toast({ text: done, kind: "good", life: 2500 });
  }
  return answer === true;
}

/**
 * What somebody else did meanwhile makes another question the right one.
 * @param {ApiError} problem
 */
function otherWay({ status, data }) {
  if (status === 409 && typeof data.password_configured === "boolean") {
    toast({ text: data.password_configured ? strings.setMeanwhile : strings.noneMeanwhile });
    return data.password_configured ? signIn : setFirstPassword;
  }
  return data.sign_in ? signIn : null;
}
