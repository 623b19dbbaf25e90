import * as z from "zod";
import { AwsError } from "../http/aws-error.ts";
import type { Operations } from "../http/endpoint.ts";
import type { EventBus, PutEventsEntry } from "./bus.ts";
import type { Replay } from "./replay.ts";

const PutEventsInput = z.object({ Entries: z.array(z.record(z.string(), z.unknown())) });

const ReplayName = z
  .string()
  .regex(/^[.\-_A-Za-z0-9]{1,64}$/, "must be 1 to 64 letters, digits, dots, dashes or underscores");
const Named = z.object({ ReplayName });
/** Times are seconds since 1970. */
const StartReplayInput = Named.extend({
  Description: z.string().max(512).optional(),
  /** The archive. */
  EventSourceArn: z.string().min(1),
  EventStartTime: z.number(),
  EventEndTime: z.number(),
  Destination: z.object({ Arn: z.string().min(1), FilterArns: z.array(z.string()).min(1).max(100).optional() }),
});
const ListReplaysInput = z.object({
  NamePrefix: ReplayName.optional(),
  State: z.enum(["STARTING", "RUNNING", "CANCELLING", "COMPLETED", "CANCELLED", "FAILED"]).optional(),
  EventSourceArn: z.string().optional(),
  Limit: z.int().min(1).max(100).default(100),
  /** The name of the last replay that was told. */
  NextToken: z.string().optional(),
});

/** EventBridge's API. PutEvents answers 200 with the failed entries inside. */
export function busOperations(bus: EventBus): Operations {
  return {
    PutEvents: (raw) => bus.putEvents(parse(PutEventsInput, raw).Entries as PutEventsEntry[]),
    StartReplay(raw) {
      const input = parse(StartReplayInput, raw);
      const replay = bus.replays.start({
        name: input.ReplayName,
        description: input.Description,
        archive: input.EventSourceArn,
        bus: input.Destination.Arn,
        rules: input.Destination.FilterArns,
        fromMs: input.EventStartTime * 1000,
        toMs: input.EventEndTime * 1000,
      });
      return { ReplayArn: arnOf(replay), State: replay.state, ReplayStartTime: replay.startedAtMs / 1000 };
    },
    DescribeReplay(raw) {
      const replay = bus.replays.describe(parse(Named, raw).ReplayName);
      return {
        ...summaryOf(replay),
        ReplayArn: arnOf(replay),
        ...(replay.description !== undefined && { Description: replay.description }),
        Destination: { Arn: replay.bus, ...(replay.rules && { FilterArns: replay.rules }) },
      };
    },
    ListReplays(raw) {
      const { NamePrefix = "", State, EventSourceArn, Limit, NextToken } = parse(ListReplaysInput, raw);
      if (NamePrefix !== "" && EventSourceArn !== undefined) {
        throw new AwsError("ValidationException", "At most one filter is allowed: NamePrefix or EventSourceArn.");
      }
      const chosen = bus.replays.list().filter(({ name, state, archive }) => {
        const isOfArchive = EventSourceArn === undefined || archive === EventSourceArn;
        return name.startsWith(NamePrefix) && isOfArchive && (State === undefined || state === State);
      });
      const from = NextToken === undefined ? 0 : chosen.findIndex(({ name }) => name === NextToken) + 1;
      const told = chosen.slice(from, from + Limit);
      const hasMore = from + Limit < chosen.length;
      return { Replays: told.map(summaryOf), ...(hasMore && { NextToken: told.at(-1)!.name }) };
    },
    CancelReplay(raw) {
      const { ReplayName: name } = parse(Named, raw);
      bus.replays.cancel(name);
      // It is cancelled already; AWS takes a moment, and says so.
      return { ReplayArn: arnOf(bus.replays.describe(name)), State: "CANCELLING" };
    },
  };
}

function summaryOf(replay: Replay) {
  const { endedAtMs, lastReplayedMs, stateReason } = replay;
  return {
    ReplayName: replay.name,
    EventSourceArn: replay.archive,
    State: replay.state,
    ...(stateReason !== undefined && { StateReason: stateReason }),
    EventStartTime: replay.fromMs / 1000,
    EventEndTime: replay.toMs / 1000,
    ...(lastReplayedMs !== undefined && { EventLastReplayedTime: lastReplayedMs / 1000 }),
    ReplayStartTime: replay.startedAtMs / 1000,
    ...(endedAtMs !== undefined && { ReplayEndTime: endedAtMs / 1000 }),
  };
}

function arnOf({ archive, name }: Replay): string {
  return archive.replace(/:archive\/.*/, `:replay/${name}`);
}

function parse<Parsed>(schema: z.ZodType<Parsed>, input: unknown): Parsed {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  throw new AwsError("ValidationException", z.prettifyError(parsed.error));
}
