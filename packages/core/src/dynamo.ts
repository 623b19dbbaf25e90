import { DynamoDBClient, type DynamoDBClientConfig } from "@aws-sdk/client-dynamodb";
import { lazy } from "./lazy.ts";
import { metered } from "./metered.ts";

export const dynamo = lazy(() => metered(new DynamoDBClient({ logger })));

const silent = () => {};

/** Without `info`, for which the SDK would copy each answer, field by field, though nobody reads it. */
const logger = { trace: silent, debug: silent, warn: silent, error: silent } as NonNullable<
  DynamoDBClientConfig["logger"]
>;
