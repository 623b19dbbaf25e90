import * as z from "zod";
import { AwsError } from "../http/aws-error.ts";
import type { Operations } from "../http/endpoint.ts";
import type { EventBus, PutEventsEntry } from "./bus.ts";

const PutEventsInput = z.object({ Entries: z.array(z.record(z.string(), z.unknown())) });
const ReplayInput = z.object({
  ReplayName: z.string(),
  /** The archive. */
  EventSourceArn: z.string(),
  EventStartTime: z.number(),
  EventEndTime: z.number(),
  Destination: z.object({ FilterArns: z.array(z.string()).optional() }).optional(),
});

/** EventBridge's API. PutEvents answers 200 with the failed entries inside. */
export function busOperations(bus: EventBus): Operations {
  return {
    PutEvents: (raw) => bus.putEvents(parse(PutEventsInput, raw).Entries as PutEventsEntry[]),
    StartReplay(raw) {
      const input = parse(ReplayInput, raw);
      const rules = input.Destination?.FilterArns;
      bus.replay(input.EventSourceArn, {
        name: input.ReplayName,
        fromMs: input.EventStartTime * 1000,
        toMs: input.EventEndTime * 1000,
        ...(rules && { rules }),
      });
      return {
        ReplayArn: input.EventSourceArn.replace(/:archive\/.*/, `:replay/${input.ReplayName}`),
        State: "STARTING",
      };
    },
  };
}

function parse<Parsed>(schema: z.ZodType<Parsed>, input: unknown): Parsed {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  throw new AwsError("ValidationException", z.prettifyError(parsed.error));
}
