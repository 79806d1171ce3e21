// What the gallery's page does before anything else: it asks for the pictures.
import { createPreferences } from "../core/preferences.js";
import { begin, firstFilters } from "../image_viewer/head_start.js";

begin(firstFilters(location.search, createPreferences({ name: "page" }).get("images.filters")));

// The first of these takes 30 ms to make, the next ones none; now the page waits for its modules anyway.
new Intl.DateTimeFormat().format();
