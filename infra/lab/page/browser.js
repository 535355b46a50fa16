// What the tests of the page share: a real browser, and what it watches.

import assert from "node:assert/strict";
import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

const require = createRequire(path.join(process.env.NODE_MODULES, "package.json"));
const { chromium } = require("playwright-core");
const AXE = fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

// The folder for pictures; without one they are made to see that they can be, and thrown away.
export const PICTURES = process.env.PICTURES;
export const PATIENCE = 30_000;

export const launch = () => chromium.launch({
  executablePath: process.env.CHROMIUM,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});

export async function eventually(read, what) {
  const end = Date.now() + PATIENCE;
  for (;;) {
    const result = await read();
    if (result) return result;
    assert.ok(Date.now() < end, `in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

// A tab that fails the test where the page asks another host, breaks its policy, or opens a dialog.
export async function open(browser, at, options = {}) {
  const { origin } = new URL(at);
  const context = await browser.newContext({ viewport: { width: 1600, height: 1000 }, ...options });
  const page = await context.newPage();
  const wrong = [];
  page.on("request", (request) => {
    if (!request.url().startsWith(origin)) wrong.push(request.url());
  });
  page.on("dialog", (dialog) => { wrong.push(dialog.message()); dialog.dismiss(); });
  page.on("pageerror", (error) => wrong.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error" && !message.text().includes("status of 4")) wrong.push(message.text());
  });
  await page.goto(at);
  return { page, wrong, close: async () => { await context.close(); assert.deepEqual(wrong, []); } };
}

export async function axe(page) {
  await page.evaluate(AXE);
  const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
  const { violations } = await page.evaluate((values) => window.axe.run({ runOnly: values }), tags);
  const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).slice(0, 3).join(" ")}`);
  assert.deepEqual(found, [], page.url());
}

// A view in light and dark, narrow and wide: accessible, and never wider than the window.
export async function pictures(browser, name, address) {
  for (const colorScheme of ["light", "dark"]) {
    for (const width of [360, 1600]) {
      const { page, close } = await open(browser, address, { colorScheme, viewport: { width, height: 900 } });
      await axe(page);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(wide <= width, `${name} is ${wide} wide at ${width}`);
      if (PICTURES) {
        await page.screenshot({ path: path.join(PICTURES, `page-${name}-${width}-${colorScheme}.png`), fullPage: name.includes("event") });
      }
      await close();
    }
  }
}
