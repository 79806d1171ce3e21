import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";

const folder = new URL("../../../js/image_viewer/", import.meta.url);

// The checker of types does not see it: an object of JavaScript may have any member.
test("every word that a module of the gallery shows exists", async () => {
  const missing = [];
  for (const file of readdirSync(folder).filter((name) => name.endsWith(".js"))) {
    const text = readFileSync(new URL(file, folder), "utf8");
    for (const [, list, source] of text.matchAll(/^import \{([^}]*)\} from "(\.\/\w*strings\.js)";/gm)) {
      const module = await import(new URL(source, folder).href);
      for (const [imported, local = imported] of list.split(",").map((one) => one.trim().split(/ as /))) {
        if (/^(strings|words|keys)$/.test(local)) {
          for (const [, name] of text.matchAll(new RegExp(`(?<![\\w."/])${local}\\.(\\w+)`, "g"))) {
            if (!(name in module[imported])) {
              missing.push(`${file}: ${local}.${name}`);
            }
          }
        }
      }
    }
  }
  assert.deepEqual(missing, []);
});
