/** The whole system with the people who call it, for the suites of the proof. */
import { afterAll, beforeAll } from "vitest";
import { type System, startSystem } from "../../test/system.ts";
import { assemble, type Cast } from "./people.ts";
import { type Writes, watchWrites } from "./writes.ts";

/** Of one test file; there from its first test on. */
export interface Stage {
  system: System;
  cast: Cast;
  /** What requests write, from the moment that everybody has what is theirs. */
  writes: Writes;
}

export function setStage(): Stage {
  const stage = {} as Stage;
  beforeAll(async () => {
    stage.system = await startSystem();
    stage.cast = await assemble(stage.system);
    stage.writes = watchWrites(stage.system);
  });
  afterAll(async () => {
    stage.cast.visit.stop();
    await stage.system.stop();
  });
  return stage;
}
