import { isDeepStrictEqual } from "node:util";
import type { Table } from "@cartwright/topology";
import { AwsError } from "../http/aws-error.ts";
import type { Engine } from "./engine.ts";

export class TableChangedError extends Error {
  override readonly name = "TableChangedError";
}

interface KeyElement {
  AttributeName: string;
  KeyType: string;
}

interface Index {
  IndexName: string;
  KeySchema: KeyElement[];
  Projection: { ProjectionType: string; NonKeyAttributes?: string[] };
}

interface Shape {
  AttributeDefinitions: { AttributeName: string; AttributeType: string }[];
  KeySchema: KeyElement[];
  GlobalSecondaryIndexes?: Index[];
  StreamSpecification?: { StreamEnabled: boolean; StreamViewType?: string };
}

/** Creates the tables that are missing. One that exists in another shape is an error, since its data can't be kept. */
export async function ensureTables(engine: Engine, tables: Table[]): Promise<void> {
  for (const table of tables) {
    const existing = await describe(engine, table.name);
    if (existing) refuseDifference(table, existing);
    else await create(engine, table);
  }
}

async function describe(engine: Engine, name: string): Promise<Shape | undefined> {
  try {
    const output = await engine.call("DynamoDB_20120810.DescribeTable", { TableName: name });
    return output.Table as Shape;
  } catch (error) {
    if (error instanceof AwsError && error.name === "ResourceNotFoundException") return undefined;
    throw error;
  }
}

async function create(engine: Engine, table: Table): Promise<void> {
  const input = { TableName: table.name, BillingMode: "PAY_PER_REQUEST", ...shapeOf(table) };
  await engine.call("DynamoDB_20120810.CreateTable", input).catch((cause: Error) => {
    throw new Error(`The table ${table.name} can't be created as it is recorded: ${cause.message}`, { cause });
  });
  if (table.ttl) {
    const TimeToLiveSpecification = { AttributeName: table.ttl, Enabled: true };
    await engine.call("DynamoDB_20120810.UpdateTimeToLive", { TableName: table.name, TimeToLiveSpecification });
  }
}

function shapeOf(table: Table): Shape {
  const indexes = Object.entries(table.indexes).map(([name, index]) => ({
    IndexName: name,
    KeySchema: keySchema(index),
    Projection: Array.isArray(index.projection)
      ? { ProjectionType: "INCLUDE", NonKeyAttributes: index.projection }
      : { ProjectionType: index.projection },
  }));
  return {
    AttributeDefinitions: Object.entries(table.attributes).map(([AttributeName, AttributeType]) => ({
      AttributeName,
      AttributeType,
    })),
    KeySchema: keySchema(table),
    ...(indexes.length > 0 && { GlobalSecondaryIndexes: indexes }),
    ...(table.stream && { StreamSpecification: { StreamEnabled: true, StreamViewType: table.stream.view } }),
  };
}

function keySchema(keys: { hashKey: string; rangeKey?: string | undefined }): KeyElement[] {
  const schema = [{ AttributeName: keys.hashKey, KeyType: "HASH" }];
  if (keys.rangeKey) schema.push({ AttributeName: keys.rangeKey, KeyType: "RANGE" });
  return schema;
}

function refuseDifference(table: Table, existing: Shape): void {
  const wanted = comparable(shapeOf(table));
  const found = comparable(existing);
  const different = Object.keys(wanted).filter((part) => !isDeepStrictEqual(wanted[part], found[part]));
  if (different.length === 0) return;
  const details = different.map((part) => `${part}: ${JSON.stringify(found[part])} → ${JSON.stringify(wanted[part])}`);
  throw new TableChangedError(
    `The stored table ${table.name} differs from the stacks (${details.join("; ")}). ` +
      "Its data can't be carried over: start with --fresh to begin with empty tables.",
  );
}

/** What must agree, without order and without what the engine adds. */
function comparable(shape: Shape): Record<string, unknown> {
  const indexes = (shape.GlobalSecondaryIndexes ?? []).map((index) => [
    index.IndexName,
    {
      keys: index.KeySchema.map((key) => `${key.KeyType} ${key.AttributeName}`),
      projection: index.Projection.NonKeyAttributes?.toSorted() ?? index.Projection.ProjectionType,
    },
  ]);
  return {
    keys: shape.KeySchema.map((key) => `${key.KeyType} ${key.AttributeName}`),
    attributes: shape.AttributeDefinitions.map((one) => `${one.AttributeName} ${one.AttributeType}`).toSorted(),
    indexes: Object.fromEntries(indexes),
    stream: shape.StreamSpecification?.StreamEnabled ? shape.StreamSpecification.StreamViewType : "none",
  };
}
