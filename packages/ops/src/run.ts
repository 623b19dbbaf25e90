import { type AnyCommand, parseCommand, surroundingsOf } from "./command.ts";
import { connect, explain } from "./connect.ts";
import * as deadLetters from "./dead-letters.ts";
import { health } from "./health.ts";
import { type Io, UsageError } from "./io.ts";
import { needsOperator } from "./needs-operator.ts";
import { importProducts } from "./product/import.ts";
import { rebuild } from "./rebuild.ts";
import { reconcile } from "./reconcile.ts";
import { replay } from "./replay.ts";
import { seed } from "./seed/seed.ts";
import { smoke } from "./smoke.ts";
import { stuck } from "./stuck.ts";
import { paintOf } from "./text.ts";
import { timeline } from "./timeline.ts";

const commands: AnyCommand[] = [
  ...[health, stuck, needsOperator, deadLetters.list, deadLetters.show, deadLetters.redrive, replay, rebuild],
  ...[timeline, reconcile],
  ...[smoke, importProducts, seed],
];

const where = `Where and who:
  --url <url>          the API (default CARTWRIGHT_API_URL, or http://127.0.0.1:4000)
  --deployed           the API of this checkout's last sst deploy, from .sst/outputs.json
  CARTWRIGHT_TOKEN     a staff member's access token; or
  CARTWRIGHT_EMAIL, CARTWRIGHT_PASSWORD    to sign in with; on this machine, the seeded member of staff otherwise

  --json               the API's answers, one line each, for scripts: npm run --silent ops -- …
  --help               this text

Exits with 0 when it is done, 1 when something was refused or failed, 2 when the command itself is wrong.`;

const overview = `npm run ops -- <command> [options]

${commands.map(({ name, summary }) => `  ${name.padEnd(21)}${summary}`).join("\n")}

npm run ops -- <command> --help tells more.

${where}`;

/** Runs one command line and answers its exit code. */
export async function run(argv: string[], io: Io): Promise<number> {
  try {
    return await dispatch(argv, io);
  } catch (error) {
    const { red } = paintOf(io);
    if (error instanceof UsageError) {
      io.printError(red(error.message));
      io.printError("npm run ops -- --help shows what there is.");
      return 2;
    }
    const told = explain(error, io);
    if (told === undefined) throw error;
    io.printError(red(told));
    return 1;
  }
}

async function dispatch(argv: string[], io: Io): Promise<number> {
  const found = commandIn(argv);
  if (!found) return withoutCommand(argv, io);
  const { command, args } = found;
  const parsed = parseCommand(command, args, io.now());
  if (parsed.values.help) {
    io.print(`${command.usage}\n\n${where}`);
    return 0;
  }
  const surroundings = surroundingsOf(io, parsed);
  const isDone =
    "run" in command
      ? await command.run({ ...surroundings, client: await connect(surroundings.place, io) })
      : await command.runUnconnected(surroundings);
  return isDone ? 0 : 1;
}

/** The command and what belongs to it; where and who may be said before it as well. */
function commandIn(argv: string[]): { command: AnyCommand; args: string[] } | undefined {
  const ahead = argv[0] === "--url" ? 2 : /^--(url=|deployed$|json$)/.test(argv[0] ?? "") ? 1 : 0;
  if (ahead > 0) {
    const found = commandIn(argv.slice(ahead));
    return found && { ...found, args: [...found.args, ...argv.slice(0, ahead)] };
  }
  const command = commands.find(({ name }) => name.split(" ").every((word, at) => argv[at] === word));
  return command && { command, args: argv.slice(command.name.split(" ").length) };
}

function withoutCommand(argv: string[], io: Io): number {
  if (argv.length === 0) throw new UsageError(overview);
  if (argv.includes("--help") || argv.includes("-h")) {
    io.print(overview);
    return 0;
  }
  const words = argv.slice(0, argv.findIndex((word) => word.startsWith("-")) >>> 0).join(" ");
  const group = commands.filter(({ name }) => name.startsWith(`${argv[0]} `)).map(({ name }) => name);
  const known = (group.length > 0 ? group : commands.map(({ name }) => name)).join(", ");
  throw new UsageError(
    `${words ? `there is no command ${JSON.stringify(words)}` : "begin with a command"}: there are ${known}`,
  );
}
