import { expect, test } from "vitest";
import { answered, created } from "./mock-aws.ts";

const place = { account: "123456789012", region: "eu-west-1" };

test("a policy document is the JSON that IAM takes", () => {
  const { json } = answered(place, "aws:iam/getPolicyDocument:getPolicyDocument", {
    statements: [
      {
        actions: ["sqs:SendMessage"],
        resources: ["arn:queue"],
        principals: [{ type: "Service", identifiers: ["events.amazonaws.com"] }],
        conditions: [
          { test: "ArnEquals", variable: "aws:SourceArn", values: ["arn:rule"] },
          { test: "ArnEquals", variable: "aws:PrincipalArn", values: ["arn:role"] },
        ],
      },
      { effect: "Deny", actions: ["sqs:*"], resources: ["*"] },
    ],
  });
  expect(JSON.parse(String(json))).toEqual({
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Principal: { Service: ["events.amazonaws.com"] },
        Action: ["sqs:SendMessage"],
        Resource: ["arn:queue"],
        Condition: { ArnEquals: { "aws:SourceArn": ["arn:rule"], "aws:PrincipalArn": ["arn:role"] } },
      },
      { Effect: "Deny", Action: ["sqs:*"], Resource: ["*"] },
    ],
  });
});

test("a function of the provider that has no answer is an error that says where to add one", () => {
  expect(() => answered(place, "aws:ec2/getVpc:getVpc", {})).toThrow(/aws:ec2\/getVpc:getVpc.*mock-aws\.ts/);
});

test("a table has the ARN of a stream only when it has a stream", () => {
  const type = "aws:dynamodb/table:Table";
  expect(created(place, type, "OrdersTable", { name: "orders", streamEnabled: true }).streamArn).toMatch(
    /^arn:aws:dynamodb:eu-west-1:123456789012:table\/orders\/stream\/./,
  );
  expect(created(place, type, "OrdersTable", { name: "orders", streamEnabled: false })).not.toHaveProperty("streamArn");
});

test("a topic goes by its ARN, which alarms name", () => {
  const arn = "arn:aws:sns:eu-west-1:123456789012:alarms";
  expect(created(place, "aws:sns/topic:Topic", "AlarmsTopic", { name: "alarms" })).toMatchObject({ id: arn, arn });
});

test("a resource without a name of its own goes by its logical one", () => {
  const { id, arn } = created(place, "aws:cloudwatch/eventRule:EventRule", "Placed", { eventBusName: "bus" });
  expect({ id, arn }).toEqual({ id: "Placed", arn: "arn:aws:events:eu-west-1:123456789012:rule/bus/Placed" });
});
