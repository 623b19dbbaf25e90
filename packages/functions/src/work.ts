/** One line for each unit of work, whatever becomes of it: what is known of it, and what it has cost. */
import { AsyncLocalStorage } from "node:async_hooks";
import { accounting, type Spent } from "@cartwright/core/spent";
import { describe } from "./failure.ts";
import { type Line, log } from "./log.ts";
import { measureToLog } from "./metric.ts";

measureToLog();

/** An HTTP request, a step of the saga, a message of a queue, a change that a stream tells of, a run of a schedule. */
export type Kind = "request" | "step" | "delivery" | "relay" | "run";

export interface Unit {
  line: Line;
  /** What went wrong; a refusal is no such thing. */
  error?: unknown;
}

const current = new AsyncLocalStorage<Unit>();

/** Nothing has run in this execution environment yet. */
let isCold = true;

/** Runs a unit of work and writes its line. What it throws is told there, and thrown on. */
export function unitOfWork<Result>(kind: Kind, begun: Line, run: () => Promise<Result>): Promise<Result> {
  const unit: Unit = { line: begun };
  return unitsOfWork(kind, [unit], () => current.run(unit, run));
}

/** Adds to the line of the unit that runs what has become known. An `error` makes it the line of an error. */
export function tell(more: Line, error?: unknown): void {
  const unit = current.getStore();
  if (!unit) return;
  Object.assign(unit.line, more);
  unit.error = error ?? unit.error;
}

/** Runs units that are done together. Each has its own line; durations and capacity are those of all, `count` of them. */
export function unitsOfWork<Result>(kind: Kind, units: Unit[], run: () => Promise<Result>): Promise<Result> {
  const startedAt = performance.now();
  const wasCold = isCold;
  isCold &&= units.length === 0;
  return accounting(async (spent) => {
    try {
      return await run();
    } catch (error) {
      for (const unit of units) fail(unit, error);
      throw error;
    } finally {
      const cost = costOf(spent(), performance.now() - startedAt);
      const shared = units.length > 1 && { count: units.length };
      for (const [index, unit] of units.entries()) {
        write(kind, unit, { ...cost, ...shared, ...(wasCold && index === 0 && { coldStart: true }) });
      }
    }
  });
}

function write(kind: Kind, { line, error }: Unit, cost: Line): void {
  const { orderId = cost.orderId, outcome = "done" } = line;
  log(kind, { ...line, outcome, ...cost, orderId }, error);
}

/** Unless somebody has told more of it already. */
function fail(unit: Unit, error: unknown): void {
  if (unit.line.outcome !== undefined) return;
  Object.assign(unit.line, { outcome: "failed", code: describe(error).code });
  unit.error = error;
}

/** Times in whole milliseconds, the duration rounded up: it is never less than what it is made of. */
function costOf({ downstreamMs, asked, ...spent }: Spent, durationMs: number): Line {
  const took = { durationMs: Math.ceil(durationMs), downstreamMs: Math.round(downstreamMs) };
  return { ...spent, ...took, asked: asked.join(" ") || undefined };
}
