import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { lazy } from "./lazy.ts";

export const dynamo = lazy(() => new DynamoDBClient({}));
