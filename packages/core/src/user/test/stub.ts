/** A server that answers as Cognito does, whatever a test has it say. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { CognitoIdentityProviderClient } from "@aws-sdk/client-cognito-identity-provider";
import { onTestFinished } from "vitest";

export interface Answer {
  status?: number;
  headers?: Record<string, string>;
  body: object;
  /** What happens between the question and this answer. */
  meanwhile?: () => unknown;
}

/**
 * An error, as the "Errors" of each operation in
 * https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_Operations.html and their common errors
 * tell it: named in the body, or in a header by services in front.
 */
export function fault(name: string, { status = 400, byHeader = false, message = "no" } = {}): Answer {
  if (byHeader)
    return { status, headers: { "x-amzn-errortype": `${name}:http://internal.amazon.com/` }, body: { message } };
  return { status, body: { __type: name, message } };
}

/** With a client that asks it, once; both end with the test. */
export async function startStubbed(answers: Record<string, Answer[]>) {
  const stub = await startStub(answers);
  onTestFinished(stub.stop);
  const credentials = { accessKeyId: "test", secretAccessKey: "test" };
  const options = { endpoint: stub.url, region: "eu-west-1", credentials, maxAttempts: 1 };
  return { ...stub, client: new CognitoIdentityProviderClient(options) };
}

/** Each operation's answers in turn; the last one stays. */
export async function startStub(answers: Record<string, Answer[]>) {
  const asked: { operation: string; input: Record<string, unknown> }[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const operation = String(request.headers["x-amz-target"]).replace("AWSCognitoIdentityProviderService.", "");
    asked.push({ operation, input: JSON.parse(Buffer.concat(chunks).toString()) });
    const [next, ...later] = answers[operation] ?? [fault("UnknownOperationException")];
    if (later.length > 0) answers[operation] = later;
    const { status = 200, headers = {}, body, meanwhile } = next!;
    await meanwhile?.();
    response.writeHead(status, { "content-type": "application/x-amz-json-1.1", ...headers });
    response.end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    operations: () => asked.map(({ operation }) => operation),
    stop: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
