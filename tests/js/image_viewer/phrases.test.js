import assert from "node:assert/strict";
import { test } from "node:test";
import { phrasesOf } from "../../../js/image_viewer/phrases.js";

test("a prompt is offered in the parts that it was put together of, without weights and LoRAs", () => {
  assert.deepEqual(phrasesOf("(a castle:1.2), [[evening   light]], <lora:x:0.8>\n a castle ,, 16:9"), [
    "a castle",
    "evening light",
    "16:9",
  ]);
  assert.deepEqual(phrasesOf("x".repeat(61)), []);
  assert.equal(phrasesOf(Array.from({ length: 99 }, (_, n) => `part ${n}`).join()).length, 24);
});
