/** DynamoDB answers a batch in part when it is large or busy; the engine of our tests never does so by itself. */
import type { BatchGetItemCommandInput, BatchGetItemCommandOutput } from "@aws-sdk/client-dynamodb";
import { onTestFinished } from "vitest";
import { dynamo } from "../dynamo.ts";

const name = "answerInPart";

/** Until the end of the test, each batch answers with at most so many of the items that it is asked for. */
export function answerInPart(maximum: number): void {
  dynamo().middlewareStack.add(
    (next, { commandName }) =>
      async (args) => {
        const input = args.input as BatchGetItemCommandInput;
        const [table, wanted] = Object.entries(input.RequestItems ?? {})[0] ?? [];
        const keys = wanted?.Keys;
        if (commandName !== "BatchGetItemCommand" || !table || !keys) return next(args);
        const answer = await next({
          ...args,
          input: { RequestItems: { [table]: { Keys: keys.slice(0, maximum || 1) } } },
        });
        const output = answer.output as BatchGetItemCommandOutput;
        if (maximum === 0) output.Responses = {};
        output.UnprocessedKeys = keys.length > maximum ? { [table]: { Keys: keys.slice(maximum) } } : {};
        return answer;
      },
    { step: "initialize", name, override: true },
  );
  onTestFinished(() => {
    dynamo().middlewareStack.remove(name);
  });
}
