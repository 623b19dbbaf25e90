import type { Queue } from "@cartwright/topology";
import { expect, it } from "vitest";
import { ManualClock } from "../clock.ts";
import { seededRandom } from "../random.ts";
import { openStore } from "../store.ts";
import { queue } from "../test/fixture.ts";
import { openMoveTasks } from "./move-task.ts";
import { openQueues } from "./queue.ts";

const dead = queue("dead");
const work = queue("work", { redrive: { deadLetters: dead.arn, maximumReceives: 1 } });

function setUp() {
  const clock = new ManualClock();
  const store = openStore(":memory:");
  const open = (all: Queue[]) => {
    const shared = { store, clock, random: seededRandom(1) };
    const queues = openQueues({ queues: all, ...shared });
    return { queues, tasks: openMoveTasks({ queues, ...shared }) };
  };
  return { clock, open };
}

it("a task that was running when a process ended goes on in the next, and moves each message once", async () => {
  const { clock, open } = setUp();
  const before = open([dead, work]);
  for (let index = 0; index < 5; index++) before.queues.send("dead", { body: `m${index}` });
  before.tasks.start({ source: dead.arn, destination: work.arn, messagesPerSecond: 2 });
  await clock.advance(0);
  before.tasks.close();
  await clock.advance(60_000);
  expect(before.queues.counts("work").visible).toBe(2);

  const after = open([dead, work]);
  expect(after.tasks.busy()).toBe(true);
  await clock.advance(0);
  expect(after.tasks.busy()).toBe(false);
  expect(after.tasks.list(dead.arn, 10)).toMatchObject([{ status: "RUNNING", moved: 4 }]);
  await clock.advance(1_000);
  expect(after.tasks.list(dead.arn, 10)).toMatchObject([{ status: "COMPLETED", moved: 5, toMove: 5 }]);
  expect(after.queues.peek("work", 10).map(({ body }) => body)).toEqual(["m0", "m1", "m2", "m3", "m4"]);
});

it("a task whose queue is gone from the stacks fails instead of going on", async () => {
  const { clock, open } = setUp();
  const before = open([dead, work]);
  before.queues.send("dead", { body: "x" });
  before.tasks.start({ source: dead.arn, destination: work.arn });
  before.tasks.close();
  const after = open([dead]);
  await clock.advance(0);
  expect(after.tasks.list(dead.arn, 1)).toMatchObject([
    { status: "FAILED", failure: "AWS.SimpleQueueService.NonExistentQueue", moved: 0 },
  ]);
  expect(after.queues.counts("dead").visible).toBe(1);
});

it("what comes while a task runs is left to the next one, and the last ten are remembered", async () => {
  const { clock, open } = setUp();
  const { queues, tasks } = open([dead, work]);
  queues.send("dead", { body: "first" });
  tasks.start({ source: dead.arn, destination: work.arn });
  queues.send("dead", { body: "second" });
  await clock.advance(0);
  expect(queues.peek("dead", 10)).toMatchObject([{ body: "second" }]);
  for (let index = 0; index < 11; index++) {
    tasks.start({ source: dead.arn, destination: work.arn });
    await clock.advance(0);
  }
  const remembered = tasks.list(dead.arn, 100);
  expect(remembered).toHaveLength(10);
  expect(remembered.at(-1)).toMatchObject({ toMove: 0, status: "COMPLETED" });
});
