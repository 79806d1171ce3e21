// Chromium holds async scripts back until it has read the page: what a plain script imports runs when it is there.
void import("./first.js");
