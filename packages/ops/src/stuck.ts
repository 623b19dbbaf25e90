/** Orders that don't settle, and whom they wait for. */
import type * as z from "zod";
import { fitting, Health, Letters as LettersShape, Timeline } from "./answer.ts";
import { advise, type Command, type Context, commandLine, text } from "./command.ts";
import { UsageError } from "./io.ts";
import type { Letter } from "./letter.ts";
import { maximumPending, type PendingOrder, patienceMs, pendingSince } from "./pending.ts";
import { count, facts, printSections, visible } from "./text.ts";
import { lengthOf, parseSpan } from "./time.ts";

type Moments = z.output<typeof Timeline>["items"];
type Waiting = "a letter" | "the customer" | "the provider" | "its undo" | "its beginning" | "its checkout";

interface Stuck {
  order: PendingOrder;
  moments: Moments;
  letters: Letter[];
  waitsFor: Waiting;
}

const defaultShown = 20;
const lettersPerQueue = 500;

export const stuck: Command = {
  name: "stuck",
  summary: "the orders that are pending for too long, and whom they wait for",
  usage: `npm run ops -- stuck [options]

Orders that have not settled so long after they were placed, the oldest first: what happened last, whom they wait for,
and the command to go on with. What a person has to decide about orders of any status is told by needs-operator.

  --older-than <span>  such as 90s, 30m, 2h (default ${patienceMs / 60_000}m)
  --limit <n>          so many of them (default ${defaultShown})
  With --json: a line for each order.`,
  options: { "older-than": { type: "string" }, limit: { type: "string" } },
  positionals: [0, 0],
  check({ limit, ...values }) {
    const olderThan = text(values["older-than"]);
    if (olderThan !== undefined) parseSpan("older-than", olderThan);
    if (limit !== undefined && !(/^\d{1,3}$/.test(String(limit)) && Number(limit) >= 1)) {
      throw new UsageError(`--limit takes a number from 1 to 999, not ${JSON.stringify(limit)}`);
    }
  },
  async run(context) {
    const { client, io, values } = context;
    const olderThan = text(values["older-than"]);
    const spanMs = olderThan === undefined ? patienceMs : parseSpan("older-than", olderThan);
    const { orders, more } = await pendingSince(client, new Date(io.now() - spanMs).toISOString());
    const shown = orders.slice(0, Number(values.limit ?? defaultShown));
    const all = await lookInto(context, shown);
    if (values.json) {
      for (const { order, moments, letters, waitsFor } of all) {
        io.print(JSON.stringify({ order, waitsFor, last: moments.at(-1), letters }));
      }
      return true;
    }
    printSections(io, [
      ...all.map((one) => linesOf(one, context)),
      [summaryOf({ shown: shown.length, all: orders.length, more }, spanMs, context)],
    ]);
    if (all.length > 0) advise(context, ["health"]);
    return true;
  },
};

async function lookInto({ client }: Context, orders: PendingOrder[]): Promise<Stuck[]> {
  if (orders.length === 0) return [];
  const health = fitting(Health, await client.ops.health());
  const isBroken = health.alarms.some(({ name, state }) => name.endsWith("BreakerOpen") && state === "alarm");
  const letters = await lettersByOrder(client, health.deadLetters);
  const found: Stuck[] = [];
  // One after the other: a shop in trouble has enough to do.
  for (const order of orders) {
    const { items: moments } = fitting(Timeline, await client.orders.timeline(order.id));
    const own = letters.get(order.id) ?? [];
    found.push({ order, moments, letters: own, waitsFor: waitsFor(moments, own, isBroken) });
  }
  return found;
}

/** A queue is read once for all of the orders: reading hides its letters from others for a moment. */
async function lettersByOrder(
  client: Context["client"],
  queues: z.output<typeof Health>["deadLetters"],
): Promise<Map<string, Letter[]>> {
  const asked = queues.map(async ({ subscriber }) =>
    fitting(LettersShape, await client.ops.deadLetters.of(subscriber, { limit: lettersPerQueue })),
  );
  const byOrder = new Map<string, Letter[]>();
  for (const letter of (await Promise.all(asked)).flatMap(({ items }) => items)) {
    const orderId = letter.event?.orderId;
    if (orderId !== undefined) byOrder.set(orderId, [...(byOrder.get(orderId) ?? []), letter]);
  }
  return byOrder;
}

/** What was told last of the payment decides, unless something has failed for good. */
function waitsFor(moments: Moments, letters: Letter[], isProviderBroken: boolean): Waiting {
  if (letters.length > 0) return "a letter";
  const payment = moments.findLast(({ event }) => event.startsWith("payment."))?.event;
  if (payment === "payment.action-required") return "the customer";
  if (payment === "payment.outcome-unknown" || isProviderBroken) return "the provider";
  if (moments.some(({ event }) => event === "order.abandoned")) return "its undo";
  return moments.every(({ event }) => event === "order.placed") ? "its beginning" : "its checkout";
}

const explanations: Record<Waiting, string> = {
  "a letter": "a person: something has failed for good",
  "the customer": "the customer, who has to confirm the payment at their bank; it is cancelled if they don't",
  "the provider": "the payment provider, which gives no answer; it is asked again each minute",
  "its undo": "what it holds to be given back; it is tried again each minute",
  "its beginning": "its checkout to begin: nothing has happened since it was placed",
  "its checkout": "its checkout, which starts again each minute",
};

function linesOf({ order, moments, letters, waitsFor }: Stuck, context: Context): string[] {
  const { io, paint } = context;
  const since = (time: string) => lengthOf(io.now() - Date.parse(time));
  const last = moments.at(-1);
  const told: [string, string | undefined][] = [
    ["last", last ? `${last.text} (${since(last.at)} ago)` : "nothing is known of it yet"],
    ["waits for", explanations[waitsFor]],
    ...letters.map(({ subscriber, failure }): [string, string] => [
      "letter",
      `${subscriber}: ${failure.code}: ${failure.message}`,
    ]),
    ["next", commandLine(context, nextFor(order, letters))],
  ];
  return [
    `${paint.bold(visible(order.id))}  ${visible(order.number)}  pending for ${since(order.createdAt)}`,
    ...facts(told, paint).map((line) => `  ${line}`),
  ];
}

function nextFor({ id }: PendingOrder, [letter]: Letter[]): string {
  return letter ? `dead-letters show ${letter.subscriber} ${letter.id}` : `needs-operator ${id}`;
}

function summaryOf(
  { shown, all, more }: { shown: number; all: number; more: boolean },
  spanMs: number,
  { paint }: Context,
): string {
  const span = lengthOf(spanMs);
  if (all === 0) return paint.green(`No order is pending for more than ${span}.`);
  if (more) return `More than ${maximumPending} orders are pending for more than ${span}: these are not the oldest.`;
  const rest = all > shown ? `; these are the ${shown} oldest: raise --limit to see others` : "";
  return `${count(all, "order")} ${all === 1 ? "is" : "are"} pending for more than ${span}${rest}.`;
}
