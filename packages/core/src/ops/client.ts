import { CloudWatchClient } from "@aws-sdk/client-cloudwatch";
import { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { LambdaClient } from "@aws-sdk/client-lambda";
import { SFNClient } from "@aws-sdk/client-sfn";
import { SQSClient } from "@aws-sdk/client-sqs";
import { lazy } from "../lazy.ts";
import { metered } from "../metered.ts";

export const sqs = lazy(() => metered(new SQSClient({})));
export const sfn = lazy(() => metered(new SFNClient({})));
export const eventBridge = lazy(() => metered(new EventBridgeClient({})));
export const cloudWatch = lazy(() => metered(new CloudWatchClient({})));
/** Each invocation is a run of its own, so nothing is sent again by itself. */
export const lambda = lazy(() => metered(new LambdaClient({ maxAttempts: 1 })));
