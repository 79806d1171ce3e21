// The one file that ComfyUI's page loads by itself: everything else comes when it is first wanted.
import { api } from "../../scripts/api.js";
import { app } from "../../scripts/app.js";

const GALLERY = "images";
const TAB = "holaf.gallery";
// Beside our own folder of extensions, wherever the page is served from and whatever the folder is called.
const base = new URL("../../holaf/", import.meta.url);

/** @type {Promise<any> | undefined} */
let loading;

/** Our side of the page. A download that failed is tried again. */
function load() {
  loading ??= import("../../holaf/js/comfyui_host/host.js")
    .then(({ createPage }) => createPage({ app, api }))
    .catch((error) => {
      loading = undefined;
      app.extensionManager.toast.add({
        severity: "error",
        summary: "Holaf could not be opened",
        detail: "Its files could not be read from the server. Check that it is running; then try again.",
        life: 8000,
      });
      throw error;
    });
  return loading;
}

/** @param {string} id */
const setting = (id) => app.extensionManager.setting.get(`Holaf.${id}`);

/** @param {string} tool */
const open = (tool) => load().then((page) => page.open(tool));
const openPage = () => globalThis.open(new URL("view", base), "_blank");

function openGallery() {
  const way = setting("OpenGallery");
  if (way === "tab") {
    openPage();
  } else if (way === "sidebar" && setting("Sidebar")) {
    app.extensionManager.sidebarTab.toggleSidebarTab(TAB);
  } else {
    open(GALLERY);
  }
}

/** @type {(() => void) | undefined} */
let leave;

const tab = {
  id: TAB,
  title: "Holaf",
  icon: "pi pi-images",
  tooltip: "Holaf gallery",
  label: "Holaf",
  type: "custom",
  /** @param {HTMLElement} element */
  render(element) {
    leave?.();
    let closed = false;
    let dispose = () => {};
    leave = () => {
      closed = true;
      dispose();
    };
    load().then((page) => {
      if (!closed) {
        dispose = page.mount(GALLERY, element);
      }
    });
  },
  destroy() {
    leave?.();
    leave = undefined;
  },
};

let ready = false;

/** @param {boolean} shown */
function showTab(shown) {
  if (!ready) {
    return;
  }
  const manager = app.extensionManager;
  const there = manager.getSidebarTabs().some((/** @type {any} */ one) => one.id === TAB);
  if (shown && !there) {
    manager.registerSidebarTab(tab);
  } else if (!shown && there) {
    manager.unregisterSidebarTab(TAB);
  }
}

// --- what is dragged out of our gallery, also from another window, is ours to take ---------------

const FILE = "application/x-holaf-file";
/** @param {any} event */
const dragsOurs = (event) => event.dataTransfer?.types.includes(FILE);
/** @param {any} event */
const isPanel = ({ target }) => target instanceof Element && target.closest(".holaf");
/** @param {any} event */
const placeOf = ({ clientX: x, clientY: y, target }) => ({ x, y, target });

for (const type of ["dragenter", "dragover"]) {
  globalThis.addEventListener(
    type,
    (event) => {
      if (dragsOurs(event) && !isPanel(event)) {
        event.preventDefault();
        event.stopImmediatePropagation();
        const at = placeOf(event);
        load().then((page) => page.hover(at));
      }
    },
    { capture: true },
  );
}
globalThis.addEventListener(
  "dragleave",
  (event) => {
    if (dragsOurs(event) && event.relatedTarget === null) {
      load().then((page) => page.hover(null));
    }
  },
  { capture: true },
);
globalThis.addEventListener(
  "drop",
  (event) => {
    if (!dragsOurs(event)) {
      return;
    }
    event.preventDefault();
    const panel = isPanel(event);
    if (panel) {
      // Back where it came from: not for the canvas that lies below.
      panel.addEventListener("drop", (again) => again.stopPropagation(), { once: true });
      return;
    }
    // ComfyUI would load it a second time.
    event.stopImmediatePropagation();
    const text = event.dataTransfer.getData(FILE);
    const at = placeOf(event);
    load().then((page) => page.drop(text, at));
  },
  { capture: true },
);

app.registerExtension({
  name: "holaf",
  commands: [
    {
      id: "Holaf.OpenGallery",
      label: "Holaf: Open gallery",
      menubarLabel: "Gallery",
      icon: "pi pi-images",
      function: openGallery,
    },
    {
      id: "Holaf.OpenPage",
      label: "Holaf: Open gallery in a new tab",
      menubarLabel: "Gallery in a new tab",
      icon: "pi pi-external-link",
      function: openPage,
    },
    {
      id: "Holaf.OpenSettings",
      label: "Holaf: Open settings",
      menubarLabel: "Settings",
      icon: "pi pi-cog",
      function: () => open("settings"),
    },
  ],
  menuCommands: [{ path: ["Holaf"], commands: ["Holaf.OpenGallery", "Holaf.OpenPage", "Holaf.OpenSettings"] }],
  settings: [
    {
      id: "Holaf.PackSettings",
      category: ["Holaf", "General", "PackSettings"],
      name: "The pack's own settings",
      tooltip: "Folders, thumbnails, security: kept on the server, for every browser",
      type: () => {
        const button = document.createElement("button");
        button.textContent = "Open";
        button.className = "p-button p-component p-button-secondary";
        button.style.cssText =
          "padding:6px 14px;border:0;border-radius:6px;cursor:pointer;color:var(--fg-color);background:var(--secondary-background,var(--comfy-input-bg))";
        button.onclick = () => {
          // Nothing can be clicked beside ComfyUI's dialog: it goes, as it does with the key.
          button.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", code: "Escape", bubbles: true }));
          open("settings");
        };
        return button;
      },
      defaultValue: null,
    },
    {
      id: "Holaf.OpenGallery",
      category: ["Holaf", "General", "OpenGallery"],
      name: "Open the gallery as",
      type: "combo",
      options: [
        { text: "Floating panel", value: "panel" },
        { text: "Sidebar", value: "sidebar" },
        { text: "Browser tab", value: "tab" },
      ],
      defaultValue: "panel",
    },
    {
      id: "Holaf.Sidebar",
      category: ["Holaf", "General", "Sidebar"],
      name: "Show the gallery in the sidebar",
      type: "boolean",
      defaultValue: true,
      onChange: showTab,
    },
  ],
  aboutPageBadges: [{ label: "Holaf Utilities", url: new URL("view", base).href, icon: "pi pi-images" }],
  setup() {
    ready = true;
    showTab(setting("Sidebar") ?? true);
    // A tab of ours that looks for ComfyUI wakes up our side of this page.
    try {
      const line = new BroadcastChannel(`holaf:${base.pathname}`);
      line.onmessage = () => {
        // Loading takes a moment, in a tab at the back more than one: who looks waits for us.
        line.postMessage({ type: "waking" });
        line.close();
        load();
      };
    } catch {
      // The browser blocks it: tabs then meet through the server, once a panel is open.
    }
  },
});
