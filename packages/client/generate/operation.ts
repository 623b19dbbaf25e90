import type { Document, DocumentedOperation, JsonSchema } from "./openapi.ts";
import { inlineTypeOf, nameIn } from "./schema.ts";

interface Route {
  method: string;
  path: string;
  operation: DocumentedOperation;
}

/** The interface of all operations, their routes, and the codes of their problems. */
export async function operationsOf(document: Document): Promise<string> {
  const routes = routesOf(document).filter(isForClients);
  const common = commonProblems(routes);
  const described = await Promise.all(routes.map((route) => describe(route, common)));
  return [
    `/** What may befall any call. */\nexport type CommonProblem = ${union(common)};`,
    `/** What each operation takes, what it answers, and which problems it may have. */\nexport interface Operations {\n${described.join("\n")}\n}`,
    `export type OperationId = keyof Operations;`,
    `/** Stable codes of all problems. */\nexport type ProblemCode = Operations[OperationId]["problem"];`,
    `/** Method, path, who may call, and which headers it takes besides: \`key\` is Idempotency-Key, \`match\` is If-Match. */\nexport const routes: Record<OperationId, string> = {\n${routes.map(routeLine).join("\n")}\n};`,
  ].join("\n\n");
}

function routesOf({ paths }: Document): Route[] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  );
}

/** Pages are for browsers, webhooks for the payment provider, and the sandbox stands in for one: no shop has it. */
function isForClients({ path, operation }: Route): boolean {
  if (path.startsWith("/sandbox/")) return false;
  const content = successes(operation).flatMap(({ content = {} }) => Object.keys(content));
  return operation["x-access"] !== "provider" && content.every((type) => type === "application/json");
}

function successes({ responses }: DocumentedOperation) {
  return Object.entries(responses).flatMap(([status, response]) => (status < "300" ? [response] : []));
}

async function describe({ operation }: Route, common: string[]): Promise<string> {
  const { operationId, summary, parameters = [], requestBody } = operation;
  const params = await fieldsOf(parameters.filter((parameter) => parameter.in === "path"));
  const query = await fieldsOf(parameters.filter((parameter) => parameter.in === "query"));
  const body = requestBody && (await inlineTypeOf(jsonOf(requestBody.content)));
  const own = codesOf(operation).filter((code) => !common.includes(code));
  const fields = [
    params && `params: ${params.type};`,
    query && `query${query.isOptional ? "?" : ""}: ${query.type};`,
    requestBody && `body${requestBody.required ? "" : "?"}: ${body};`,
    takes(operation, "If-Match") && "/** The version that is changed: the answer's `version`. */\nversion: number;",
    `answer: ${await answerOf(operation)};`,
    `problem: CommonProblem${own.map((code) => ` | "${code}"`).join("")};`,
  ];
  return `/** ${summary}. */\n${operationId}: {\n${fields.filter(Boolean).join("\n")}\n};`;
}

async function fieldsOf(parameters: NonNullable<DocumentedOperation["parameters"]>) {
  if (parameters.length === 0) return undefined;
  const fields = parameters.map(async ({ name, required, description, schema }) => {
    const type = await inlineTypeOf(schema);
    const told = description ? `/** ${description} */\n` : "";
    return `${told}${name}${required ? "" : "?"}: ${type}${required ? "" : " | undefined"};`;
  });
  return {
    isOptional: parameters.every(({ required }) => !required),
    type: `{\n${(await Promise.all(fields)).join("\n")}\n}`,
  };
}

async function answerOf(operation: DocumentedOperation): Promise<string> {
  const schemas = successes(operation).flatMap(({ content }) => (content ? [jsonOf(content)] : []));
  const types = await Promise.all(schemas.map((schema) => pageOr(schema)));
  return types.length > 0 ? [...new Set(types)].join(" | ") : "undefined";
}

async function pageOr(schema: JsonSchema): Promise<string> {
  const properties = (schema.properties ?? {}) as Record<string, JsonSchema>;
  const isPage = Object.keys(properties).sort().join() === "items,nextCursor";
  if (nameIn(schema) || !isPage) return inlineTypeOf(schema);
  return `Page<${await inlineTypeOf(properties.items!.items as JsonSchema)}>`;
}

function jsonOf(content: Record<string, { schema: JsonSchema }>): JsonSchema {
  const schema = content["application/json"]?.schema;
  if (!schema) throw new Error(`the client sends and reads JSON alone, and not ${Object.keys(content)}`);
  return schema;
}

function takes({ parameters = [] }: DocumentedOperation, header: string): boolean {
  return parameters.some((parameter) => parameter.in === "header" && parameter.name === header);
}

function codesOf(operation: DocumentedOperation): string[] {
  return [...new Set(Object.values(operation["x-problems"]).flat())];
}

function commonProblems(routes: Route[]): string[] {
  const [first, ...others] = routes.map(({ operation }) => codesOf(operation));
  return (first ?? []).filter((code) => others.every((codes) => codes.includes(code)));
}

function union(names: string[]): string {
  return names.map((name) => `"${name}"`).join(" | ") || "never";
}

function routeLine({ method, path, operation }: Route): string {
  const key = takes(operation, "Idempotency-Key") && "key";
  const match = takes(operation, "If-Match") && "match";
  const words = [method, path, operation["x-access"], key, match].filter(Boolean);
  return `${operation.operationId}: "${words.join(" ")}",`;
}
