import { type Cause, newId, newTraceparent } from "@cartwright/events";
import { unitOfWork } from "../work.ts";

/** The handler of a schedule. Each run is a unit of work, and begins a story of its own. */
export function scheduled<Result>(schedule: string, run: (cause: Cause) => Promise<Result>) {
  return (): Promise<Result> => {
    const cause = { correlationId: newId("req"), traceparent: newTraceparent() };
    return unitOfWork("run", { step: schedule, ...cause }, () => run(cause));
  };
}
