/** The little of AWS that the SST CLI asks around a program: where its state is, and that nothing is deployed yet. */
import http from "node:http";
import type { AddressInfo } from "node:net";

export interface OfflineAws {
  url: string;
  /** What was asked that has no answer here. */
  unanswered: string[];
  close(): void;
}

/** Of a version that no CLI is newer than, so that none sets out to create buckets. */
const bootstrap = {
  version: 99,
  asset: "offline-asset",
  assetEcrRegistryId: "123456789012",
  assetEcrUrl: "123456789012.dkr.ecr.eu-west-1.amazonaws.com/offline-asset",
  state: "offline-state",
};

/** `onState` is called whenever the CLI looks for the state of a deployment: its own server has its port by then. */
export async function serveAws(onState: () => void): Promise<OfflineAws> {
  const parameters = new Map([["/sst/bootstrap", JSON.stringify(bootstrap)]]);
  const unanswered: string[] = [];
  const server = http.createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    const operation = request.headers["x-amz-target"]?.toString();
    if (operation === undefined && request.method === "GET") onState();
    const answer = operation === undefined ? stateAnswer(request.method) : parameterAnswer(operation, body, parameters);
    if (!answer) unanswered.push(operation ?? `${request.method} ${request.url}`);
    const { status, type, text } = answer ?? { status: 501, type: "text/plain", text: "" };
    response.writeHead(status, { "content-type": type }).end(text);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, unanswered, close };
}

interface Answer {
  status: number;
  type: string;
  text: string;
}

/** S3: a diff reads state and secrets, and writes neither. */
function stateAnswer(method: string | undefined): Answer | undefined {
  if (method !== "GET") return undefined;
  const text = '<?xml version="1.0"?><Error><Code>NoSuchKey</Code><Message>nothing is deployed</Message></Error>';
  return { status: 404, type: "application/xml", text };
}

/** SSM: where the state is, and the phrase that it is sealed with. */
function parameterAnswer(operation: string, body: string, parameters: Map<string, string>): Answer | undefined {
  const { Name: name, Value: value } = JSON.parse(body) as { Name: string; Value?: string };
  if (operation === "AmazonSSM.PutParameter") {
    parameters.set(name, value ?? "");
    return json(200, { Version: 1 });
  }
  if (operation !== "AmazonSSM.GetParameter") return undefined;
  const known = parameters.get(name);
  if (known === undefined) return json(400, { __type: "ParameterNotFound", message: name });
  return json(200, { Parameter: { Name: name, Type: "String", Value: known } });
}

function json(status: number, content: object): Answer {
  return { status, type: "application/x-amz-json-1.1", text: JSON.stringify(content) };
}
