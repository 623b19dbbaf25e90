import * as path from "node:path";
import { BatchWriteItemCommand, ScanCommand } from "@aws-sdk/client-dynamodb";
import type { Queue, Schedule } from "@cartwright/topology";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createActivity } from "./activity.ts";
import { boot, type Local } from "./boot.ts";
import { SkippingClock } from "./clock.ts";
import { dynamoOf } from "./test/endpoint.ts";
import { hashTable, lambda, queue, role, temporaryFolder, topology, writeProject } from "./test/fixture.ts";

const ticks = queue("ticks");
const failures = queue("failures");
const fails = lambda("fails", { asynchronous: { maximumRetries: 2, onFailure: failures.arn } });
const roles = {
  Fails: role("fails", ["sqs:SendMessage", failures.arn]),
  Schedules: role("schedules", ["lambda:InvokeFunction", fails.arn], ["sqs:SendMessage", ticks.arn]),
};
const every = (minutes: number, arn: string): Schedule => ({
  name: `every-${minutes}`,
  expression: minutes === 1 ? "rate(1 minute)" : `rate(${minutes} minutes)`,
  enabled: true,
  target: { arn, role: roles.Schedules.arn, input: "{}" },
});
const carts = hashTable("carts", { ttl: "expiresAt" });

const folder = temporaryFolder();
let clock: SkippingClock;
let local: Local;

beforeAll(async () => {
  const root = path.join(folder.path, "project");
  writeProject(root, { "src/fails.ts": `export const handler = async () => { throw new Error("closed"); };` });
  clock = new SkippingClock();
  local = await boot({
    topology: topology({
      roles,
      functions: { Fails: fails },
      queues: { Ticks: ticks, Failures: failures },
      schedules: { Tick: every(1, ticks.arn), Fail: every(5, fails.arn) },
      tables: { Carts: carts },
    }),
    ...{ root, stateFolder: path.join(folder.path, "state"), apiPort: 0, endpointPort: 0, clock },
  });
});
afterAll(async () => {
  await local?.stop();
  folder.remove();
});

describe("when time was put forward and the runtime is idle", () => {
  it("every schedule has run, and every retry that was due has been made", async () => {
    const visible = ({ arn }: Queue) => local.queues.counts(arn).visible;
    const counts: [number, number][] = [];
    for (let minute = 1; minute <= 13; minute++) {
      clock.skip(61_000);
      await local.idle();
      counts.push([visible(ticks), visible(failures)]);
    }
    expect(counts.map(([ticked]) => ticked)).toEqual(Array.from({ length: 13 }, (_, index) => index + 1));
    // Run in the fifth and the tenth minute, and tried again one minute later and two more.
    expect(counts.map(([, failed]) => failed)).toEqual([0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 2]);
  });

  it("all that has expired is deleted", async () => {
    const dynamo = dynamoOf(local);
    const expiresAt = { N: String(Math.floor(clock.now() / 1000) + 30) };
    for (let cart = 0; cart < 100; cart += 25) {
      const requests = Array.from({ length: 25 }, (_, offset) => ({
        PutRequest: { Item: { pk: { S: `cart-${cart + offset}` }, expiresAt } },
      }));
      await dynamo.send(new BatchWriteItemCommand({ RequestItems: { carts: requests } }));
    }
    clock.skip(61_000);
    await local.idle();
    expect(await dynamo.send(new ScanCommand({ TableName: carts.name }))).toMatchObject({ Count: 0 });
  });
});

it("waiting for work that does not end fails in time, and names what is at work", async () => {
  const activity = createActivity();
  activity.watch("the mill", () => true);
  activity.watch("the bakery", () => false);
  await expect(activity.idle(0)).rejects.toMatchObject({
    name: "IdleTimeoutError",
    message: "Still at work after 0 ms: the mill.",
  });
});
