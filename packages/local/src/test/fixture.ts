import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { fileURLToPath } from "node:url";
import type { Lambda, Queue, Role, Table, Topology } from "@cartwright/topology";

export const repository = fileURLToPath(new URL("../../../..", import.meta.url));

export function temporaryFolder(): { path: string; remove(): void } {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "cartwright-local-"));
  return { path: folder, remove: () => fs.rmSync(folder, { recursive: true, force: true }) };
}

/** A project with these handler files, which may import what this repository has installed. */
export function writeProject(folder: string, files: Record<string, string>): void {
  fs.mkdirSync(folder, { recursive: true });
  fs.symlinkSync(path.join(repository, "node_modules"), path.join(folder, "node_modules"));
  fs.writeFileSync(path.join(folder, "package.json"), JSON.stringify({ type: "module" }));
  for (const [name, source] of Object.entries(files)) {
    const file = path.join(folder, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, source);
  }
}

export const region = "eu-west-1";
export const account = "123456789012";

export function arnOf(service: string, name: string): string {
  return `arn:aws:${service}:${region}:${account}:${name}`;
}

export function lambda(name: string, overrides: Partial<Lambda> = {}): Lambda {
  return {
    name: `shop-${name}`,
    arn: arnOf("lambda", `function:shop-${name}`),
    handler: `src/${name}.handler`,
    runtime: "nodejs24.x",
    architecture: "arm64",
    memoryMb: 512,
    timeoutSeconds: 10,
    environment: {},
    links: [],
    role: arnOf("iam", `role/${name}`),
    tracing: "Active",
    ...overrides,
  };
}

/** The role that `lambda` of this name has, or that others are given, and what it allows. */
export function role(name: string, ...allowed: [actions: string | string[], resource: string][]): Role {
  return {
    arn: arnOf("iam", `role/${name}`),
    trust: {},
    managedPolicies: [],
    statements: allowed.map(([Action, Resource]) => ({ Effect: "Allow", Action, Resource })),
  };
}

/** What Lambda needs to feed a function from a queue. */
export const polling = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"];

/** What Lambda needs to feed a function from a table's stream. */
export const streaming = ["DescribeStream", "GetRecords", "GetShardIterator", "ListStreams"].map(
  (action) => `dynamodb:${action}`,
);

/** Lets every rule of the account send to the queue. */
export function fromRules(queueArn: string) {
  return {
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Action: "sqs:SendMessage",
        Resource: queueArn,
        Principal: { Service: "events.amazonaws.com" },
        Condition: { StringEquals: { "aws:SourceAccount": account } },
      },
    ],
  };
}

export function table(name: string, overrides: Partial<Table> = {}): Table {
  const arn = arnOf("dynamodb", `table/${name}`);
  return {
    name,
    arn,
    attributes: { pk: "S", sk: "S" },
    hashKey: "pk",
    rangeKey: "sk",
    indexes: {},
    stream: { arn: `${arn}/stream/2026-01-01T00:00:00.000`, view: "NEW_AND_OLD_IMAGES" },
    pointInTimeRecovery: false,
    deletionProtection: false,
    encrypted: true,
    ...overrides,
  };
}

export function queue(name: string, overrides: Partial<Queue> = {}): Queue {
  return {
    name,
    arn: arnOf("sqs", name),
    url: `https://sqs.${region}.amazonaws.com/${account}/${name}`,
    delaySeconds: 0,
    visibilityTimeoutSeconds: 30,
    retentionSeconds: 345_600,
    ...overrides,
  };
}

/** A table without a range key. */
export function hashTable(name: string, overrides: Partial<Table> = {}): Table {
  const { rangeKey: _, ...keys } = table(name, { attributes: { pk: "S" } });
  return { ...keys, ...overrides };
}

export function topology(parts: Partial<Topology>): Topology {
  return {
    app: "shop",
    stage: "test",
    region,
    account,
    alarms: {},
    apis: {},
    archives: {},
    buses: {},
    compositeAlarms: {},
    dashboards: {},
    functions: {},
    links: {},
    machines: {},
    mappings: {},
    parameters: {},
    queues: {},
    roles: {},
    rules: {},
    schedules: {},
    tables: {},
    topics: {},
    userPools: {},
    ...parts,
  };
}
