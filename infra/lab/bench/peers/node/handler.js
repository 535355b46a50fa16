// The peer in Node.js: AWS SDK v3, clients made once at the start, 200 only after SendMessage.

import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { SQSClient, SendMessageCommand } from "@aws-sdk/client-sqs";
import { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";

const BODY_LIMIT = 512 * 1024;
const SECRET_MILLIS = 300_000;
const ID_OF = new Set(["certificate_issued", "certificate_revoked", "order_rejected"]);
const { EVENTS_QUEUE_URL: queueUrl, WEBHOOK_SECRET_ID: secretId } = process.env;

const options = { maxAttempts: 2, requestHandler: { connectionTimeout: 1000, requestTimeout: 3000 } };
const sqs = new SQSClient(options);
const secrets = new SecretsManagerClient(options);

class Refusal extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

const sha256 = (text) => createHash("sha256").update(text);

// Read at the start, and again after five minutes.
let secret = read();
// What fails here is tried again by the first request.
secret.catch(() => {});

async function read() {
  const until = Date.now() + SECRET_MILLIS;
  const found = await secrets.send(new GetSecretValueCommand({ SecretId: secretId }));
  return { until, digest: sha256(JSON.parse(found.SecretString).webhook_key.trim()).digest() };
}

async function keyDigest() {
  const known = await secret.catch(() => ({ until: 0 }));
  if (Date.now() > known.until) secret = read();
  return (await secret).digest;
}

// Refuses before anything is parsed.
async function check(headers, body) {
  if (Buffer.byteLength(body) > BODY_LIMIT) throw new Refusal(413, "the body is over the limit");
  const name = Object.keys(headers).find((header) => header.toLowerCase() === "x-webhook-key");
  const given = (headers[name] ?? "").trim();
  // Digests are of one length, whatever was sent.
  if (!given || !timingSafeEqual(sha256(given).digest(), await keyDigest())) {
    throw new Refusal(401, "The secret or signature is missing or wrong.");
  }
}

function parsed(body) {
  try {
    return JSON.parse(body);
  } catch {
    throw new Refusal(400, "the body is not JSON");
  }
}

// A verified body as the message for the queue; the body itself stays byte for byte.
function envelope(body) {
  const document = parsed(body);
  if (typeof document?.event !== "string" || !document.event) {
    throw new Refusal(400, "`event` must be a string that is not empty");
  }
  const { event, data = {} } = document;
  const now = new Date();
  const parts = ID_OF.has(event)
    ? ["digicert", event, String(data.order_id), String(data.certificate_id)]
    : ["digicert", event, JSON.stringify(data), String(Math.floor(now / 86_400_000))];
  const head = {
    specversion: "1.0",
    id: sha256(JSON.stringify(parts)).digest("hex"),
    source: "/digicert/certcentral",
    type: `com.digicert.certcentral.${event}`,
    subject: `digicert/certificate/${data.certificate_id}`,
    time: now.toISOString(),
    datacontenttype: "application/json",
    dataschema: "urn:certhooks:envelope:1",
    receivedtime: now.toISOString(),
    traceparent: `00-${randomBytes(16).toString("hex")}-${randomBytes(8).toString("hex")}-01`,
  };
  const text = `${JSON.stringify(head).slice(0, -1)},"data":${body}}`;
  return { id: head.id, type: head.type, group: `digicert/order/${data.order_id}`, text };
}

const attribute = (StringValue) => ({ DataType: "String", StringValue });

async function enqueue({ type, group, text }) {
  const message = {
    QueueUrl: queueUrl,
    MessageBody: text,
    MessageGroupId: group,
    MessageAttributes: { type: attribute(type), provider: attribute("digicert") },
  };
  await sqs.send(new SendMessageCommand(message));
}

function answer(statusCode, type, body) {
  return { statusCode, headers: { "content-type": type }, body: JSON.stringify(body) };
}

export async function handler(event) {
  try {
    const body = event.isBase64Encoded ? Buffer.from(event.body, "base64").toString() : (event.body ?? "");
    await check(event.headers ?? {}, body);
    const message = envelope(body);
    await enqueue(message);
    console.log(JSON.stringify({ level: "INFO", message: "accepted", id: message.id }));
    return answer(200, "application/json", { accepted: 1, ids: [message.id] });
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return answer(error.status, "application/problem+json", { detail: error.message });
  }
}
