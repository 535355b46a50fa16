// The Runtime API's loop. Lambda's own (aws-lambda-ric) compiles C++ with CMake when it is installed, which a machine
// may not have; this one does less, to the peer's advantage.

import { Agent, request } from "node:http";
import { handler } from "./handler.js";

const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(":");
const agent = new Agent({ keepAlive: true, maxSockets: 1 });
const invocation = "/2018-06-01/runtime/invocation";

function call(method, path, body) {
  return new Promise((resolve, reject) => {
    const sent = request({ host, port, agent, method, path }, (response) => {
      const parts = [];
      response.on("data", (part) => parts.push(part));
      response.on("end", () => resolve({ headers: response.headers, text: Buffer.concat(parts).toString() }));
      response.on("error", reject);
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

async function answerNext() {
  const { headers, text } = await call("GET", `${invocation}/next`);
  const id = headers["lambda-runtime-aws-request-id"];
  try {
    await call("POST", `${invocation}/${id}/response`, JSON.stringify(await handler(JSON.parse(text))));
  } catch (error) {
    const fault = { errorType: error.name, errorMessage: error.message };
    await call("POST", `${invocation}/${id}/error`, JSON.stringify(fault));
  }
}

async function loop() {
  for (;;) await answerNext();
}

loop();
