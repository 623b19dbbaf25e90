import { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { SFNClient } from "@aws-sdk/client-sfn";
import { SQSClient } from "@aws-sdk/client-sqs";
import { lazy } from "../lazy.ts";

export const sqs = lazy(() => new SQSClient({}));
export const sfn = lazy(() => new SFNClient({}));
export const eventBridge = lazy(() => new EventBridgeClient({}));
