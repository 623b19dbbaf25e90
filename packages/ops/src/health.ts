import { fitting, Health as HealthShape } from "./answer.ts";
import { advise, type Command, type Context } from "./command.ts";
import { seconds } from "./letter.ts";
import { maximumPending, type Pending, patienceMs, pendingSince } from "./pending.ts";
import { count, printSections, table, visible } from "./text.ts";
import { lengthOf } from "./time.ts";

type Health = HealthShape;
type Alarm = Health["alarms"][number];

const ordersShown = 5;

export const health: Command = {
  name: "health",
  summary: "how the stage is: alarms, dead letters, orders that don't settle",
  usage: `npm run ops -- health [options]

What is in alarm, since when, what it means and which page of the runbook says what to do; who has dead letters; and the
orders that are pending for longest. Ends with 1 while the stage is failing: while orders or money are being lost.`,
  options: {},
  positionals: [0, 0],
  async run(context) {
    const { client, io, paint, printJson } = context;
    const told = fitting(HealthShape, await client.ops.health());
    const pending = await pendingSince(client, new Date(io.now() - patienceMs).toISOString());
    const isUp = told.status !== "failing";
    if (printJson(told)) {
      printJson({ items: pending.orders });
      return isUp;
    }
    const on = alarmsOn(told);
    const colour = told.status === "healthy" ? paint.green : isUp ? paint.bold : paint.red;
    printSections(io, [
      [`${colour(told.status)}: ${summaryOf(told, on, pending)}`],
      ...on.map((alarm) => alarmLines(alarm, context)),
      watchLines(told),
      letterLines(told, context),
      pendingLines(pending, context),
    ]);
    advise(context, nextFor(told, pending));
    return isUp;
  },
};

/** What somebody is called for, first what matters most, and of that what has been on for longest. */
function alarmsOn({ alarms }: Health): Alarm[] {
  const on = alarms.filter(({ state, calls }) => state === "alarm" && calls);
  return on.sort(
    (one, other) =>
      Number(other.urgent) - Number(one.urgent) || Date.parse(one.since ?? "") - Date.parse(other.since ?? ""),
  );
}

function summaryOf({ watched, alarms, queues, deadLetters }: Health, on: Alarm[], { orders, more }: Pending): string {
  const letters = deadLetters.reduce((sum, queue) => sum + queue.letters, 0);
  const quiet = `all ${count(alarms.length, "alarm")} are quiet`;
  return [
    !watched ? "no alarms" : on.length > 0 ? `${on.length} of ${count(alarms.length, "alarm")} on` : quiet,
    letters > 0
      ? `${count(letters, "dead letter")} in ${count(deadLetters.length, "queue")}`
      : `no dead letters in ${count(queues, "queue")}`,
    `${more ? "more than " : ""}${count(orders.length, "order")} pending for more than ${lengthOf(patienceMs)}`,
  ].join(", ");
}

function alarmLines(
  { name, since, urgent, muted, description, reason, runbook }: Alarm,
  { io, paint }: Context,
): string[] {
  const forHow = since ? ` for ${lengthOf(io.now() - Date.parse(since))}, since ${seconds(since)}` : "";
  const silent = muted ? ", and muted: nobody was called" : "";
  return [
    `${(urgent ? paint.red : paint.bold)(visible(name))}${forHow}${silent}`,
    ...[description, reason, runbook].flatMap((sentence) => (sentence ? [`  ${visible(sentence)}`] : [])),
  ];
}

/** What keeps people from being called. */
function watchLines({ watched, alarms }: Health): string[] {
  if (!watched) return ["Nobody is called from this stage: it has no alarms, as staging and production have."];
  const named = (wanted: Alarm[]) => visible(wanted.map(({ name }) => name).join(", "));
  const missing = alarms.filter(({ state }) => state === "missing");
  const muted = alarms.filter((alarm) => alarm.muted && alarm.state !== "alarm");
  return [
    ...(missing.length > 0 ? [`Not there any more, deploy again: ${named(missing)}`] : []),
    ...(muted.length > 0 ? [`Muted, nobody will be called: ${named(muted)}`] : []),
  ];
}

function letterLines({ deadLetters }: Health, { paint }: Context): string[] {
  if (deadLetters.length === 0) return [];
  const rows = deadLetters.map(({ subscriber, letters }) => [subscriber, letters]);
  return table(["subscriber", "dead letters"], rows, paint);
}

function pendingLines({ orders, more }: Pending, { io, paint }: Context): string[] {
  if (orders.length === 0) return [];
  const rows = orders.slice(0, ordersShown).map(({ id, number, createdAt }) => {
    return [id, number, seconds(createdAt), lengthOf(io.now() - Date.parse(createdAt))];
  });
  const unread = `There are more than ${maximumPending}: these are not the oldest.`;
  return [...table(["oldest pending", "number", "placed", "for"], rows, paint), ...(more ? [unread] : [])];
}

function nextFor({ deadLetters }: Health, { orders }: Pending): string[] {
  return [
    ...(orders.length > 0 ? ["stuck"] : []),
    ...deadLetters.slice(0, 1).map(({ subscriber }) => `dead-letters list ${subscriber}`),
    ...(deadLetters.length > 0 ? ["needs-operator"] : []),
  ];
}
