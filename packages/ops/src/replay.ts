import type { Client } from "@cartwright/client";
import { type Command, type Context, eventFilter, eventOptions, eventUsage, text } from "./command.ts";
import { RefusedError, UsageError } from "./io.ts";
import { visible } from "./text.ts";

type Replay = Awaited<ReturnType<Client["ops"]["replays"]["get"]>>;

const pauseMs = 1_000;
/** Longer than any replay that somebody waits for; it goes on unwatched. */
const patienceMs = 6 * 3_600_000;
const endings = ["completed", "cancelled", "failed", "unknown"];

export const replay: Command = {
  name: "replay",
  summary: "sends archived events to one subscriber again",
  usage: `npm run ops -- replay <subscriber> --from <time> [--to <time>] [options]
npm run ops -- replay --follow <replay id>

Starts a replay of the archive to this subscriber alone, and follows it to its end.

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
  for (let waitedMs = 0; !endings.includes(last.status); waitedMs += pauseMs) {
    if (waitedMs >= patienceMs) {
      throw new RefusedError(`it still runs: npm run ops -- replay --follow ${last.id} goes on watching it`);
    }
    await io.sleep(pauseMs);
    const next = await client.ops.replays.get(last.id);
    const isNews = next.status !== last.status || next.lastEventAt !== last.lastEventAt;
    if (isNews && !printJson(next)) io.print(line(next));
    last = next;
  }
  if (last.status === "completed") return true;
  io.printError(paint.red(`The replay ${last.id} is ${last.status}${last.reason ? `: ${visible(last.reason)}` : ""}.`));
  return false;
}

function line({ id, subscriber, status, lastEventAt }: Replay): string {
  return `${id}  to ${subscriber}  ${status}${lastEventAt ? `, up to ${lastEventAt}` : ""}`;
}
