import assert from "node:assert/strict";
import { test } from "node:test";
import { oneAtATime } from "../../../js/core/one_at_a_time.js";

test("what is asked for again while it comes is done once, and later anew", async () => {
  const done = [];
  /** @type {() => void} */
  let come = () => {};
  const loaded = new Promise((resolve) => (come = resolve));
  const open = oneAtATime(async (name) => {
    await loaded;
    done.push(name);
  });
  const first = open("first");
  await open("second");
  assert.deepEqual(done, []);
  come();
  await first;
  assert.deepEqual(done, ["first"]);
  await open("third");
  assert.deepEqual(done, ["first", "third"]);
});

test("after a failure it can be asked for again", async () => {
  let tries = 0;
  const open = oneAtATime(async () => {
    tries += 1;
    throw new Error("not now");
  });
  await assert.rejects(open());
  await assert.rejects(open());
  assert.equal(tries, 2);
});
