// `certhooks page --stack` in a real browser. infra/aws/tests/test_page.py deploys the stack, starts the page at PAGE,
// and says in EVENT what the stack has delivered.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, open, pictures } from "./browser.js";

const link = process.env.PAGE;
const base = new URL(link).origin;
const event = JSON.parse(process.env.EVENT);
const [leaf] = event.data.certificates;
const [name] = leaf.names.dns;
let browser;

before(async () => { browser = await launch(); });
after(() => browser?.close());

test("what a stack has delivered is on the page, in each of its views", async () => {
  const { page, close } = await open(browser, link);
  const row = page.locator("#now tr", { hasText: name });
  assert.match(await row.textContent(), /certificate\.issued.*queued .*called back .*checked .*delivered .*downloaded/);
  assert.match(await page.locator(".counts").textContent(), /downloaded.*digicert\d+/s);
  await page.getByText("Nothing is stuck").waitFor();
  assert.match(await page.locator("section", { hasText: "Refused requests" }).textContent(), /saved query refused/);
  await row.getByRole("link").click();
  await page.getByRole("heading", { name, exact: true }).waitFor();
  assert.match(await page.locator(".way").textContent(), /Happened.*Received.*queued.*called back.*checked.*delivered/);
  assert.match(await page.locator(".validity").textContent(), /valid.*left of \d+ days/);
  assert.equal(JSON.parse(await page.locator("#payload").textContent()).event, "certificate_issued");
  assert.match(await page.locator(".facts").textContent(), new RegExp(leaf.serial_number));
  await page.getByText("belongs to the consumers of the stack").waitFor();
  await page.getByRole("link", { name: "Certificates", exact: true }).click();
  await page.getByRole("searchbox").fill(name);
  await page.keyboard.press("Enter");
  await page.waitForURL(/[?]q=/);
  const found = page.locator(".cards tbody tr");
  assert.equal(await found.count(), 1);
  assert.match(await found.textContent(), /valid/);
  await page.getByRole("link", { name: "Dead letters", exact: true }).click();
  await page.getByText("There are none").waitFor();
  await close();
});

test("each view of a stack is accessible and fits", async () => {
  await pictures(browser, "stack-now", `${base}/`);
  await pictures(browser, "stack-event", `${base}/event?id=${encodeURIComponent(event.id)}`);
  await pictures(browser, "stack-certificates", `${base}/certificates`);
});
