/** The keys of the gallery, and where they are shown. */
import { describeShortcuts, openShortcuts } from "../ui/shortcuts.js";

export const keys = {
  title: "Gallery",
  list: [
    { keys: ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"], text: "Move" },
    { keys: ["Home", "End"], text: "First, last" },
    { keys: ["PageUp", "PageDown"], text: "One screen" },
    { keys: "Space", text: "Select or not" },
    { keys: "Shift+ArrowRight", text: "Select a range" },
    { keys: "Ctrl+A", text: "Select all that match" },
    { keys: "Ctrl+I", text: "Invert the selection" },
    { keys: ["0", "5"], text: "Rate with so many stars" },
    { keys: "B", text: "Favourite or not" },
    { keys: ["6", "9"], text: "Red, yellow, green, blue label" },
    { keys: "T", text: "Tags" },
    { keys: "C", text: "Compare 2 to 8 that are selected" },
    { keys: "Shift+F10", text: "Menu of the picture" },
    { keys: "G", text: "Go to a date" },
    { keys: "Enter", text: "Open large" },
    { keys: "Ctrl+Enter", text: "Open full screen" },
    { keys: "M", text: "Slideshow" },
    { keys: "I", text: "Show or hide details" },
    { keys: "F", text: "Show or hide filters" },
    { keys: "/", text: "Search" },
    { keys: "Escape", text: "One step back" },
  ],
};

/** @type {WeakSet<import("./index.js").Gallery>} */
const told = new WeakSet();

/** @param {import("./index.js").Gallery} gallery */
export async function showKeys(gallery) {
  if (!told.has(gallery)) {
    told.add(gallery);
    describeShortcuts(gallery.root, keys.title, keys.list, gallery.scope.signal);
  }
  await openShortcuts(gallery.root);
}
