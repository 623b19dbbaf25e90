/** What no machine can mend, and why. */
import { ProblemError } from "@cartwright/client";
import type * as z from "zod";
import {
  fitting,
  Letters as LettersShape,
  Payment as PaymentShape,
  shaped,
  Timeline as TimelineShape,
} from "./answer.ts";
import { advise, type Command, type Context, checkOrder, text } from "./command.ts";
import { RefusedError, UsageError } from "./io.ts";
import { codesOf, type Letter, type Letters, seconds } from "./letter.ts";
import { count, facts, money, type Paint, printSections, table, visible } from "./text.ts";

type Payment = z.output<typeof PaymentShape>;
type Timeline = z.output<typeof TimelineShape>;

/** Its letters are about money that is not where it should be. */
const undecided = "NeedsOperator";
/** Their letters are about orders that never settled, and about refunds and returns that stand still. */
const others = ["WatchCheckout", "IssueRefund", "RefundReturn", "RestockReturn", "RecordRefund"];

/** As many as one answer holds. */
const limit = 500;
const momentsShown = 5;

const compare = "compare the attempts with what the provider has under their references, and put right what is wrong";

/** A letter that is redriven has the payment looked at again, and is gone for good if all is well then. */
const adviceByCode = new Map<string, string>([
  ["refund_failed", "refund by other means, or mend the cause; then redrive the letter"],
  ["disputed", "answer the dispute at the provider before its time runs out; redrive the letter once it is decided"],
  ["amount_differs", `${compare}; then redrive the letter`],
  ["unknown_to_provider", `${compare}; then redrive the letter`],
  ["charged_twice", "refund one of the charges at the provider; the letter comes back until it expires"],
  ["not_mended", "mend what the message names; then redrive the letter"],
  ["unexpected_money", `${compare}; then redrive the letter`],
  ["outcome_unknown", "see the provider's status page; redrive the letter once it is well"],
  ["NotYetError", "see in the timeline what it waits for; redrive the letter to watch on"],
]);

const otherAdvice = "look the error up in docs/operations.md, mend the cause and redrive the letter";

const adviceFor = (code: string) => adviceByCode.get(code) ?? otherAdvice;

export const needsOperator: Command = {
  name: "needs-operator",
  summary: "the orders that only a person can mend, and why",
  usage: `npm run ops -- needs-operator [<order id>] [options]

Without an order: what waits for a person's decision, the longest waiting first. These are the letters of ${undecided},
about money that is not where it should be, and those of ${others.join(", ")}.
With an order: all of its reasons, its payment attempt by attempt, what happened last, and what to do.

  --code <code>        only what has this code, such as refund_failed`,
  options: { code: { type: "string" } },
  positionals: [0, 1],
  check({ code }, [orderId]) {
    if (orderId === undefined) return;
    checkOrder("needs-operator", orderId);
    if (code !== undefined) throw new UsageError("--code is for the list: an order is shown with all of its reasons");
  },
  async run(context) {
    const [orderId] = context.positionals;
    await (orderId === undefined ? listAll(context) : showOrder(context, orderId));
    return true;
  },
};

async function listAll(context: Context): Promise<void> {
  const { io, paint, values } = context;
  const code = text(values.code);
  const isMeant = ({ failure }: Letter) => code === undefined || failure.code === code;
  const answers = await lettersAbout(context);
  if (values.json) {
    printAllJson(
      context,
      answers.map((answer) => ({ ...answer, items: answer.items.filter(isMeant) })),
    );
    return;
  }
  const all = longestWaitingFirst(answers);
  const letters = all.filter(isMeant);
  const isWhole = answers.every(({ more }) => !more);
  if (letters.length > 0) {
    for (const line of table(["order", "payment", "since", "code", "message"], letters.map(rowOf), paint)) {
      io.print(line);
    }
    io.print(paint.dim(summaryOf(letters)));
  } else if (all.length > 0) {
    io.print(`Nothing with the code ${visible(code!)} needs an operator: there are ${codesOf(all)}.`);
  } else if (isWhole) {
    io.print(paint.green("Nothing needs an operator."));
  }
  if (!isWhole) io.print(notAll);
  if (letters[0]) advise(context, [wayInto(letters[0])]);
}

async function showOrder(context: Context, orderId: string): Promise<void> {
  const { client, paint, values } = context;
  const answers = await lettersAbout(context, orderId);
  const payment = await unless("payment_not_found", async () =>
    shaped(PaymentShape, await client.payments.get(paymentOf(orderId))),
  );
  const timeline = await unless("order_not_found", async () =>
    fitting(TimelineShape, await client.orders.timeline(orderId)),
  );
  const letters = longestWaitingFirst(answers);
  const isWhole = answers.every(({ more }) => !more);
  // The provider may hold money for an order that we don't know: then there is a letter all the same.
  if (!payment && !timeline && letters.length === 0 && isWhole) throw new RefusedError(`there is no order ${orderId}`);
  if (values.json) {
    printAllJson(context, [...answers, payment, timeline]);
    return;
  }
  printSections(context.io, [
    ...letters.map((letter) => reasonOf(letter, paint)),
    letters.length === 0 && isWhole ? [paint.green(`Nothing about ${orderId} needs an operator.`)] : [],
    isWhole ? [] : [notAll],
    payment ? factsOf(payment, paint) : [`There is no payment ${paymentOf(orderId)}.`],
    payment ? attemptsOf(payment, paint) : [],
    timeline ? lastOf(timeline, paint) : [`There is no order ${orderId}.`],
    adviceOn(letters),
  ]);
  advise(context, [
    ...(timeline ? [`timeline ${orderId}`] : []),
    ...letters.map(({ subscriber, id }) => `dead-letters show ${subscriber} ${id}`),
    ...letters.map(({ subscriber, id }) => `dead-letters redrive ${subscriber} ${id}`),
  ]);
}

/** Of all orders, or of one. */
async function lettersAbout({ client }: Context, orderId?: string): Promise<Letters[]> {
  const query = { limit, ...(orderId !== undefined && { orderId }) };
  const ask = async (subscriber: string) => fitting(LettersShape, await client.ops.deadLetters.of(subscriber, query));
  // A stage may be older than this command; reading a queue to its end takes a second or so.
  const decisions = ask(undecided);
  const asked = others.map((subscriber) => unless("unknown_subscriber", () => ask(subscriber)));
  const answers = await Promise.all([decisions, ...asked]);
  return answers.filter((answer) => answer !== undefined);
}

/** The answer; undefined when the API refuses with this code. */
async function unless<Answer>(code: string, ask: () => Promise<Answer>): Promise<Answer | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof ProblemError && error.code === code) return undefined;
    throw error;
  }
}

function printAllJson({ printJson }: Context, answers: unknown[]): void {
  for (const answer of answers) if (answer !== undefined) printJson(answer);
}

function longestWaitingFirst(answers: Letters[]): Letter[] {
  const letters = answers.flatMap(({ items }) => items);
  return letters.sort((one, other) => Date.parse(sinceOf(one)) - Date.parse(sinceOf(other)));
}

const sinceOf = ({ failure, sentAt }: Letter) => failure.firstAt ?? sentAt;

/** An order has one payment, and both ids end alike. */
const paymentOf = (orderId: string) => orderId.replace(/^ord_/, "pay_");

const notAll = "Some letters could not be looked at: there are too many, or somebody has them in hand for a minute.";

function rowOf(letter: Letter) {
  const { event, failure } = letter;
  const payment = event?.orderId && paymentOf(event.orderId);
  return [event?.orderId, payment, seconds(sinceOf(letter)), failure.code, failure.message];
}

function summaryOf(letters: Letter[]): string {
  const orders = new Set(letters.flatMap(({ event }) => event?.orderId ?? []));
  return `${count(letters.length, "letter")} about ${count(orders.size, "order")}: ${codesOf(letters)}`;
}

function wayInto({ subscriber, id, event }: Letter): string {
  return event?.orderId ? `needs-operator ${event.orderId}` : `dead-letters show ${subscriber} ${id}`;
}

function reasonOf(letter: Letter, paint: Paint): string[] {
  const { id, subscriber, failure } = letter;
  return facts(
    [
      ["code", failure.code],
      ["message", failure.message],
      ["since", seconds(sinceOf(letter))],
      ["attempts", failure.attempts],
      ["letter", `${id} of ${subscriber}`],
    ],
    paint,
  );
}

function factsOf(payment: Payment, paint: Paint): string[] {
  return facts(
    [
      ["payment", payment.id],
      ["status", payment.status],
      ["amount", money(payment.amount)],
      ["authorized", money(payment.authorized)],
      ["captured", money(payment.captured)],
      ["refunded", money(payment.refunded)],
      ["pending refund", money(payment.pendingRefund)],
      ["charged back", money(payment.chargedBack)],
      ["balance", money(payment.balance)],
    ],
    paint,
  );
}

function attemptsOf({ attempts }: Payment, paint: Paint): string[] {
  if (attempts.length === 0) return ["The provider was never asked for anything."];
  const rows = attempts.map(({ kind, outcome, amount, requestedAt, settledAt, reference, reason, key }) => [
    ...[seconds(requestedAt), kind, outcome, amount && money(amount)],
    ...[seconds(settledAt), reference, reason, key],
  ]);
  return table(["requested", "attempt", "outcome", "amount", "settled", "reference", "reason", "key"], rows, paint);
}

function lastOf({ items }: Timeline, paint: Paint): string[] {
  const rows = items
    .slice(-momentsShown)
    .map(({ at, undo, text: told, event }) => [at, `${undo ? "↩ " : ""}${told}`, event]);
  return rows.length > 0 ? table(["at", "what happened last", "event"], rows, paint) : [];
}

function adviceOn(letters: Letter[]): string[] {
  const codes = [...new Set(letters.map(({ failure }) => failure.code))];
  return codes.map((code) => `${visible(code)}: ${adviceFor(code)}.`);
}
