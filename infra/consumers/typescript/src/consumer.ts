// Posts what matters of certificate events to a chat: CHAT_WEBHOOK_URL takes {"text": "…"}, as Slack's incoming webhooks do.
// On AWS: a Lambda function on the queue, with `consumer.handler`; IDEMPOTENCY_TABLE names its table. On one machine: server.ts.
import { createHash } from "node:crypto";
import { BatchProcessor, EventType, processPartialResponse } from "@aws-lambda-powertools/batch";
import { IdempotencyConfig, makeIdempotent } from "@aws-lambda-powertools/idempotency";
import { DynamoDBPersistenceLayer } from "@aws-lambda-powertools/idempotency/dynamodb";
import { GetObjectCommand, S3Client } from "@aws-sdk/client-s3";
import type { Context, SQSEvent, SQSRecord } from "aws-lambda";
import type { CertificateEvent } from "./events.js";

const TITLES: Record<string, string> = {
  "certhooks.certificate.issued": "Issued",
  "certhooks.certificate.revoked": "Revoked",
  "certhooks.ct.phishing_suspected": "Suspected of phishing",
  "certhooks.ct.unexpected": "Unexpected in CT",
};

/** Puts back what was too large for the queue. */
async function restore({ id, data }: CertificateEvent): Promise<void> {
  if (!data.offloaded) return;
  const { uri, size, sha256 } = data.offloaded;
  const { hostname: Bucket, pathname } = new URL(uri);
  const { Body } = await new S3Client({ forcePathStyle: "AWS_ENDPOINT_URL" in process.env }).send(new GetObjectCommand({ Bucket, Key: decodeURIComponent(pathname.slice(1)) }));
  const content = await Body!.transformToByteArray();
  if (content.length !== size || createHash("sha256").update(content).digest("hex") !== sha256)
    throw new Error(`${uri} is not what event ${id} names`);
  for (const [name, value] of Object.entries(JSON.parse(Buffer.from(content).toString()))) {
    const [member, of] = name.split(".").reverse();
    Object.assign(of ? (data as unknown as Record<string, object>)[of] : data, { [member]: value });
  }
}

/** Text from a provider: one line, no control characters, and no markup, mention or link of the chat's. */
const escape = (text: string) =>
  text.replace(/[\p{C}\p{Z}]+/gu, " ").slice(0, 300).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");

/** A line for people, or nothing where the event does not matter to them. */
export function line({ type, subject, data, ...event }: CertificateEvent): string | undefined {
  const failed = data.verdict === "failed" && Object.entries(data.checks).filter(([, { result }]) => result === "failed");
  const title = TITLES[type] ?? (failed || event.conflict ? type : undefined);
  if (!title || event.simulated && !process.env.POST_SIMULATED) return undefined;
  const leaf = data.certificates[0], names = data.identifiers.phishing_domains ?? leaf?.names?.dns ?? [];
  const notes = [
    event.conflict && "CONFLICT: another certificate came first",
    failed && `FAILED: ${failed.map(([name, check]) => `${name} (${check.code})`).join(", ")}`,
    event.ordering === "stale" && "stale: a later event is known",
    event.replayed && "replayed",
  ];
  const count = names.length > 3 ? ` and ${names.length - 3} more` : "";
  const parts = [title, subject, names.slice(0, 3).join(", ") + count, leaf?.not_after && `until ${leaf.not_after}`, ...notes];
  return parts.filter((part) => typeof part === "string" && part !== "").map((part) => escape(String(part))).join(" · ");
}

export async function handle(event: CertificateEvent): Promise<void> {
  await restore(event);
  const text = line(event);
  if (!text) return;
  const request = { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ text }) };
  const answer = await fetch(process.env.CHAT_WEBHOOK_URL ?? "CHAT_WEBHOOK_URL is not set", { ...request, redirect: "error", signal: AbortSignal.timeout(10_000) });
  if (!answer.ok) throw new Error(`the chat answered ${answer.status}`);
}

export async function handler(batch: SQSEvent, context: Context) {
  // Certhooks keeps ids for 120 days, so nothing comes twice after that.
  const config = new IdempotencyConfig({ eventKeyJmesPath: "id", expiresAfterSeconds: 120 * 86_400, throwOnNoIdempotencyKey: true, lambdaContext: context });
  const table = new DynamoDBPersistenceLayer({ tableName: process.env.IDEMPOTENCY_TABLE! });
  const handleOnce = makeIdempotent(handle, { persistenceStore: table, config });
  const processor = new BatchProcessor(EventType.SQS);
  return processPartialResponse(batch, (record: SQSRecord) => handleOnce(JSON.parse(record.body)), processor, { context });
}
