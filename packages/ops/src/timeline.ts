import type { Client } from "@cartwright/client";
import { fitting, Timeline } from "./answer.ts";
import type { Command } from "./command.ts";
import { table, visible } from "./text.ts";

type Moment = Awaited<ReturnType<Client["orders"]["timeline"]>>["items"][number];

export const timeline: Command = {
  name: "timeline",
  summary: "what has happened to an order",
  usage: "npm run ops -- timeline <order id> [options]",
  options: {},
  positionals: [1, 1],
  async run({ client, io, paint, positionals, printJson }) {
    const answer = fitting(Timeline, await client.orders.timeline(positionals[0]!));
    if (printJson(answer)) return true;
    const startMs = Date.parse(answer.items[0]?.at ?? "");
    const rows = answer.items.map(({ at, event, undo, text, causedBy }: Moment) => [
      at,
      `+${((Date.parse(at) - startMs) / 1000).toFixed(3)} s`,
      `${undo ? "↩ " : ""}${visible(text)}`,
      event,
      causedBy,
    ]);
    if (rows.length === 0) io.print("Nothing is known of it yet: the timeline follows the order by a moment.");
    else for (const line of table(["at", "since", "what", "event", "caused by"], rows, paint)) io.print(line);
    return true;
  },
};
