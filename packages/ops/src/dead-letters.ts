import type { Client } from "@cartwright/client";
import { type Command, type Context, filterOf, filterOptions, filterUsage, hasFilter, text } from "./command.ts";
import { RefusedError, UsageError } from "./io.ts";
import { count, json, table, visible } from "./text.ts";

type Letters = Awaited<ReturnType<Client["ops"]["deadLetters"]["of"]>>;
type Letter = Letters["items"][number];
type Redrive = Parameters<Client["ops"]["deadLetters"]["redrive"]>[0];

/** A call may move a thousand letters. */
const maximumCalls = 1_000;

export const list: Command = {
  name: "dead-letters list",
  summary: "what failed for good: all subscribers, or one subscriber's letters",
  usage: `npm run ops -- dead-letters list [<subscriber>] [options]

Without a subscriber: those that have letters. With one, or with a filter: the letters themselves.

${filterUsage}
  --limit <n>          at most so many of a subscriber (default 100)
  --all                subscribers without letters too`,
  options: { ...filterOptions, limit: { type: "string" }, all: { type: "boolean" } },
  positionals: [0, 1],
  check({ limit, all, ...values }, [subscriber]) {
    if (limit !== undefined && !(/^\d{1,3}$/.test(String(limit)) && Number(limit) >= 1 && Number(limit) <= 500)) {
      throw new UsageError(`--limit takes a number from 1 to 500, not ${JSON.stringify(limit)}`);
    }
    if (all && (subscriber !== undefined || hasFilter(values))) {
      throw new UsageError("--all shows subscribers without letters: leave out the subscriber and the filter");
    }
  },
  async run(context) {
    const [subscriber] = context.positionals;
    if (subscriber !== undefined) return listLetters(context, subscriber);
    if (!hasFilter(context.values)) return listSubscribers(context);
    // A person who knows the order doesn't know yet what failed for it.
    const { items } = await context.client.ops.deadLetters.list();
    const some = items.filter(({ letters }) => letters > 0);
    if (some.length === 0 && !context.values.json) context.io.print("No dead letters.");
    for (const { subscriber: name } of some) {
      if (!context.values.json) context.io.print(context.paint.bold(name));
      await listLetters(context, name);
    }
    return true;
  },
};

async function listSubscribers({ client, io, paint, values, printJson }: Context): Promise<boolean> {
  const answer = await client.ops.deadLetters.list();
  if (printJson(answer)) return true;
  const shown = answer.items.filter(({ letters }) => values.all || letters > 0);
  if (shown.length === 0) {
    io.print(paint.green(`No dead letters in ${count(answer.items.length, "queue")}.`));
    return true;
  }
  const rows = shown.map(({ subscriber, letters, redrivesTo, events }) => [
    subscriber,
    letters,
    redrivesTo,
    events.length > 3 ? `${events.slice(0, 3).join(", ")} and ${events.length - 3} more` : events.join(", "),
  ]);
  const [head = "", ...lines] = table(["subscriber", "letters", "redrives to", "events"], rows, paint);
  io.print(head);
  for (const [at, line] of lines.entries()) io.print(shown[at]!.letters > 0 ? line : paint.dim(line));
  return true;
}

async function listLetters({ client, io, paint, values, printJson }: Context, subscriber: string): Promise<boolean> {
  const limit = text(values.limit);
  const query = { ...filterOf(values), ...(limit !== undefined && { limit: Number(limit) }) };
  const answer = await client.ops.deadLetters.of(subscriber, query);
  if (printJson(answer)) return true;
  const { items, examined, more } = answer;
  if (items.length > 0) {
    const head = ["id", "event", "order", "error", "attempts", "first", "last"];
    for (const line of table(head, items.map(rowOf), paint)) io.print(line);
  }
  const found = `${count(items.length, "letter")} of ${examined} examined`;
  io.print(paint.dim(more ? `${found}; there are more: narrow the filter, or raise --limit` : found));
  return true;
}

function rowOf({ id, event, failure, sentAt }: Letter) {
  const { code, attempts, firstAt, lastAt = sentAt } = failure;
  return [id, event?.name, event?.orderId, code, attempts, seconds(firstAt), seconds(lastAt)];
}

const seconds = (time: string | undefined) => time?.replace(/\.\d+Z$/, "Z");

export const show: Command = {
  name: "dead-letters show",
  summary: "one letter with its event",
  usage: "npm run ops -- dead-letters show <subscriber> <letter id> [options]",
  options: {},
  positionals: [2, 2],
  async run({ client, io, paint, positionals, printJson }) {
    const letter = await client.ops.deadLetters.show(positionals[0]!, positionals[1]!);
    if (printJson(letter)) return true;
    const { id, subscriber, event, failure, sentAt, body } = letter;
    const facts: [string, string | number | undefined][] = [
      ["letter", id],
      ["subscriber", subscriber],
      ["event", event && `${event.name} version ${event.version} (${event.id})`],
      ["happened", event?.time],
      ["subject", event?.subject],
      ["order", event?.orderId],
      ["correlation", event?.correlationId],
      ["error", failure.code],
      ["message", failure.message],
      ["attempts", failure.attempts],
      ["first", failure.firstAt],
      ["last", failure.lastAt],
      ["sent", sentAt],
    ];
    for (const [name, value] of facts) {
      if (value !== undefined) io.print(`${paint.dim(name.padEnd(11))}  ${visible(String(value))}`);
    }
    io.print("");
    io.print(json(body));
    return true;
  },
};

export const redrive: Command = {
  name: "dead-letters redrive",
  summary: "sends letters where they were meant to go",
  usage: `npm run ops -- dead-letters redrive <subscriber> (<letter id> | <filter> | --all) [--dry-run] [options]

Goes on until nothing is left that was asked for. Redriving twice does no harm.

${filterUsage}
  --all                every letter of the subscriber
  --dry-run            only say what would be redriven, and what would be refused`,
  options: { ...filterOptions, all: { type: "boolean" }, "dry-run": { type: "boolean" } },
  positionals: [1, 2],
  check(values, [, id]) {
    const ways = [id !== undefined, hasFilter(values), values.all === true].filter(Boolean).length;
    if (ways === 1) return;
    throw new UsageError(
      ways === 0
        ? "say which letters: a letter's id, a filter such as --order, or --all"
        : "a letter's id, a filter and --all exclude each other: give one of them",
    );
  },
  async run(context) {
    const { client, io, paint, printJson } = context;
    let request = requestOf(context);
    const sum = { examined: 0, matched: 0, redriven: 0, refused: 0 };
    let more = true;
    for (let call = 1; more && call <= maximumCalls; call++) {
      const answer = await client.ops.deadLetters.redrive(request);
      more = answer.more;
      // A letter that fails again at once comes back as a new one, and would be redriven for ever.
      request = { ...request, sentBefore: answer.asOf };
      sum.examined += answer.examined;
      sum.matched += answer.matched;
      sum.redriven += answer.redriven;
      sum.refused += answer.refused.length;
      if (printJson(answer)) continue;
      for (const { id, reason } of answer.refused) io.print(`${paint.red("refused")} ${id}: ${visible(reason)}`);
      if (more) io.print(paint.dim(`… ${sum.redriven} redriven of ${sum.examined} examined so far`));
    }
    if (!context.values.json) io.print(summaryOf(context, sum));
    if (more) throw new RefusedError("there are still more: run the command again to go on");
    return sum.refused === 0;
  },
};

function requestOf({ positionals: [subscriber = "", id], values }: Context): Redrive {
  const dryRun = values["dry-run"] === true;
  if (id !== undefined) return { subscriber, id, dryRun };
  if (values.all) return { subscriber, all: true, dryRun };
  return { subscriber, filter: filterOf(values), dryRun };
}

function summaryOf(
  { values, paint }: Context,
  { examined, matched, redriven, refused }: { examined: number; matched: number; redriven: number; refused: number },
): string {
  const not = refused > 0 ? `, ${refused} refused` : "";
  if (values["dry-run"])
    return `Would redrive ${count(matched - refused, "letter")} of ${examined} examined${not}. Nothing was sent.`;
  const done = `Redrove ${count(redriven, "letter")} of ${examined} examined${not}.`;
  return refused > 0 ? done : paint.green(done);
}
