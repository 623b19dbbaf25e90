/** `npm start`: the whole system on this machine, from the recorded stacks. */
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { boot, type Local } from "../boot.ts";
import { orderFor, people, seed } from "../shop/seed.ts";
import { exitWithReason, readTopology, watchParent } from "./process.ts";

const usage = `npm start -- [options]

  --port <number>    where the API listens (default 4000); the AWS APIs listen one above
  --state <folder>   where state lives (default .cartwright)
  --fresh            begin anew: forget all state first
  --help             this text`;

class UsageError extends Error {
  override name = "UsageError";
}

function options() {
  const { values } = parse();
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 1 || port > 65534) {
    throw new UsageError(`--port takes a number from 1 to 65534, not ${values.port}\n\n${usage}`);
  }
  return { ...values, port };
}

function parse() {
  try {
    return parseArgs({
      options: {
        port: { type: "string", default: "4000" },
        state: { type: "string", default: ".cartwright" },
        fresh: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    });
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : error}\n\n${usage}`);
  }
}

const secretPrefix = "CARTWRIGHT_SECRET_";

/** One that is misspelt would be passed over in silence. */
function checkSecrets({ links }: ReturnType<typeof readTopology>): void {
  const secrets = Object.keys(links).filter((name) => String(links[name]!.type).endsWith(".Secret"));
  const known = secrets.map((name) => secretPrefix + name);
  const unknown = Object.keys(process.env).find((name) => name.startsWith(secretPrefix) && !known.includes(name));
  if (unknown) throw new UsageError(`there is no secret ${unknown}: there are ${known.join(", ")}`);
}

/** What the sandbox is told to do wrong; throws when it can't make sense of that, before the first order has to. */
async function troubleOf({ apiUrl }: Local): Promise<string | undefined> {
  const response = await fetch(`${apiUrl}/sandbox/trouble`);
  const answer = (await response.json()) as { trouble?: Record<string, unknown>; detail?: string };
  if (!response.ok) throw new UsageError(answer.detail ?? `the sandbox answers ${response.status}`);
  const words = Object.entries(answer.trouble ?? {}).map(([name, value]) => `${name}=${value}`);
  return words.length > 0 ? words.join(" ") : undefined;
}

/** `onLocal` is told as soon as there is something to stop. */
async function start(onLocal: (local: Local) => void): Promise<void> {
  const { help, port, state, fresh } = options();
  if (help) return console.log(usage);
  const startedAtMs = performance.now();
  const topology = readTopology();
  checkSecrets(topology);
  const onStep = (step: string) => console.log(`  ✓ ${step}`);
  console.log("Starting Cartwright");
  const local = await boot({
    topology,
    root: process.cwd(),
    stateFolder: resolve(state),
    fresh,
    apiPort: port,
    endpointPort: port + 1,
    onStep,
    // Without its engine nothing works, and what was answered is safe on disk.
    onFatal: exitWithReason,
    hooks: { onAlarm: ({ name, state, alarm }) => console.log(alarmLine(name, state, alarm.description)) },
  });
  onLocal(local);
  await seed({ ...local, userPoolId: topology.userPools.UserPool!.id });
  await local.idle();
  onStep("seeded a catalogue, a customer and a member of staff");
  const trouble = await troubleOf(local);
  if (trouble) onStep(`the payment provider makes trouble: ${trouble}`);
  console.log(welcome(local, state, (performance.now() - startedAtMs) / 1000));
}

/** What somebody on call would be told. */
function alarmLine(name: string, state: string, description = "no description"): string {
  const time = new Date().toTimeString().slice(0, 8);
  return state === "ALARM" ? `${time}  ! ${name}: ${description}` : `${time}  ✓ ${name} is over`;
}

function welcome({ apiUrl, endpointUrl }: Local, state: string, seconds: number): string {
  const { customer, staff } = people;
  const order = orderFor(
    [
      { sku: "MUG-BLUE", quantity: 2 },
      { sku: "TEA-ASSAM-100", quantity: 1 },
    ],
    "tok_ok",
  );
  const signIn = JSON.stringify(customer);
  return `
Ready after ${seconds.toFixed(1)} s. Stop with Ctrl-C; state stays in ${state}/.

  API        ${apiUrl}  (to be read and tried at ${apiUrl}/docs)
  AWS APIs   ${endpointUrl}
  logs       ${state}/log.jsonl
  customer   ${customer.email}  ${customer.password}
  staff      ${staff.email}  ${staff.password}
  mail       ${endpointUrl}/_local/mail?to=${customer.email}  (confirmation codes, as Cognito would email them)

Your first order, in another terminal:

  TOKEN=$(curl -s ${apiUrl}/sessions -H 'content-type: application/json' -d '${signIn}' | sed 's/.*"accessToken":"\\([^"]*\\)".*/\\1/')

  ORDER=$(curl -s ${apiUrl}/orders -H "authorization: Bearer $TOKEN" -H 'content-type: application/json' -H "idempotency-key: first-order-$(date +%s)" \\
    -d '${JSON.stringify(order).replaceAll("'", "'\\''")}' | sed 's/.*"id":"\\(ord_[^"]*\\)".*/\\1/')

  sleep 1; curl -s ${apiUrl}/orders/$ORDER -H "authorization: Bearer $TOKEN"

What has happened to it, as operators see it (more by npm run ops -- --help):

  npm run ops -- timeline $ORDER --url ${apiUrl}

Cancel it, and its money and stock go back; its payment shows how:

  curl -s -X POST ${apiUrl}/orders/$ORDER/cancel -H "authorization: Bearer $TOKEN" -H "idempotency-key: cancel-$ORDER"

  sleep 1; curl -s ${apiUrl}/payments/pay_\${ORDER#ord_} -H "authorization: Bearer $TOKEN"

Pay with tok_declined, tok_insufficient_funds, tok_timeout, tok_unavailable or tok_requires_action to see it fail well;
the README has all tokens.
`;
}

/** Signals stop whatever has been started by then; a second one does not wait for it. */
function main(): void {
  let local: Local | undefined;
  let stopping = false;
  let pressedAtMs = 0;
  const stop = (signal: NodeJS.Signals) => {
    // npm passes on what the terminal has already sent to all: that is one press, not two.
    if (stopping && performance.now() - pressedAtMs < 500) return;
    if (stopping) process.exit(1);
    stopping = true;
    pressedAtMs = performance.now();
    console.log(`\n${signal}: stopping; press again to stop at once`);
    local?.stop().then(() => process.exit(0), exitWithReason);
  };
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  watchParent();
  start((started) => {
    local = started;
    if (stopping) local.stop().then(() => process.exit(0), exitWithReason);
  }).catch((error) => {
    // What fails because it is being stopped is no news.
    if (!stopping) exitWithReason(error);
    if (!local) process.exit(0);
  });
}

main();
