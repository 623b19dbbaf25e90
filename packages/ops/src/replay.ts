import type { Client } from "@cartwright/client";
import { type Command, type Context, eventFilter, eventOptions, eventUsage, text } from "./command.ts";
import { RefusedError, UsageError } from "./io.ts";
import { visible } from "./text.ts";

type Replay = Awaited<ReturnType<Client["ops"]["replays"]["get"]>>;

const pauseMs = 1_000;
/** Longer than any replay that somebody waits for; it goes on unwatched. */
const patienceMs = 6 * 3_600_000;
const endings = ["completed", "cancelled", "failed", "unknown"];
/** SQS counts approximately: what was sent is worked off once so many looks in a row have seen nothing new. */
const quietLooks = 3;

export const replay: Command = {
  name: "replay",
  summary: "sends archived events to one subscriber again",
  usage: `npm run ops -- replay <subscriber> --from <time> [--to <time>] [options]
npm run ops -- replay --follow <replay id>

Starts a replay of the archive to this subscriber alone, and follows it until all that was sent is handed on or left
out: what the subscriber does not take, or the filter excludes. What fails then is in the subscriber's dead letters.

  --from <time>        of the events; 2026-03-01T03:00:00Z, 2026-03-01 (UTC), or 30m, 2h, 7d ago
  --to <time>          the same (default now)
${eventUsage}
  --no-wait            don't follow it
  --follow <id>        follow one that was started before`,
  options: {
    ...eventOptions,
    from: { type: "string" },
    to: { type: "string" },
    "no-wait": { type: "boolean" },
    follow: { type: "string" },
  },
  positionals: [0, 1],
  check({ from, follow, ...others }, [subscriber]) {
    if (follow === undefined) {
      if (subscriber === undefined) throw new UsageError("say which subscriber the events are for");
      if (from === undefined) throw new UsageError("say from when on: --from 2h, or --from 2026-03-01T03:00:00Z");
      return;
    }
    const given = ["to", "no-wait", ...Object.keys(eventOptions)].some((name) => others[name] !== undefined);
    if (subscriber === undefined && from === undefined && !given) return;
    throw new UsageError("--follow is about a replay that was started: it takes nothing but the replay's id");
  },
  async run(context) {
    const { client, io, values, printJson } = context;
    const id = text(values.follow);
    const current = id === undefined ? await start(context) : await client.ops.replays.get(id);
    if (!printJson(current)) io.print(line(current));
    return values["no-wait"] ? true : follow(context, current);
  },
};

function start({ client, io, positionals, values }: Context): Promise<Replay> {
  const filter = eventFilter(values);
  return client.ops.replays.start({
    subscriber: positionals[0]!,
    from: text(values.from)!,
    to: text(values.to) ?? new Date(io.now()).toISOString(),
    ...(Object.keys(filter).length > 0 && { filter }),
  });
}

/** Prints the replay whenever it has come further. */
async function follow({ client, io, paint, printJson }: Context, started: Replay): Promise<boolean> {
  let last = started;
  let quiet = 0;
  for (let waitedMs = 0; !isOver(last, quiet); waitedMs += pauseMs) {
    if (waitedMs >= patienceMs) {
      throw new RefusedError(`it still runs: npm run ops -- replay --follow ${last.id} goes on watching it`);
    }
    await io.sleep(pauseMs);
    const next = await client.ops.replays.get(last.id);
    const isNews = line(next) !== line(last);
    if (isNews && !printJson(next)) io.print(line(next));
    quiet = isNews || next.status !== "completed" || next.progress?.waiting ? 0 : quiet + 1;
    last = next;
  }
  if (last.status === "completed") {
    if (last.progress?.handedOn === 0) io.printError(nothingOf(last));
    return true;
  }
  io.printError(paint.red(`The replay ${last.id} is ${last.status}${last.reason ? `: ${visible(last.reason)}` : ""}.`));
  return false;
}

/** EventBridge is done first; the queue of what it has sent is worked off then. */
function isOver({ status }: Replay, quiet: number): boolean {
  return status === "completed" ? quiet >= quietLooks : endings.includes(status);
}

function nothingOf({ subscriber, from, to, filter, progress }: Replay): string {
  if (progress?.leftOut === 0) {
    return `Nothing was handed on: the archive holds no event from ${from} to ${to}. On AWS it lags by up to ten minutes.`;
  }
  const meant = Object.keys(filter).length > 0 ? `that ${subscriber} takes and the filter names` : `for ${subscriber}`;
  return `Nothing was handed on: of the events from ${from} to ${to} none is one ${meant}. Check the time and the ids; on AWS the archive lags by up to ten minutes.`;
}

/** How far EventBridge has come says nothing of a replay that is done: it sends all events of the time. */
function line({ id, subscriber, status, lastEventAt, progress }: Replay): string {
  const upTo = lastEventAt && !endings.includes(status) ? `, up to ${lastEventAt}` : "";
  return `${id}  to ${subscriber}  ${status}${upTo}${progress ? `: ${told(progress)}` : ""}`;
}

function told({ handedOn, leftOut, waiting }: NonNullable<Replay["progress"]>): string {
  const still = waiting > 0 ? `, ${waiting} still to come` : "";
  return `${handedOn} handed on, ${leftOut} left out${still}`;
}
