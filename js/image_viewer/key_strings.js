/** The keys of the gallery. */
export const keys = {
  title: "Gallery",
  list: [
    { keys: ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"], text: "Move" },
    { keys: ["Home", "End"], text: "First, last" },
    { keys: ["PageUp", "PageDown"], text: "One screen" },
    { keys: "Space", text: "Select or not" },
    { keys: "Shift+ArrowRight", text: "Select a range" },
    { keys: "Ctrl+A", text: "Select all that match" },
    { keys: "G", text: "Go to a date" },
    { keys: "Enter", text: "Open large" },
    { keys: "Ctrl+Enter", text: "Open full screen" },
    { keys: "I", text: "Show or hide details" },
    { keys: "F", text: "Show or hide filters" },
    { keys: "/", text: "Search" },
    { keys: "Escape", text: "One step back" },
  ],
};
