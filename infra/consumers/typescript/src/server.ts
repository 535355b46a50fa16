// For one machine: `certhooks forward --to http://127.0.0.1:9000/`, with FORWARD_SECRET from secrets.json and HANDLED, a file of ids.
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { buffer } from "node:stream/consumers";
import { Webhook, WebhookVerificationError } from "standardwebhooks";
import { handle } from "./consumer.js";

const { FORWARD_SECRET, HANDLED = "handled", PORT = "9000" } = process.env;
const webhook = new Webhook(FORWARD_SECRET!);
const handled = new Set(existsSync(HANDLED) ? readFileSync(HANDLED, "utf8").split("\n") : []);

const server = createServer(async (request, response) => {
  try {
    const event = webhook.verify(await buffer(request), request.headers as Record<string, string>) as Parameters<typeof handle>[0];
    if (!handled.has(event.id)) await handle(event);
    if (!handled.has(event.id)) appendFileSync(HANDLED, `${event.id}\n`);
    handled.add(event.id);
    response.writeHead(204).end();
  } catch (error) {
    console.error(String(error));
    response.writeHead(error instanceof WebhookVerificationError ? 401 : 500).end();
  }
});
server.listen(Number(PORT), "127.0.0.1", () => console.log(JSON.stringify(server.address())));
