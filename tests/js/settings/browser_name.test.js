import assert from "node:assert/strict";
import { test } from "node:test";
import { browserName } from "../../../js/settings/browser_name.js";

test("browsers are named with their system, also those that call themselves another", () => {
  const agents = {
    "Chrome on Linux":
      "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
    "Edge on Windows":
      "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0",
    "Safari on iPhone":
      "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1",
    "Firefox on Android": "Mozilla/5.0 (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0",
    "Safari on macOS":
      "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15",
  };
  for (const [name, agent] of Object.entries(agents)) {
    assert.equal(browserName(agent), name);
  }
});

test("what is no browser keeps its own name", () => {
  assert.equal(browserName("curl/8.5.0"), "curl/8.5.0");
  assert.equal(browserName(""), "");
});
