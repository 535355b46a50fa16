// The page in a real browser, on a `certhooks local` with simulated providers. `make test-page` runs it.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import http from "node:http";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { PATIENCE, PICTURES, axe, eventually, launch, open, pictures } from "./browser.js";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const PROGRAM = path.join(process.env.CARGO_TARGET_DIR ?? path.join(ROOT, "target"), "debug/certhooks");
const SAMPLES = path.join(ROOT, "events");
const HOSTILE = "<img src=x onerror=alert(1)>\u202egnp.exe\u0007";

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "certhooks-page-"));
const state = path.join(folder, ".certhooks");
const processes = [];
let browser;
let running;
let link;
let base;

function start(...args) {
  const env = { PATH: process.env.PATH, HOME: folder };
  const started = spawn(PROGRAM, args, { env, cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  const log = fs.createWriteStream(path.join(folder, `${args[0]}.log`), { flags: "a" });
  started.stderr.pipe(log);
  // Deliveries are printed, and a pipe that nobody reads would hold the process up.
  started.stdout.resume();
  processes.push(started);
  return started;
}

// Starts `certhooks page`, and returns the link that it prints.
async function serve(...args) {
  const started = start("page", "--listen", "127.0.0.1:0", "--json", ...args);
  const [line] = await once(started.stdout, "data");
  return JSON.parse(line).page;
}

const tab = (options = {}, at = link) => open(browser, at, options);

// Changes the database beside the program, as nothing but a fault would.
function sql(statements, ...values) {
  const script = `
import json, sqlite3, sys
database = sqlite3.connect(sys.argv[1], timeout=30)
statements, rows = json.load(sys.stdin)
database.executemany(statements, rows)
database.commit()`;
  const input = JSON.stringify([statements, values]);
  execFileSync("python3", ["-c", script, path.join(state, "certhooks.db")], { input });
}

// Status and headers of a bare request.
function ask(url, options = {}, body = "") {
  return new Promise((resolve, reject) => {
    const request = http.request(url, options, (response) => {
      let text = "";
      response.on("data", (part) => { text += part; });
      response.on("end", () => resolve({ status: response.statusCode, headers: response.headers, text }));
    });
    request.on("error", reject);
    request.end(body);
  });
}

async function receive(body) {
  const secrets = JSON.parse(fs.readFileSync(path.join(state, "secrets.json"), "utf8"));
  const headers = { "X-WEBHOOK-KEY": secrets.digicert_webhook_key, "Content-Type": "application/json" };
  const { status, text } = await ask(`http://${running.webhooks}/webhooks/digicert`, { method: "POST", headers }, JSON.stringify(body));
  assert.equal(status, 200, text);
  return JSON.parse(text).ids[0];
}

const eventPage = (id) => `${base}/event?id=${encodeURIComponent(id)}`;

before(async () => {
  start("local", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--samples", SAMPLES);
  const file = path.join(state, "running.json");
  running = await eventually(() => fs.existsSync(file) && JSON.parse(fs.readFileSync(file, "utf8")), "the start");
  await eventually(() => fs.existsSync(path.join(state, "samples-sent")), "the samples");
  link = await serve("--samples", SAMPLES);
  base = new URL(link).origin;
  browser = await launch();
});

after(async () => {
  await browser?.close();
  for (const one of processes) one.kill();
  fs.rmSync(folder, { recursive: true });
});

test("a sample is sent after a confirmation, and arrives while somebody looks", async () => {
  const watching = await tab();
  const sending = await tab();
  const rows = watching.page.locator("#now section:last-child tbody tr");
  const first = await rows.first().textContent();
  await sending.page.getByLabel("Sample event").selectOption("digicert/certificate_issued.json");
  await sending.page.getByRole("button", { name: "Send" }).click();
  await sending.page.getByRole("heading", { name: "Send?" }).waitFor();
  await sending.page.getByRole("button", { name: "Send" }).click();
  await sending.page.getByText("the webhook endpoint answered 200").waitFor();
  await eventually(async () => (await rows.first().textContent()) !== first, "the new row");
  assert.match(await rows.first().textContent(), /certificate\.issued.*simulated/);
  await sending.close();
  await watching.close();
});

test("an event is read as a person reads it, from a link to it too", async () => {
  const { page, close } = await tab();
  await page.locator("#now tr", { hasText: "downloaded" }).getByRole("link").first().click();
  for (const heading of ["certificate.issued", "Chain", "Documents"]) {
    await page.getByRole("heading", { name: heading, exact: true }).waitFor();
  }
  assert.match(await page.locator(".validity").first().textContent(), /valid.*left of \d+ days/);
  assert.match(await page.locator(".chain").textContent(), /Leaf.*signature signed by CN=.*Intermediate.*may issue the certificates below it.*Root.*signed by itself.*trust anchor the path ends at/s);
  assert.match(await page.locator(".checks").textContent(), /ok trust the path ends at/);
  await page.getByText("This chain is good.").waitFor();
  assert.match(await page.locator(".way").textContent(), /Happened.*Received.*queued.*called back.*downloaded.*checked.*delivered/s);
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"], { origin: base });
  await page.getByRole("button", { name: "Copy id" }).click();
  const id = await page.evaluate(() => navigator.clipboard.readText());
  assert.equal(await page.locator("pre#id").textContent(), id);
  await page.getByText("What was delivered").click();
  assert.equal(JSON.parse(await page.locator("#delivered-event").textContent()).id, id);
  await page.goto(eventPage(id));
  assert.equal(await page.locator("pre#id").textContent(), id);
  await close();
});

test("what came of the events is counted, and each says when its stages ended", async () => {
  const { page, close } = await tab();
  const row = page.locator("#now tr", { hasText: "downloaded" }).first();
  assert.match(await row.textContent(), /queued \d+.*called back \d+.*checked \d+.*delivered \d+/);
  const counts = page.locator(".counts");
  const sum = (await counts.locator("td").allTextContents()).reduce((all, count) => all + Number(count), 0);
  assert.match(await page.locator("section", { has: counts }).textContent(), new RegExp(`${sum} events since`));
  assert.equal(sum, await page.locator(".arrivals tbody tr").count());
  await close();
});

test("a refused request is on the page of the process that refused it", async () => {
  const { page, close } = await tab({}, `http://${running.admin}/`);
  const webhook = `http://${running.webhooks}/webhooks/digicert`;
  for (const attempt of [1, 2]) assert.equal((await ask(webhook, { method: "POST", headers: { "X-WEBHOOK-KEY": `wrong${attempt}` } }, "{}")).status, 401);
  assert.equal((await ask(`http://${running.webhooks}/{b}"${"x".repeat(5000)}`, { method: "DELETE" })).status, 404);
  const refused = page.locator("section", { hasText: "Refused requests" }).last();
  const row = refused.locator("tr", { hasText: "/webhooks/digicert" });
  await row.waitFor();
  assert.match(await row.textContent(), /POST \/webhooks\/digicert.*401.*the secret or signature is missing or wrong127\.0\.0\.12$/);
  await refused.locator("tr", { hasText: "DELETE" }).getByText("there is no such route").waitFor();
  assert.match(await refused.textContent(), /3 since the start.*1 no route, 2 unauthorized/);
  if (PICTURES) await pictures(browser, "refused", `http://${running.admin}/`);
  await close();
  const other = await tab();
  assert.equal(await other.page.locator("section", { hasText: "Refused requests" }).getByRole("link").last().getAttribute("href"), `http://${running.admin}/`);
  await other.close();
});

test("the logs that promised to show a certificate are drawn", async () => {
  const pem = fs.readFileSync(path.join(ROOT, "shared/certificate/tests/fixtures/public-letsencrypt.pem"), "utf8");
  const event = JSON.parse(fs.readFileSync(path.join(ROOT, "events/schema/examples/certificate.issued.digicert.json"), "utf8"));
  event.id = "promised";
  event.data.pem_chain = pem;
  const blocks = pem.match(/-----BEGIN/g).length;
  event.data.certificates = Array.from({ length: blocks }, () => event.data.certificates[0]);
  sql(
    "INSERT INTO deliveries (id, kind, provider, subject, published_at, body) VALUES (?, ?, 'digicert', ?, ?, ?)",
    [event.id, event.type, event.subject, Date.now() * 1000, JSON.stringify(event)],
  );
  const { page, close } = await tab({}, `${link.replace("/#", "/event?id=promised#")}`);
  assert.match(await page.locator(".branch").textContent(), /Promised by [2-9] logs/);
  const logs = await page.locator(".scts li").allTextContents();
  assert.ok(logs.length >= 2 && logs.every((log) => /known log.*\d{4}/s.test(log)), logs.join("\n"));
  sql("DELETE FROM deliveries WHERE id = ?", ["promised"]);
  await close();
});

test("a lost connection is said, and the page goes on when it is back", async () => {
  const first = await serve("--read-only");
  const { page, close, wrong } = await tab({}, first);
  await page.locator(".arrivals tr").nth(1).waitFor();
  processes.at(-1).kill();
  await page.getByText("The connection is lost").waitFor();
  start("page", "--listen", new URL(first).host, "--read-only");
  await page.getByText("The connection is lost").waitFor({ state: "hidden" });
  const before = await page.locator(".arrivals tr").nth(1).textContent();
  await receive({ event: "domain_validated", data: { domain_id: 77, domain_name: "again.example.com" } });
  await eventually(async () => (await page.locator(".arrivals tr").nth(1).textContent()) !== before, "the new event");
  // The browser says of each attempt that it failed.
  wrong.splice(0, wrong.length, ...wrong.filter((line) => !line.includes("ERR_")));
  await close();
});

test("an event is replayed after a confirmation", async () => {
  const { page, close } = await tab();
  await page.locator("#now tr", { hasText: "downloaded" }).getByRole("link").first().click();
  await page.getByRole("link", { name: "Replay" }).click();
  await page.getByText("Every consumer gets it").waitFor();
  await page.getByRole("button", { name: "Replay" }).click();
  await page.getByText("Replayed and delivered").waitFor();
  await page.goto(`${base}/`);
  await page.locator("#now tr", { hasText: "replayed" }).first().waitFor();
  await close();
});

test("what waits says why and is tried at once", async () => {
  const { page, close } = await tab();
  sql(
    `INSERT INTO messages (id, provider, kind, grp, state, rank, visible_at, sent_at, receives) VALUES (?, 'digicert', 'certificate_issued', 'g', 1, 0, ?, ?, 1)`,
    [900_001, (Date.now() + 800_000) * 1000, Date.now() * 1000],
  );
  const envelope = {
    specversion: "1.0", id: "waits-for-the-page", source: "/digicert/certcentral", type: "certificate_issued",
    subject: "digicert/certificate/4711", time: new Date().toISOString(), datacontenttype: "application/json",
    dataschema: "urn:certhooks:envelope:1", receivedtime: new Date().toISOString(), attempts: 3, retryreason: "unavailable",
    simulated: true,
    data: { event: "certificate_issued", data: { order_id: 4700, certificate_id: 4711 } },
  };
  sql("INSERT INTO bodies (id, body) VALUES (?, ?)", [900_001, JSON.stringify(envelope)]);
  const row = page.locator("tr", { hasText: "digicert/certificate/4711" });
  await row.getByText("unavailable").waitFor();
  await page.getByText("digicert: 1 event for a later attempt").waitFor();
  if (PICTURES) await pictures(browser, "waiting", `${base}/`);
  await page.getByRole("link", { name: "Try now" }).click();
  await page.getByRole("button", { name: "Try now" }).click();
  await page.getByText("1 event due now").waitFor();
  await page.goto(`${base}/`);
  await page.locator("#now tr", { hasText: "www-4711.example.com" }).waitFor();
  await close();
});

test("a dead letter is retried or dropped after a confirmation", async () => {
  const now = Date.now() * 1000;
  sql(
    "INSERT INTO dead_letters (id, provider, kind, body, receives, reason, sent_at, died_at) VALUES (?, 'digicert', ?, ?, 5, 'received too often', ?, ?)",
    [81, "certificate_issued", "no envelope", now, now], [82, HOSTILE, `{"id":"${"x".repeat(10_000)}"}`, now, now],
  );
  const { page, close } = await tab({}, `${link.replace("/#", "/dead-letters#")}`);
  assert.equal(await page.locator("tbody tr").count(), 2);
  assert.match(await page.locator("tbody").textContent(), /not a valid envelope.*⟨U\+202E⟩gnp/s);
  await axe(page);
  await page.getByRole("link", { name: "Drop" }).first().click();
  await page.getByText("deleted for good").waitFor();
  await page.getByRole("link", { name: "Cancel" }).click();
  assert.equal(await page.locator("tbody tr").count(), 2);
  for (const left of [1, 0]) {
    await page.getByRole("link", { name: "Drop" }).first().click();
    await page.getByRole("button", { name: "Drop" }).click();
    await page.getByText("no dead letter any more").waitFor();
    await page.goto(`${base}/dead-letters`);
    assert.equal(await page.locator("tbody tr").count(), left);
  }
  await page.getByText("There are none").waitFor();
  await close();
});

test("what came from outside is text", async () => {
  const id = await receive({ event: HOSTILE, data: { order_id: 5, note: `</pre><script>alert(2)</script>${HOSTILE}` } });
  const { page, close } = await tab();
  await eventually(async () => (await page.locator("#now").textContent()).includes("⟨U+202E⟩gnp.exe"), "the event");
  await page.goto(eventPage(id));
  const shown = await page.locator("main").textContent();
  assert.ok(shown.includes("<img src=x onerror=alert(1)>⟨U+202E⟩gnp.exe⟨U+0007⟩"), shown.slice(0, 2000));
  assert.equal(await page.locator("main img, main script").count(), 0);
  const document = await page.locator("#payload").textContent();
  assert.ok(!document.includes("\u202e") && JSON.parse(document).event === HOSTILE, document);
  await close();
});

test("10,000 certificates are searched, sorted, filtered and paged", async () => {
  const entry = (number) => {
    const end = new Date(Date.now() + (number % 230 - 20) * 86_400_000).toISOString();
    return JSON.stringify({
      id: `made/${number}`, type: "certhooks.certificate.issued", event: "certificate_issued", subject: `digicert/certificate/${number}`,
      time: end, received: "2026-11-01T00:00:00Z", delivered: "2026-11-01T00:00:01Z", callback: { outcome: "downloaded", attempts: 1 },
      identifiers: { order_id: String(number) }, serial_numbers: [number.toString(16).toUpperCase()], name: `host-${String(number).padStart(5, "0")}.example.com`,
      issuer: `CN=Example CA ${number % 3},O=Example`, not_before: new Date(Date.now() - 30 * 86_400_000).toISOString(), not_after: end,
    });
  };
  const rows = Array.from({ length: 10_000 }, (_, number) => [`digicert/certificate/made-${number}`, number, `made/${number}`, entry(number)]);
  sql("INSERT INTO history (certificate, received, id, replay, entry, keep_until) VALUES (?, ?, ?, 0, ?, 4000000000000000)", ...rows);
  const { page, close } = await tab({}, `${link.replace("/#", "/certificates#")}`);
  await eventually(async () => {
    await page.reload();
    return /of 10,?0\d\d certificates/.test(await page.getByRole("status").textContent());
  }, "all rows");
  await page.getByRole("img", { name: "expected renewals" }).waitFor();
  assert.equal(await page.locator(".cards tbody tr").count(), 50);
  const began = Date.now();
  await page.getByRole("searchbox").fill("HOST-0471 ca 2");
  await page.keyboard.press("Enter");
  await page.locator("tr", { hasText: "host-04712.example.com" }).waitFor();
  assert.ok(Date.now() - began < 2000, "a search takes too long");
  for (const name of await page.locator(".cards tbody th").allTextContents()) assert.match(name, /^host-0471\d/);
  await page.goto(`${base}/certificates?state=expired`);
  assert.ok((await page.locator(".cards tbody tr td:first-child").allTextContents()).every((text) => text.includes("expired")));
  await page.goto(`${base}/certificates?q=certificate/made-`);
  await page.getByRole("link", { name: "Certificate", exact: true }).click();
  assert.equal(await page.locator(".cards tbody th").first().textContent(), "host-00000.example.com");
  await page.getByRole("link", { name: "Certificate ↑" }).click();
  assert.equal(await page.locator(".cards tbody th").first().textContent(), "host-09999.example.com");
  await page.getByRole("link", { name: "Next" }).click();
  assert.equal(await page.locator(".cards tbody th").first().textContent(), "host-09949.example.com");
  await close();
});

test("who did not come by the link may look, and not act", async () => {
  const { page, close } = await tab({}, `${base}/ask?action=drop&id=1`);
  assert.ok(await page.getByRole("button", { name: "Drop" }).isDisabled());
  await page.getByText("This browser may only look").waitFor();
  await close();
  const form = { "Content-Type": "application/x-www-form-urlencoded" };
  for (const token of ["", "x".repeat(43)]) {
    const { status } = await ask(`${base}/do`, { method: "POST", headers: form }, `action=drop&id=1&token=${token}`);
    assert.equal(status, 403);
  }
  const readOnly = await serve("--read-only");
  assert.ok(!readOnly.includes("token"), readOnly);
  const asked = await ask(`${readOnly}ask?action=drop&id=1`);
  assert.equal(asked.status, 403);
  assert.match(asked.text, /--read-only/);
});

test("another site's page reaches nothing", async () => {
  const token = new URL(link).hash.slice("#token=".length);
  const form = { "Content-Type": "application/x-www-form-urlencoded" };
  const act = (headers) => ask(`${base}/do`, { method: "POST", headers: { ...form, ...headers } }, `action=drop&id=1&token=${token}`);
  assert.equal((await act({ Origin: "https://evil.example" })).status, 403);
  assert.equal((await act({ Origin: `http://${running.webhooks}` })).status, 403);
  assert.equal((await ask(base, { headers: { Host: "rebound.example.com" } })).status, 403);
  const answer = await ask(base);
  assert.equal(answer.status, 200);
  assert.match(answer.headers["content-security-policy"], /default-src 'none'.*frame-ancestors 'none'/);
  // A page of another origin in the same browser: the webhook endpoint's.
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`http://${running.webhooks}/webhooks/digicert`);
  const outcome = await page.evaluate((url) => fetch(url, { mode: "no-cors" }).then((got) => got.type, String), base);
  assert.match(outcome, /TypeError/);
  await context.close();
});

test("whatever method, path or parameter is asked for, the answer is closed to other sites", async () => {
  for (const [method, path, status] of [
    ["HEAD", "/", 200], ["POST", "/", 405], ["DELETE", "/certificates", 405], ["GET", "/do", 405], ["PUT", "/live", 405],
    ["GET", "/event", 404], ["GET", `/event?id=${"x".repeat(10_000)}`, 404], ["GET", "/certificates?page=-1", 400],
    ["GET", `/certificates?page=${"9".repeat(19)}&q=%00%ff&state=none&sort=-none`, 200], ["GET", "/ask?action=delete&id=1", 400],
  ]) {
    const answer = await ask(`${base}${path}`, { method });
    assert.equal(answer.status, status, `${method} ${path}`);
    assert.match(answer.headers["content-security-policy"], /default-src 'none'/, path);
    if (method === "HEAD") assert.equal(answer.text, "");
  }
});

test("certhooks local serves the page beside its health, and guards only the page", async () => {
  const admin = `http://${running.admin}`;
  const page = await ask(admin);
  assert.equal(page.status, 200);
  assert.match(page.text, /<h1>Now<\/h1>/);
  assert.equal((await ask(admin, { headers: { Host: "rebound.example.com" } })).status, 403);
  assert.equal((await ask(`${admin}/healthz`, { headers: { Host: "rebound.example.com" } })).status, 200);
  assert.equal((await ask(`http://${running.webhooks}/certificates`)).status, 404);
});

test("the page is used with the keyboard alone", async () => {
  const { page, close } = await tab();
  await page.keyboard.press("Tab");
  assert.equal(await page.locator(":focus").textContent(), "Skip to the content");
  await page.keyboard.press("Enter");
  assert.equal(await page.locator(":focus").getAttribute("id"), "content");
  await page.goto(`${base}/`);
  for (let presses = 0; presses < 200; presses += 1) {
    await page.keyboard.press("Tab");
    if ((await page.locator("#now th a:focus").count()) > 0) break;
  }
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/event\?id=/);
  await close();
});

const VIEWS = {
  now: () => `${base}/`,
  event: () => issued,
  certificates: () => `${base}/certificates`,
  "dead-letters": () => `${base}/dead-letters`,
  ask: () => `${base}/ask?action=sample&id=x`,
  error: () => `${base}/event?id=none`,
};
let issued;

test("every view is accessible and fits, in light and dark, narrow and wide", async () => {
  const { page, close } = await tab();
  await page.locator("#now tr", { hasText: "downloaded" }).getByRole("link").first().click();
  await page.getByRole("heading", { name: "Chain" }).waitFor();
  issued = page.url();
  await close();
  for (const [name, address] of Object.entries(VIEWS)) await pictures(browser, name, address());
});

test("10,000 events are counted, and one", async () => {
  const event = JSON.parse(fs.readFileSync(path.join(ROOT, "events/schema/examples/domain.validated.digicert.json"), "utf8"));
  const values = (number, length) => {
    const subject = `digicert/domain/${String(number).padEnd(length, "x")}`;
    return [`many/${number}`, event.type, subject, Date.now() * 1000, JSON.stringify({ ...event, id: `many/${number}`, subject })];
  };
  const insert = "INSERT INTO deliveries (id, kind, provider, subject, published_at, body) VALUES (?, ?, 'digicert', ?, ?, ?)";
  sql(insert, ...Array.from({ length: 10_000 }, (_, number) => values(number, number % 500 ? 5 : 10_000)));
  const { page, close } = await tab({ viewport: { width: 360, height: 900 } }, await serve("--read-only"));
  await page.getByText(/^10000 events since/).waitFor();
  assert.equal(await page.locator(".arrivals tbody tr").count(), 100);
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth) <= 360);
  await page.goto(`${new URL(page.url()).origin}/event?id=many%2F9500`);
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth) <= 360);
  await close();
  sql("DELETE FROM deliveries WHERE sequence > (SELECT min(sequence) FROM deliveries) AND 1 = ?", [1]);
  const one = await tab({}, await serve("--read-only"));
  await one.page.getByText(/^1 events? since/).waitFor();
  await one.close();
});
