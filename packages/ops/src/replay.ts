import type { Client } from "@cartwright/client";
import { fitting, Replay as ReplayShape } from "./answer.ts";
import { type Command, type Context, commandLine, eventFilter, eventOptions, eventUsage, text } from "./command.ts";
import { explain, mayPass } from "./connect.ts";
import { RefusedError, UnansweredError, UsageError } from "./io.ts";
import { visible } from "./text.ts";

type Replay = Awaited<ReturnType<Client["ops"]["replays"]["get"]>>;

const pauseMs = 1_000;
/** Longer than any replay that somebody waits for; it goes on unwatched. */
const patienceMs = 6 * 3_600_000;
const endings = ["completed", "cancelled", "failed", "unknown"];
/** SQS counts approximately: what was sent is worked off once so many looks in a row have seen nothing new. */
const quietLooks = 3;
/** A look that fails is made up for by the next, unless so many in a row fail. */
const failedLooks = 5;

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
    const current = id === undefined ? await start(context) : fitting(ReplayShape, await client.ops.replays.get(id));
    if (!printJson(current)) io.print(line(current));
    return values["no-wait"] ? true : follow(context, current);
  },
};

async function start(context: Context): Promise<Replay> {
  const { io, positionals, values } = context;
  const filter = eventFilter(values);
  return startReplay(context, {
    subscriber: positionals[0]!,
    from: text(values.from)!,
    to: text(values.to) ?? new Date(io.now()).toISOString(),
    ...(Object.keys(filter).length > 0 && { filter }),
  });
}

/** Says of a request without an answer that it may be repeated. */
export async function startReplay(
  { client, io }: Context,
  request: Parameters<Client["ops"]["replays"]["start"]>[0],
): Promise<Replay> {
  try {
    return fitting(ReplayShape, await client.ops.replays.start(request));
  } catch (error) {
    if (!(error instanceof UnansweredError)) throw error;
    const again = "If it was started all the same, a second replay does no harm: subscribers expect an event twice.";
    throw new RefusedError(`${explain(error, io)}\n${again}`, { cause: error });
  }
}

/** Prints the replay whenever it has come further, and when it is over. Answers whether it was completed. */
export async function follow(context: Context, started: Replay): Promise<boolean> {
  const { io, paint, values, printJson } = context;
  let last = started;
  let quiet = 0;
  for (let waitedMs = 0; !isOver(last, quiet); waitedMs += pauseMs) {
    if (waitedMs >= patienceMs) {
      throw new RefusedError(`it still runs: ${followLine(context, last)} goes on watching it`);
    }
    const next = await look(context, last);
    const isNews = line(next) !== line(last);
    if (isNews && !printJson(next)) io.print(line(next));
    quiet = isNews || next.status !== "completed" || next.progress?.waiting ? 0 : quiet + 1;
    last = next;
  }
  if (last.status === "completed") {
    if (!values.json) io.print(line(last, "completed"));
    if (last.progress?.handedOn === 0) io.printError(visible(nothingOf(last)));
    return true;
  }
  io.printError(paint.red(visible(`The replay ${last.id} is ${last.status}${last.reason ? `: ${last.reason}` : ""}.`)));
  return false;
}

/** The replay after a pause. When it can't be seen any more, the error says how to go on: never by starting it again. */
async function look(context: Context, last: Replay): Promise<Replay> {
  const { client, io } = context;
  for (let failed = 1; ; failed++) {
    await io.sleep(pauseMs);
    try {
      return fitting(ReplayShape, await client.ops.replays.get(last.id));
    } catch (error) {
      if (failed < failedLooks && mayPass(error)) continue;
      const told = explain(error, io, "watch it again");
      if (told === undefined) throw error;
      const next = `The replay goes on unwatched: ${followLine(context, last)} watches it again.`;
      throw new RefusedError(`${told}\n${next}`, { cause: error });
    }
  }
}

function followLine(context: Context, { id }: Replay): string {
  return visible(commandLine(context, `replay --follow ${id}`));
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

/**
 * How far EventBridge has come says nothing of a replay that it has completed: it has sent all events of the time, and
 * they are still being handed on.
 */
function line(replay: Replay, word = replay.status === "completed" ? "sent" : replay.status): string {
  const { id, subscriber, status, lastEventAt, progress } = replay;
  const upTo = lastEventAt && !endings.includes(status) ? `, up to ${lastEventAt}` : "";
  return visible(`${id}  to ${subscriber}  ${word}${upTo}${progress ? `: ${told(progress)}` : ""}`);
}

function told({ handedOn, leftOut, waiting }: NonNullable<Replay["progress"]>): string {
  const still = waiting > 0 ? `, ${waiting} still to come` : "";
  return `${handedOn} handed on, ${leftOut} left out${still}`;
}
