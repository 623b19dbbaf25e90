import { deliver } from "./delivery.ts";
import { workOff, workQueue } from "./work-queue.ts";

interface Subscription {
  /** Named after its effect, since one event may have several. */
  name: string;
  pattern: { source: string[]; detailType: string[] };
  handler: string;
  link: unknown[];
  /** How long a message stays invisible at first. */
  delaySeconds?: number;
  /** How often a message is received before it goes to the dead letters. */
  maximumReceives?: number;
  /** How long its function may take for a batch. */
  timeoutSeconds?: number;
  /** What it may do: a link only tells where things are. */
  permissions?: sst.aws.FunctionPermissionArgs[];
  /** How many batches are worked off at once at most. */
  concurrency?: number | undefined;
}

/** Lets a function react to events through a queue of its own, whose dead letters wait for a person. */
export function subscribe({ name, pattern, handler, link, permissions = [], concurrency, ...patience }: Subscription) {
  const work = workQueue(name, { events: pattern.detailType, ...patience });
  workOff(work, { handler, link, permissions, concurrency });
  deliver({
    name,
    pattern: { source: pattern.source, "detail-type": pattern.detailType },
    to: { queue: work.queue },
    failures: work.failures,
  });
}
