import { DomainError } from "./error.ts";

/** What each status may become. */
export type Transitions<Status extends string> = Readonly<Record<Status, readonly Status[]>>;

export class IllegalTransitionError extends DomainError {
  override name = "IllegalTransitionError";
  constructor(subject: string, from: string, to: string) {
    super("conflict", "illegal_transition", `${subject} is ${from}, from where it can't become ${to}`);
  }
}

/** Answers `to`, which `subject` may become. */
export function move<Status extends string>(
  transitions: Transitions<Status>,
  subject: string,
  from: Status,
  to: Status,
): Status {
  if (!transitions[from].includes(to)) throw new IllegalTransitionError(subject, from, to);
  return to;
}
