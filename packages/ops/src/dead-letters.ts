import type { Client } from "@cartwright/client";
import { fitting, Letters as LettersShape, Queues, Redriven as RedrivenShape, WholeLetter } from "./answer.ts";
import {
  advise,
  type Command,
  type Context,
  filterOf,
  filterOptions,
  filterUsage,
  hasFilter,
  text,
} from "./command.ts";
import { RefusedError, UsageError } from "./io.ts";
import { beginningOf, codesOf, type Letter, type Letters, seconds } from "./letter.ts";
import { count, facts, json, table, visible } from "./text.ts";

type Queue = Awaited<ReturnType<Client["ops"]["deadLetters"]["list"]>>["items"][number];
type Redriven = Awaited<ReturnType<Client["ops"]["deadLetters"]["redrive"]>>;
type Redrive = Parameters<Client["ops"]["deadLetters"]["redrive"]>[0];

/** A call may move a thousand letters. */
const maximumCalls = 1_000;
const waitMs = 5_000;

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
    return hasFilter(context.values) ? listEverywhere(context) : listSubscribers(context);
  },
};

async function listSubscribers(context: Context): Promise<boolean> {
  const { client, io, paint, values, printJson } = context;
  const answer = fitting(Queues, await client.ops.deadLetters.list());
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
  const first = shown.find(({ letters }) => letters > 0);
  if (first) advise(context, [`dead-letters list ${first.subscriber}`]);
  return true;
}

/** A person who knows the order doesn't know yet what failed for it. */
async function listEverywhere(context: Context): Promise<boolean> {
  const { client, io, paint, values } = context;
  const { items: queues } = fitting(Queues, await client.ops.deadLetters.list());
  const event = text(values.event);
  if (event !== undefined) checkEvent(event, queues);
  const sum = { found: 0, examined: 0, unfinished: 0 };
  for (const { subscriber, letters, events } of queues) {
    if (letters === 0 || (event !== undefined && !events.includes(event))) continue;
    const answer = await lettersOf(context, subscriber);
    sum.found += answer.items.length;
    sum.examined += answer.examined;
    sum.unfinished += Number(answer.more);
    if (values.json || (answer.items.length === 0 && !answer.more)) continue;
    io.print(paint.bold(visible(subscriber)));
    printLetters(context, subscriber, answer);
  }
  if (sum.found + sum.unfinished === 0 && !values.json) {
    const examined = sum.examined > 0 ? `, of ${count(sum.examined, "letter")} examined` : "";
    io.print(`No dead letters of this filter in ${count(queues.length, "queue")}${examined}.`);
  }
  return true;
}

/** Where there are no letters the API is not asked about the filter, and a slip would look like good news. */
function checkEvent(event: string, queues: Queue[]): void {
  const known = [...new Set(queues.flatMap(({ events }) => events))].sort();
  if (known.includes(event)) return;
  throw new RefusedError(`there is no event ${JSON.stringify(event)}: there are ${visible(known.join(", "))}`);
}

async function listLetters(context: Context, subscriber: string): Promise<boolean> {
  const answer = await lettersOf(context, subscriber);
  if (!context.values.json) printLetters(context, subscriber, answer);
  return true;
}

/** With `--json` they are printed. */
async function lettersOf({ client, values, printJson }: Context, subscriber: string): Promise<Letters> {
  const limit = text(values.limit);
  const query = { ...filterOf(values), ...(limit !== undefined && { limit: Number(limit) }) };
  const answer = fitting(LettersShape, await client.ops.deadLetters.of(subscriber, query));
  printJson(answer);
  return answer;
}

function printLetters(context: Context, subscriber: string, { items, examined, more }: Letters): void {
  const { io, paint } = context;
  if (items.length > 0) {
    const head = ["id", "event", "order", "error", "attempts", "last", "message"];
    for (const line of table(head, items.map(rowOf), paint)) io.print(line);
  }
  const found = `${count(items.length, "letter")} of ${examined} examined${items.length > 1 ? `: ${codesOf(items)}` : ""}`;
  const rest = more ? "; there are more: narrow the filter, or raise --limit" : "";
  const hidden = examined === 0 ? "; one that somebody looks at is hidden for a minute at most" : "";
  io.print(paint.dim(`${found}${rest}${hidden}`));
  if (items[0]) advise(context, [`dead-letters show ${subscriber} ${items[0].id}`]);
}

function rowOf({ id, event, failure, sentAt }: Letter) {
  const { code, message, attempts, lastAt = sentAt } = failure;
  return [id, event?.name, event?.orderId, code, attempts, seconds(lastAt), beginningOf(message)];
}

export const show: Command = {
  name: "dead-letters show",
  summary: "one letter with its event",
  usage: "npm run ops -- dead-letters show <subscriber> <letter id> [options]",
  options: {},
  positionals: [2, 2],
  async run(context) {
    const { client, io, paint, positionals, printJson } = context;
    const letter = fitting(WholeLetter, await client.ops.deadLetters.show(positionals[0]!, positionals[1]!));
    if (printJson(letter)) return true;
    const { id, subscriber, event, failure, sentAt, body } = letter;
    const told: [string, string | number | undefined][] = [
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
      ["in the log", failure.messageId && `message ${failure.messageId}`],
    ];
    for (const line of facts(told, paint)) io.print(line);
    io.print("");
    io.print(json(body));
    advise(context, [
      ...(event?.orderId ? [`timeline ${event.orderId}`] : []),
      `dead-letters redrive ${subscriber} ${id}`,
    ]);
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
    let last: Redriven | undefined;
    for (let call = 1; more && call <= maximumCalls; call++) {
      const answer = fitting(RedrivenShape, await client.ops.deadLetters.redrive(request));
      more = answer.more;
      last = answer;
      // A letter that fails again at once comes back as a new one, and would be redriven for ever.
      request = { ...request, sentBefore: answer.asOf, setAside: answer.setAside };
      sum.examined += answer.examined;
      sum.matched += answer.matched;
      sum.redriven += answer.redriven;
      sum.refused += answer.refused.length;
      // What is left is in somebody's hands, and comes back in a minute at most.
      if (more && answer.examined === 0) await io.sleep(waitMs);
      if (printJson(answer)) continue;
      for (const { id, reason } of answer.refused)
        io.print(`${paint.red("refused")} ${visible(id)}: ${visible(reason)}`);
      if (more) io.print(paint.dim(`… ${sum.redriven} redriven of ${sum.examined} examined so far`));
    }
    if (!context.values.json) io.print(summaryOf(context, sum));
    if (!context.values.json && last && sum.redriven > 0) io.print(outlookOf(last));
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

/** That it was sent is all that is known; the effect shows later. */
function outlookOf({ subscriber, redrivesTo, backWithinSeconds = 0 }: Redriven): string {
  if (redrivesTo === "machine") return "They start the checkout again: the orders' timelines tell what becomes of it.";
  if (redrivesTo === "bus") return "They are published: every subscriber has all its attempts now.";
  const minutes = Math.ceil(backWithinSeconds / 60);
  return `They have all their attempts again: what fails is back in the list of ${visible(subscriber)} within about ${count(minutes, "minute")}.`;
}
