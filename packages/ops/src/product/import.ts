/** `npm run import -- <file>`: brings the products of a file into the catalogue. */
import { createReadStream, statSync } from "node:fs";
import { type Surroundings, text, type UnconnectedCommand, type Values } from "../command.ts";
import { connect, urlOf } from "../connect.ts";
import { RefusedError, UsageError } from "../io.ts";
import { visible } from "../text.ts";
import { type Checkpoint, readCheckpoint, removeCheckpoint, writeCheckpoint } from "./checkpoint.ts";
import { csv, csvUsage } from "./csv.ts";
import { inOrder } from "./in-order.ts";
import { jsonLines } from "./json-lines.ts";
import { createProgress } from "./progress.ts";
import { recordsOf } from "./record.ts";
import { openReport, type Report } from "./report.ts";
import { openSession } from "./session.ts";
import { type Unit, withoutRepeats } from "./unit.ts";
import { lookAt, noTally, number, type Result, summaryOf, type Tally, tallied, workOn } from "./work.ts";

export const importProducts: UnconnectedCommand = {
  name: "import",
  summary: "bring the products of a CSV or JSON lines file into the catalogue",
  usage: `npm run import -- <file.csv | file.jsonl> [options]

Creates what is missing, changes what differs, and leaves the rest: importing a file twice changes nothing. A product is
imported whole or not at all; rows that are refused are told in <file>.refused.jsonl, with their line, reason and text.
An import that was interrupted goes on where it was when the same command is run again, by <file>.progress.json.

  --dry-run            only look for mistakes that the file alone tells, and tell them in <file>.dry-run.jsonl
  --restart            begin at the first line again
  --delimiter <char>   between the cells of a CSV file (default ,)
  --concurrency <n>    products at a time (default 8, at most 64)

CSV, in UTF-8, one variant a row under a header with some of these columns; an empty cell says nothing, and what it is
about stays as it is:

${csvUsage}

JSON lines, one product a line, as POST /products takes it; prices may be written as "14.50 EUR", images as URLs, and
what is sold has its "stock" to begin with:

  {"sku":"CUP","title":"Cup","prices":["9.00 EUR"],"stock":40}
  {"sku":"MUG","title":"Mug","variants":[{"sku":"MUG-BLUE","options":{"colour":"blue"},"prices":["14.50 EUR"],"stock":12}]}

What a file says of a product's prices, images or attributes is all there is of them. Variants that it does not mention
stay: to end one, say that it is retired.`,
  options: {
    "dry-run": { type: "boolean" },
    restart: { type: "boolean" },
    delimiter: { type: "string" },
    concurrency: { type: "string" },
  },
  positionals: [1, 1],
  check(values, [path]) {
    formatOf(path!, values);
    concurrencyOf(values);
  },
  async runUnconnected(surroundings) {
    const file = fileOf(surroundings);
    return surroundings.values["dry-run"] ? rehearse(file, surroundings) : importFile(file, surroundings);
  },
};

interface File {
  path: string;
  bytes: number;
  modifiedMs: number;
  units: AsyncIterable<Unit>;
}

function fileOf({ positionals, values }: Surroundings): File {
  const path = positionals[0]!;
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat?.isFile()) throw new RefusedError(`there is no file ${path}`);
  const { format, quoted } = formatOf(path, values);
  return {
    ...{ path, bytes: stat.size, modifiedMs: stat.mtimeMs },
    units: withoutRepeats(format(recordsOf(chunksOf(path), { quoted }))),
  };
}

/** The file is opened when the first of it is wanted. */
async function* chunksOf(path: string): AsyncGenerator<string> {
  yield* createReadStream(path, "utf8") as AsyncIterable<string>;
}

async function countLines(path: string): Promise<number> {
  let lines = 1;
  for await (const chunk of chunksOf(path)) lines += chunk.split("\n").length - 1;
  return lines;
}

function formatOf(path: string, values: Values) {
  const delimiter = text(values.delimiter);
  if (delimiter !== undefined && !/^(\\t|[^"\s\w])$/.test(delimiter)) {
    throw new UsageError("--delimiter takes one character such as ; or \\t for a tab");
  }
  if (/\.csv$/i.test(path)) return { format: csv({ delimiter: delimiter?.replace("\\t", "\t") ?? "," }), quoted: true };
  if (delimiter !== undefined) throw new UsageError("--delimiter is about CSV files");
  if (/\.(jsonl|ndjson)$/i.test(path)) return { format: jsonLines, quoted: false };
  throw new UsageError(`${path} is neither .csv nor .jsonl`);
}

export function concurrencyOf(values: Values): number {
  const given = text(values.concurrency) ?? "8";
  if (/^\d{1,2}$/.test(given) && Number(given) >= 1 && Number(given) <= 64) return Number(given);
  throw new UsageError(`--concurrency takes a number from 1 to 64, not ${given}`);
}

const reportOf = (path: string, { "dry-run": isDry }: Values) => `${path}.${isDry ? "dry-run" : "refused"}.jsonl`;
const checkpointOf = (path: string) => `${path}.progress.json`;

async function rehearse(file: File, surroundings: Surroundings): Promise<boolean> {
  const { io, values } = surroundings;
  const report = openReport(reportOf(file.path, values), 0);
  let tally = noTally;
  for await (const unit of file.units) {
    const result = await lookAt(unit);
    tally = tallied(tally, result);
    tell(result, tally, report, io.printError);
  }
  report.close();
  return conclude(file, tally, surroundings);
}

const saveEveryMs = 1_000;

async function importFile(file: File, surroundings: Surroundings): Promise<boolean> {
  const { io, values, place } = surroundings;
  const session = await openSession(() => connect(place, io), io);
  let checkpoint = beginningOf(file, surroundings);
  const lines = await countLines(file.path);
  const report = openReport(reportOf(file.path, values), checkpoint.reportBytes);
  const progress = createProgress(io);
  let [isInterrupted, isFinished, savedAtMs] = [false, false, io.now()];
  const noMoreInterrupts = io.onInterrupt(() => {
    isInterrupted = true;
    progress.say("Stopping when what has begun is done; press again to stop at once.");
  });
  const units = from(checkpoint.units, file.units, () => isInterrupted);
  try {
    for await (const result of inOrder(units, concurrencyOf(values), (unit) => workOn(unit, session))) {
      checkpoint = checkpointAfter(checkpoint, result);
      tell(result, checkpoint.tally, report, progress.say);
      checkpoint.reportBytes = report.bytes();
      progress.show(checkpoint.line / lines, checkpoint.tally);
      if (io.now() - savedAtMs < saveEveryMs) continue;
      writeCheckpoint(checkpointOf(file.path), checkpoint);
      savedAtMs = io.now();
    }
    isFinished = !isInterrupted;
  } finally {
    noMoreInterrupts();
    report.close();
    progress.end();
    if (isFinished) removeCheckpoint(checkpointOf(file.path));
    else suspend(checkpoint, file, surroundings);
  }
  return conclude(file, checkpoint.tally, surroundings) && isFinished;
}

/** Where an earlier run of the same was ended, or the first line. */
function beginningOf({ path, bytes, modifiedMs }: File, { io, values, place }: Surroundings): Checkpoint {
  const reading = JSON.stringify([path.split(".").at(-1), values.delimiter]);
  const source = { api: urlOf(place, io).origin, bytes, modifiedMs, reading };
  const reported = statSync(reportOf(path, values), { throwIfNoEntry: false })?.size ?? 0;
  const earlier = values.restart ? undefined : readCheckpoint(checkpointOf(path), source);
  if (!earlier || earlier.reportBytes > reported) return { source, units: 0, line: 0, tally: noTally, reportBytes: 0 };
  io.printError(`Going on after line ${number(earlier.line)}; --restart begins at the first line again.`);
  return earlier;
}

function checkpointAfter({ units, line, tally, ...rest }: Checkpoint, result: Result): Checkpoint {
  return { ...rest, units: units + 1, line: result.rows.at(-1)?.line ?? line, tally: tallied(tally, result) };
}

function suspend(checkpoint: Checkpoint, { path }: File, { io }: Surroundings): void {
  if (checkpoint.units === 0) return;
  writeCheckpoint(checkpointOf(path), checkpoint);
  io.printError(`Stopped after line ${number(checkpoint.line)}: the same command goes on there.`);
}

/** Leaves out what is done, and what follows after an interruption. */
async function* from(units: number, all: AsyncIterable<Unit>, isOver: () => boolean): AsyncGenerator<Unit> {
  let at = 0;
  for await (const unit of all) {
    if (isOver()) return;
    if (at++ >= units) yield unit;
  }
}

/** So many faults say what kind they are; the report has them all. */
const mostFaultsShown = 10;

function tell(result: Result, tally: Tally, report: Report, say: (line: string) => void): void {
  if (result.faults.length === 0) return;
  report.add(result);
  if (tally.refused + tally.failed > mostFaultsShown) return;
  for (const { line, reason } of result.faults) {
    const sku = result.rows.find((row) => row.line === line)?.sku;
    say(visible(`line ${number(line)}${sku ? `, ${sku}` : ""}: ${reason}`));
  }
}

function conclude({ path }: File, tally: Tally, { io, values, printJson }: Surroundings): boolean {
  const isWhole = tally.refused + tally.failed === 0;
  const report = isWhole ? undefined : reportOf(path, values);
  const { valid, ...became } = tally;
  if (printJson(values["dry-run"] ? { valid, refused: tally.refused, report } : { ...became, report })) return isWhole;
  io.print(`${summaryOf(tally)}.${values["dry-run"] ? " Nothing was sent." : ""}`);
  if (report) io.print(`What was left out, and why: ${report}`);
  return isWhole;
}
