import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { ApiError, getBytes, getJson, isAbort, onSignIn, postJson, url } from "../../../js/core/api.js";

const realFetch = globalThis.fetch;
let forget = () => {};
let requests;

/** Answers requests in order; the last answer stays. */
function serve(...answers) {
  requests = [];
  globalThis.fetch = async (address, options) => {
    requests.push({ address, ...options });
    const { status = 200, body = {} } = answers.length > 1 ? answers.shift() : answers[0];
    return new Response(typeof body === "string" ? body : JSON.stringify(body), { status });
  };
}

afterEach(() => {
  globalThis.fetch = realFetch;
  forget();
});

test("addresses are found from where this module was loaded, so behind a prefix too", () => {
  const root = new URL("../../../", import.meta.url).href;
  assert.equal(url("images/list"), `${root}images/list`);
  assert.equal(url("thumb", { id: 3, path: "a b&c", gone: null }), `${root}thumb?id=3&path=a+b%26c`);
});

test("a POST sends JSON and says so", async () => {
  serve({ body: { ok: 1 } });
  assert.deepEqual(await postJson("images/list", { limit: 2 }), { ok: 1 });
  assert.equal(requests[0].method, "POST");
  assert.equal(requests[0].headers["Content-Type"], "application/json");
  assert.equal(requests[0].body, '{"limit":2}');
});

test("bytes come as they are", async () => {
  serve({ body: "abc" });
  assert.equal((await getBytes("layout")).byteLength, 3);
});

test("the server's sentence, status and data are in the error", async () => {
  serve({ status: 404, body: { error: "There is no file x.", field: "id" } });
  await assert.rejects(getJson("x"), (error) => {
    assert.ok(error instanceof ApiError);
    assert.equal(error.message, "There is no file x.");
    assert.equal(error.status, 404);
    assert.equal(error.data.field, "id");
    return true;
  });
});

test("an answer that is not JSON is still an error with its status", async () => {
  serve({ status: 502, body: "<html>" });
  await assert.rejects(getJson("x"), (error) => error.status === 502 && /502/.test(error.message));
});

test("a server that is not there is one plain sentence", async () => {
  globalThis.fetch = async () => {
    throw new TypeError("Failed to fetch");
  };
  await assert.rejects(getJson("x"), (error) => error.status === 0 && /could not be reached/.test(error.message));
});

test("an aborted request stays an abort", async () => {
  globalThis.fetch = (_address, { signal }) =>
    new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  const end = new AbortController();
  const request = getJson("x", end.signal);
  end.abort();
  await assert.rejects(request, isAbort);
});

test("requests that need a sign-in ask once between them and are then repeated", async () => {
  let asked = 0;
  let finish;
  forget = onSignIn(() => {
    asked += 1;
    return new Promise((resolve) => (finish = resolve));
  });
  let signedIn = false;
  globalThis.fetch = async () =>
    signedIn ? new Response('{"ok":1}') : new Response('{"error":"Sign in first.","sign_in":true}', { status: 401 });
  const all = Promise.all([getJson("a"), postJson("b"), getJson("c")]);
  await new Promise((resolve) => setImmediate(resolve));
  signedIn = true;
  finish(true);
  assert.deepEqual(await all, [{ ok: 1 }, { ok: 1 }, { ok: 1 }]);
  assert.equal(asked, 1);
});

test("a sign-in that is given up leaves the error, and nobody is asked again before they do something", async () => {
  const page = new EventTarget();
  globalThis.addEventListener = page.addEventListener.bind(page);
  let asked = 0;
  forget = onSignIn(async () => {
    asked += 1;
    return false;
  });
  serve({ status: 401, body: { error: "Sign in first.", sign_in: true } });
  await assert.rejects(getJson("a"), { message: "Sign in first." });
  await assert.rejects(getJson("b"), { message: "Sign in first." });
  assert.equal(asked, 1);
  page.dispatchEvent(new Event("pointerdown"));
  await assert.rejects(getJson("a"), ApiError);
  assert.equal(asked, 2);
  assert.equal(requests.length, 3);
  delete globalThis.addEventListener;
});

test("a request that fails again after signing in is not repeated for ever", async () => {
  forget = onSignIn(async () => true);
  serve({ status: 401, body: { error: "Sign in first.", sign_in: true } });
  await assert.rejects(getJson("a"), ApiError);
  assert.equal(requests.length, 2);
});

test("what the sign-in dialog itself sends never waits for the dialog", async () => {
  forget = onSignIn(async () => {
    await assert.rejects(postJson("auth/login", { password: "wrong" }), { status: 401 });
    return false;
  });
  serve({ status: 401, body: { error: "Sign in first.", sign_in: true } });
  await assert.rejects(getJson("a"), ApiError);
  assert.equal(requests.length, 2);
});
