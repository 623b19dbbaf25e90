import {
  CancelReplayCommand,
  DescribeReplayCommand,
  EventBridgeClient,
  ListReplaysCommand,
  PutEventsCommand,
  StartReplayCommand,
  type StartReplayCommandInput,
} from "@aws-sdk/client-eventbridge";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Endpoint, startEndpoint } from "../test/endpoint.ts";
import { arnOf, fromRules, queue } from "../test/fixture.ts";

const bus = { name: "shop", arn: arnOf("events", "event-bus/shop") };
const archive = { name: "all", arn: arnOf("events", "archive/all"), bus: bus.arn };
const replayed = queue("replayed", { policy: fromRules(arnOf("sqs", "replayed")) });
const rule = {
  name: "Replayed",
  bus: bus.name,
  enabled: true,
  pattern: { "replay-name": [{ exists: true }] },
  targets: [{ arn: replayed.arn }],
};

let endpoint: Endpoint;
let events: EventBridgeClient;
beforeAll(async () => {
  endpoint = await startEndpoint({
    buses: { Bus: bus },
    archives: { Archive: archive },
    queues: { Replayed: replayed },
    rules: { Replayed: rule },
  });
  events = new EventBridgeClient(endpoint.client);
});
afterAll(() => endpoint.stop());

const minuteMs = 60_000;

function start(ReplayName: string, more: Partial<StartReplayCommandInput> = {}) {
  const nowMs = endpoint.clock.now();
  return events.send(
    new StartReplayCommand({
      ReplayName,
      EventSourceArn: archive.arn,
      EventStartTime: new Date(nowMs - 10 * minuteMs),
      EventEndTime: new Date(nowMs + minuteMs),
      Destination: { Arn: bus.arn },
      ...more,
    }),
  );
}

it("a replay is started, described to its end, and listed", async () => {
  const Time = new Date(Math.floor(endpoint.clock.now() / 1000) * 1000 - minuteMs);
  const entry = { EventBusName: "shop", Source: "shop.order", DetailType: "order.placed", Detail: "{}", Time };
  await events.send(new PutEventsCommand({ Entries: [entry] }));
  const FilterArns = [arnOf("events", "rule/shop/Replayed")];
  const started = await start("again", { Description: "why", Destination: { Arn: bus.arn, FilterArns } });
  expect(started).toMatchObject({ State: "STARTING", ReplayArn: arnOf("events", "replay/again") });
  expect(started.ReplayStartTime).toBeInstanceOf(Date);
  await endpoint.local.idle();
  expect(await events.send(new DescribeReplayCommand({ ReplayName: "again" }))).toMatchObject({
    ReplayName: "again",
    ReplayArn: arnOf("events", "replay/again"),
    Description: "why",
    State: "COMPLETED",
    EventSourceArn: archive.arn,
    Destination: { Arn: bus.arn, FilterArns },
    EventLastReplayedTime: Time,
    ReplayEndTime: expect.any(Date),
  });
  const bodies = endpoint.local.queues.peek("replayed", 10).map(({ body }) => JSON.parse(body));
  expect(bodies).toMatchObject([{ "replay-name": "again", "detail-type": "order.placed" }]);
  await start("another");
  await endpoint.local.idle();
  const names = async (input: object) => {
    const { Replays, NextToken } = await events.send(new ListReplaysCommand(input));
    return { names: Replays?.map(({ ReplayName }) => ReplayName).sort(), NextToken };
  };
  expect(await names({})).toEqual({ names: ["again", "another"], NextToken: undefined });
  expect(await names({ NamePrefix: "ag" })).toMatchObject({ names: ["again"] });
  expect(await names({ State: "FAILED" })).toMatchObject({ names: [] });
  const first = await names({ Limit: 1 });
  const second = await names({ Limit: 1, NextToken: first.NextToken });
  expect([...first.names!, ...second.names!].sort()).toEqual(["again", "another"]);
  expect(second.NextToken).toBeUndefined();
});

it("errors come under their AWS names", async () => {
  await expect(start("no spaces")).rejects.toMatchObject({ name: "ValidationException" });
  await expect(start("x".repeat(65))).rejects.toMatchObject({ name: "ValidationException" });
  const back = start("back", { EventStartTime: new Date(2), EventEndTime: new Date(1) });
  await expect(back).rejects.toMatchObject({ name: "ValidationException" });
  await start("taken");
  await expect(start("taken")).rejects.toMatchObject({ name: "ResourceAlreadyExistsException" });
  await endpoint.local.idle();
  const cancel = events.send(new CancelReplayCommand({ ReplayName: "taken" }));
  await expect(cancel).rejects.toMatchObject({ name: "IllegalStatusException" });
  const unknown = events.send(new DescribeReplayCommand({ ReplayName: "unknown" }));
  await expect(unknown).rejects.toMatchObject({ name: "ResourceNotFoundException" });
});
