/** What becomes of what a file or a seed holds. */
import { ProblemError } from "@cartwright/client";
import { notThisApi } from "../answer.ts";
import { RefusedError } from "../io.ts";
import { count, visible } from "../text.ts";
import { type Outcome, putProduct, UnwantableError } from "./put.ts";
import { GivenUpError, type Session } from "./session.ts";
import type { Row, RowFault, Unit } from "./unit.ts";

export interface Result {
  rows: Row[];
  outcome: Outcome | "refused" | "failed" | "valid";
  /** Why rows are refused, or have failed for now. */
  faults: RowFault[];
}

/** Products by what became of them, and the rows that are not in the catalogue. */
export interface Tally {
  created: number;
  updated: number;
  unchanged: number;
  /** Only looked at. */
  valid: number;
  refused: number;
  /** Not refused, but not answered either. */
  failed: number;
}

export const noTally: Tally = { created: 0, updated: 0, unchanged: 0, valid: 0, refused: 0, failed: 0 };

/** Throws what concerns more than this unit: nobody may, or nobody answers. */
export async function workOn(unit: Unit, session: Session): Promise<Result> {
  const { rows } = unit;
  if ("faults" in unit) return { rows, outcome: "refused", faults: unit.faults };
  const line = rows[0]?.line ?? 0;
  try {
    return { rows, outcome: await session.do((client) => putProduct(client, unit.product)), faults: [] };
  } catch (error) {
    if (isRefusal(error)) return { rows, outcome: "refused", faults: [{ line, reason: reasonOf(error) }] };
    if (!(error instanceof GivenUpError && error.isAlone)) throw error;
    return { rows, outcome: "failed", faults: [{ line, reason: `not answered: ${reasonOf(error.cause)}` }] };
  }
}

/** As `workOn`, without the API: which has the last word. */
export async function lookAt(unit: Unit): Promise<Result> {
  if ("faults" in unit) return { rows: unit.rows, outcome: "refused", faults: unit.faults };
  return { rows: unit.rows, outcome: "valid", faults: [] };
}

export function tallied(tally: Tally, { outcome, rows }: Result): Tally {
  const isOut = outcome === "refused" || outcome === "failed";
  return { ...tally, [outcome]: tally[outcome] + (isOut ? rows.length : 1) };
}

export function summaryOf(tally: Tally): string {
  const products = tally.created + tally.updated + tally.unchanged + tally.valid;
  const parts = (["created", "updated", "unchanged", "valid"] as const).filter((name) => tally[name] > 0);
  const became = parts.map((name) => `${number(tally[name])} ${name}`).join(", ");
  const out = (["refused", "failed"] as const).flatMap((name) =>
    tally[name] > 0 ? [`${count(tally[name], "row")} ${name}`] : [],
  );
  return [`${number(products)} ${products === 1 ? "product" : "products"}${became ? `: ${became}` : ""}`, ...out].join(
    "; ",
  );
}

export const number = (value: number) => value.toLocaleString("en");

/** Whether it concerns this product alone. */
function isRefusal(error: unknown): error is ProblemError | UnwantableError {
  if (error instanceof UnwantableError) return true;
  if (!(error instanceof ProblemError)) return false;
  if (error.code === "unknown" || error.code === "no_such_route") throw new RefusedError(notThisApi, { cause: error });
  return error.status < 500 && ![401, 403, 429].includes(error.status);
}

function reasonOf(error: unknown): string {
  if (error instanceof ProblemError) return visible(`${error.code}: ${error.message}`);
  return error instanceof Error ? error.message : String(error);
}
