/** What must hold of every stage, told of its topology alone. */
import type { Topology } from "../model.ts";
import type { Usage } from "../usage.ts";
import type { StageRow } from "./stage-row.ts";

export interface Facts {
  topology: Topology;
  /** What stacks/stage.ts says of the stage. */
  row: StageRow;
  /** What the tests used, by this topology's ARNs; undefined if nobody has recorded it. */
  usage: Usage | undefined;
  /** The file names of the runbook. */
  pages: string[];
}

export interface Rule {
  /** A sentence that states what must hold. */
  name: string;
  /** Each names the thing, and says what to do. */
  faults(facts: Facts): string[];
}

export interface Named<Thing> {
  name: string;
  thing: Thing;
}

export function named<Thing>(things: Record<string, Thing>): Named<Thing>[] {
  return Object.entries(things).map(([name, thing]) => ({ name, thing }));
}

export function byArn<Thing extends { arn: string }>(things: Record<string, Thing>, arn: string | undefined) {
  return named(things).find(({ thing }) => thing.arn === arn);
}
