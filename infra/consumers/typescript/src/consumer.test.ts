import assert from "node:assert/strict";
import { test } from "node:test";
import { handle, line } from "./consumer.js";
import type { CertificateEvent } from "./events.js";

function event(members: Partial<CertificateEvent>, data: object = {}): CertificateEvent {
  const leaf = { names: { dns: ["a.example", "b.example", "c.example", "d.example"], ip: [], email: [] }, not_after: "2027-01-14T23:59:59Z" };
  const whole = { provider: "digicert", identifiers: {}, certificates: [leaf], verdict: "ok", checks: {}, ...data };
  return { id: "1", type: "certhooks.certificate.issued", subject: "digicert/certificate/1", data: whole, ...members } as unknown as CertificateEvent;
}

test("an issued certificate is a line with its first names and its end", () => {
  assert.equal(line(event({})), "Issued · digicert/certificate/1 · a.example, b.example, c.example and 1 more · until 2027-01-14T23:59:59Z");
});

test("an unknown type is a line only where something is wrong", () => {
  const type = "certhooks.certificate.suspended";
  assert.equal(line(event({ type })), undefined);
  const checks = { trust: { result: "failed", code: "untrusted_root", detail: "" }, path: { result: "ok", code: "ok", detail: "" } };
  assert.match(line(event({ type }, { verdict: "failed", checks }))!, /^certhooks\.certificate\.suspended .* FAILED: trust \(untrusted_root\)$/);
});

test("what is simulated is no line", () => {
  assert.equal(line(event({ simulated: true })), undefined);
});

test("text of a provider is no markup and no second line", () => {
  const text = line(event({ subject: "<!channel>\r\n\u202e&\u0000" }))!;
  assert.ok(text.startsWith("Issued · &lt;!channel&gt; &amp;"), text);
});

test("a missing address is named", async () => {
  delete process.env.CHAT_WEBHOOK_URL;
  await assert.rejects(handle(event({})), /CHAT_WEBHOOK_URL is not set/);
});
