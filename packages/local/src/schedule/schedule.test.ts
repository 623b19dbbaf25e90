import type { Schedule } from "@cartwright/topology";
import { beforeEach, describe, expect, it } from "vitest";
import { NoSuchTargetError, type TargetCalls } from "../bus/bus-delivery.ts";
import { ManualClock } from "../clock.ts";
import { openQueues, type Queues } from "../queue/queue.ts";
import { seededRandom } from "../random.ts";
import { openStore } from "../store.ts";
import { queue } from "../test/fixture.ts";
import { type Schedules, type SchedulesOptions, startSchedules } from "./schedule.ts";
import { parseSchedule } from "./schedule-expression.ts";

const at = (time: string) => Date.parse(time);
const iso = (ms: number | undefined) =>
  ms === undefined ? undefined : new Date(ms).toISOString().replace(".000Z", "Z");

/** The next few times of an expression after a moment. */
function times(expression: string, after: string, count: number, timezone?: string): (string | undefined)[] {
  const timetable = parseSchedule(expression, timezone);
  const found: (string | undefined)[] = [];
  for (let ms: number | undefined = at(after); found.length < count && ms !== undefined; ) {
    ms = timetable.next(ms, at(after));
    found.push(iso(ms));
  }
  return found;
}

describe("a rate", () => {
  it("counts from its creation", () => {
    const timetable = parseSchedule("rate(5 minutes)");
    const anchorMs = at("2026-01-01T00:02:00Z");
    expect(iso(timetable.next(anchorMs, anchorMs))).toBe("2026-01-01T00:07:00Z");
    expect(iso(timetable.next(at("2026-01-01T00:07:00Z"), anchorMs))).toBe("2026-01-01T00:12:00Z");
    expect(iso(timetable.next(at("2026-01-01T00:11:59Z"), anchorMs))).toBe("2026-01-01T00:12:00Z");
  });

  it("takes minutes, hours and days", () => {
    expect(times("rate(1 hour)", "2026-01-01T00:30:00Z", 1)).toEqual(["2026-01-01T01:30:00Z"]);
    expect(times("rate(7 days)", "2026-01-01T00:00:00Z", 1)).toEqual(["2026-01-08T00:00:00Z"]);
  });
});

describe("a single time", () => {
  it("comes once, in its timezone", () => {
    expect(times("at(2026-07-01T12:00:30)", "2026-01-01T00:00:00Z", 2, "Europe/Berlin")).toEqual([
      "2026-07-01T10:00:30Z",
      undefined,
    ]);
  });
});

describe("a cron expression", () => {
  it.each<[string, string, string, string[]]>([
    [
      "every day at ten",
      "cron(0 10 * * ? *)",
      "2026-01-01T10:00:00Z",
      ["2026-01-02T10:00:00Z", "2026-01-03T10:00:00Z"],
    ],
    [
      "every ten minutes",
      "cron(0/10 * * * ? *)",
      "2026-01-01T00:05:00Z",
      ["2026-01-01T00:10:00Z", "2026-01-01T00:20:00Z"],
    ],
    [
      "steps over all",
      "cron(*/25 0 * * ? *)",
      "2026-01-01T00:00:00Z",
      ["2026-01-01T00:25:00Z", "2026-01-01T00:50:00Z"],
    ],
    [
      "a range with a step",
      "cron(0 8-17/4 * * ? *)",
      "2026-01-01T08:00:00Z",
      ["2026-01-01T12:00:00Z", "2026-01-01T16:00:00Z"],
    ],
    [
      "working hours",
      "cron(0 18 ? * MON-FRI *)",
      "2026-01-02T18:00:00Z",
      ["2026-01-05T18:00:00Z", "2026-01-06T18:00:00Z"],
    ],
    [
      "a list of months by name",
      "cron(0 8 1 jan,JUL ? *)",
      "2026-01-01T08:00:00Z",
      ["2026-07-01T08:00:00Z", "2027-01-01T08:00:00Z"],
    ],
    [
      "the last day of the month",
      "cron(0 0 L * ? *)",
      "2028-02-01T00:00:00Z",
      ["2028-02-29T00:00:00Z", "2028-03-31T00:00:00Z"],
    ],
    ["a leap day", "cron(0 0 29 2 ? *)", "2026-01-01T00:00:00Z", ["2028-02-29T00:00:00Z", "2032-02-29T00:00:00Z"]],
    // 2026-08-15 is a Saturday, 2026-11-15 a Sunday.
    [
      "the weekday nearest to the 15th",
      "cron(0 0 15W 8,11 ? *)",
      "2026-01-01T00:00:00Z",
      ["2026-08-14T00:00:00Z", "2026-11-16T00:00:00Z"],
    ],
    // 2026-08-01 is a Saturday; the nearest weekday stays in the month.
    [
      "the first weekday",
      "cron(0 0 1W * ? *)",
      "2026-07-31T00:00:00Z",
      ["2026-08-03T00:00:00Z", "2026-09-01T00:00:00Z"],
    ],
    // 2026-05-31 is a Sunday.
    ["the weekday nearest to the last", "cron(0 0 31W 5 ? *)", "2026-01-01T00:00:00Z", ["2026-05-29T00:00:00Z"]],
    [
      "the second Tuesday",
      "cron(0 9 ? * 3#2 *)",
      "2026-01-01T00:00:00Z",
      ["2026-01-13T09:00:00Z", "2026-02-10T09:00:00Z"],
    ],
    [
      "the fifth Friday, when there is one",
      "cron(0 0 ? * FRI#5 *)",
      "2026-01-01T00:00:00Z",
      ["2026-01-30T00:00:00Z", "2026-05-29T00:00:00Z"],
    ],
    [
      "the last Thursday",
      "cron(0 0 ? * 5L *)",
      "2026-01-01T00:00:00Z",
      ["2026-01-29T00:00:00Z", "2026-02-26T00:00:00Z"],
    ],
    [
      "the last day of the week",
      "cron(0 0 ? * L *)",
      "2026-01-01T00:00:00Z",
      ["2026-01-03T00:00:00Z", "2026-01-10T00:00:00Z"],
    ],
    ["Sunday as 1", "cron(0 0 ? * 1 *)", "2026-01-01T00:00:00Z", ["2026-01-04T00:00:00Z"]],
    ["some years", "cron(0 0 1 1 ? 2026/3)", "2026-06-01T00:00:00Z", ["2029-01-01T00:00:00Z", "2032-01-01T00:00:00Z"]],
  ])("can name %s", (_, expression, after, expected) => {
    expect(times(expression, after, expected.length)).toEqual(expected);
  });

  it("ends after its last year", () => {
    expect(times("cron(0 0 1 1 ? 2026)", "2026-01-01T00:00:00Z", 1)).toEqual([undefined]);
    expect(times("cron(0 0 31 2 ? *)", "2026-01-01T00:00:00Z", 1)).toEqual([undefined]);
  });

  it("follows the clocks of its timezone", () => {
    expect(times("cron(0 9 * * ? *)", "2026-03-28T00:00:00Z", 3, "Europe/Berlin")).toEqual([
      "2026-03-28T08:00:00Z",
      "2026-03-29T07:00:00Z",
      "2026-03-30T07:00:00Z",
    ]);
  });

  it("skips a time that the clocks skip", () => {
    expect(times("cron(30 2 * * ? *)", "2026-03-28T02:00:00Z", 1, "Europe/Berlin")).toEqual(["2026-03-30T00:30:00Z"]);
  });

  it("runs once when the clocks repeat a time", () => {
    expect(times("cron(30 2 * * ? *)", "2026-10-24T12:00:00Z", 2, "Europe/Berlin")).toEqual([
      "2026-10-25T00:30:00Z",
      "2026-10-26T01:30:00Z",
    ]);
  });

  it("knows zones with odd offsets", () => {
    expect(times("cron(0 0 * * ? *)", "2026-01-01T00:00:00Z", 1, "Asia/Kathmandu")).toEqual(["2026-01-01T18:15:00Z"]);
  });
});

describe("a malformed expression", () => {
  it.each([
    ["every 5 minutes", "expected rate(5 minutes)"],
    ["rate(0 minutes)", "a rate is a whole number"],
    ["rate(5 seconds)", "a rate is a whole number"],
    ["at(tomorrow)", "a single time looks like"],
    ["at(2026-02-30T00:00:00)", "does not exist in UTC"],
    ["cron(0 12 * * *)", "cron takes six fields"],
    ["cron(0 12 * * * *)", "exactly one of day of month and day of week must be ?"],
    ["cron(0 12 ? * ? *)", "exactly one of day of month and day of week must be ?"],
    ["cron(60 12 * * ? *)", '"60" is no minutes: 0 to 59'],
    ["cron(0 12 * FEBR ? *)", '"FEBR" is no month: 1 to 12 or JAN to DEC'],
    ["cron(0 17-8 * * ? *)", '"17-8" is no range of hours'],
    ["cron(0/0 12 * * ? *)", '"0/0" is no range of minutes'],
    ["cron(0 12 ? * 2#6 *)", '"2#6" is no day of week'],
    ["cron(0 12 * * ? 1969)", '"1969" is no year'],
  ])("is refused: %s", (expression, reason) => {
    expect(() => parseSchedule(expression, "UTC", "schedule Nightly")).toThrow(`schedule Nightly: `);
    expect(() => parseSchedule(expression)).toThrow(reason);
  });

  it("of timezone is refused too", () => {
    expect(() => parseSchedule("rate(1 day)", "Europe/Atlantis")).toThrow('"Europe/Atlantis" is no known timezone');
  });
});

describe("the scheduler", () => {
  const lambda = "arn:aws:lambda:eu-west-1:123456789012:function:Reconcile";
  const schedule = (more: Partial<Schedule["target"]> = {}, own: Partial<Schedule> = {}): Schedule => ({
    name: "cartwright-local-Reconcile",
    expression: "rate(5 minutes)",
    enabled: true,
    target: { arn: lambda, retry: { maximumAttempts: 2 }, deadLetters: queue("dead").arn, ...more },
    ...own,
  });

  let clock: ManualClock;
  let queues: Queues;
  let startMs: number;
  beforeEach(() => {
    clock = new ManualClock();
    startMs = clock.now();
    queues = openQueues({
      queues: [queue("dead"), queue("jobs")],
      store: openStore(":memory:"),
      clock,
      random: seededRandom(1),
    });
  });

  function start(
    schedules: Record<string, Schedule>,
    targets: Partial<TargetCalls> = {},
    refusalOf?: SchedulesOptions["refusalOf"],
  ): Schedules {
    return startSchedules({
      schedules,
      account: "123456789012",
      region: "eu-west-1",
      queues,
      clock,
      random: seededRandom(2),
      targets: { start: async () => {}, invokeAsync: async () => {}, ...targets },
      ...(refusalOf && { refusalOf }),
    });
  }

  it("runs its targets on time with their input, and skips what is disabled", async () => {
    const runs: [number, unknown][] = [];
    const invokeAsync = async (_: string, input: unknown) => void runs.push([clock.now() - startMs, input]);
    const schedules = start(
      {
        Reconcile: schedule({ input: '{"at":"<aws.scheduler.scheduled-time>"}' }),
        Off: schedule({}, { enabled: false }),
        Jobs: schedule({ arn: queue("jobs").arn, input: "{}" }, { expression: "rate(7 minutes)" }),
      },
      { invokeAsync },
    );
    expect(schedules.next()).toEqual({ Reconcile: startMs + 300_000, Jobs: startMs + 420_000 });
    await clock.advance(600_000);
    expect(runs).toEqual([
      [300_000, { at: "2026-01-01T00:05:00Z" }],
      [600_000, { at: "2026-01-01T00:10:00Z" }],
    ]);
    expect(queues.counts("jobs").visible).toBe(1);
  });

  it("can be told to run one now", async () => {
    const runs: unknown[] = [];
    const schedules = start({ Reconcile: schedule() }, { invokeAsync: async (arn) => void runs.push(arn) });
    await schedules.trigger("Reconcile");
    expect(runs).toEqual([lambda]);
    await expect(schedules.trigger("Nope")).rejects.toThrow("There is no schedule Nope; there are: Reconcile.");
  });

  it("retries a target that refuses, then gives the run to the dead letters", async () => {
    let attempts = 0;
    const invokeAsync = async () => {
      attempts++;
      throw Object.assign(new Error("too many"), { name: "TooManyRequestsException" });
    };
    const schedules = start(
      { Reconcile: schedule({ input: '{"a":1}' }, { expression: "at(2026-01-01T00:01:00)" }) },
      { invokeAsync },
    );
    await clock.advance(120_000);
    expect(attempts).toBe(3);
    const [letter] = queues.receive("dead");
    expect(letter!.body).toBe('{"a":1}');
    expect(
      Object.fromEntries(Object.entries(letter!.attributes).map(([name, value]) => [name, value.StringValue])),
    ).toEqual({
      ERROR_CODE: "TooManyRequestsException",
      ERROR_MESSAGE: "too many",
      EXECUTION_ID: expect.any(String),
      IS_PAYLOAD_TRUNCATED: "false",
      RETRY_ATTEMPTS: "2",
      SCHEDULED_TIME: "2026-01-01T00:01:00Z",
      SCHEDULE_ARN: "arn:aws:scheduler:eu-west-1:123456789012:schedule/default/cartwright-local-Reconcile",
      TARGET_ARN: lambda,
      EXHAUSTED_RETRY_CONDITION: "MaximumRetryAttempts",
    });
    expect(schedules.next()).toEqual({ Reconcile: undefined });
  });

  it("does not retry a target that isn't there", async () => {
    start({ Reconcile: schedule() }, { invokeAsync: () => Promise.reject(new NoSuchTargetError("gone")) });
    await clock.advance(300_000);
    expect(queues.counts("dead").visible).toBe(1);
  });

  it("tries a target again that its role doesn't let it call, then leaves a letter", async () => {
    let calls = 0;
    const invokeAsync = async () => void calls++;
    start({ Reconcile: schedule() }, { invokeAsync }, (name, target) => `${name} may not call ${target}`);
    await clock.advance(310_000);
    expect(calls).toBe(0);
    expect(queues.peek("dead", 10).map(({ attributes }) => attributes)).toMatchObject([
      {
        ERROR_CODE: { StringValue: "AccessDeniedException" },
        ERROR_MESSAGE: { StringValue: `Reconcile may not call ${lambda}` },
        RETRY_ATTEMPTS: { StringValue: "2" },
      },
    ]);
  });

  it("stops at once, in the middle of a retry too", async () => {
    const schedules = start({ Reconcile: schedule() }, { invokeAsync: () => Promise.reject(new Error("down")) });
    await clock.advance(300_000);
    await schedules.stop();
    expect(clock.pendingTimers).toBe(0);
    expect(queues.counts("dead").visible).toBe(0);
  });
});
