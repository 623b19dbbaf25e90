/** What opens a circuit and what closes it. The transitions are cockatiel's; the window it judges by is ours. */
import { CircuitState, circuitBreaker, handleAll, type IBreaker } from "cockatiel";
import * as z from "zod";
import { now } from "../clock.ts";

export interface Rules {
  /** How far back calls are judged; a tenth of it is the grain. Default: 30, so that one bad second opens nothing. */
  windowSeconds: number;
  /** Fewer calls in the window open nothing. Default: 10, since at night two of three is no proof. */
  minimumCalls: number;
  /** The share of failures, between 0 and 1, that must be exceeded. Default: 0.5, where most calls only waste time. */
  threshold: number;
  /** From opening to the first probe. Default: 15, a restart at the provider. Doubles with each probe that fails. */
  pauseSeconds: number;
  /** Default: 120, so that a recovery goes unseen for two minutes at most. */
  longestPauseSeconds: number;
}

export const defaultRules: Rules = {
  windowSeconds: 30,
  minimumCalls: 10,
  threshold: 0.5,
  pauseSeconds: 15,
  longestPauseSeconds: 120,
};

export type Outcome = "success" | "failure";

/** The calls that ended in one tenth of the window, which begins at `fromMs` since the epoch for every instance. */
export interface Tally {
  fromMs: number;
  failures: number;
  successes: number;
}

export interface Circuit {
  recent: Tally[];
  /** Absent while it is closed. */
  open?: Open | undefined;
}

export interface Open {
  /** How often it was opened since it was last closed. */
  attempt: number;
  /** Since the epoch. While a probe runs, this is when it is taken for dead. */
  nextTryAtMs: number;
  probing: boolean;
}

export type State = "closed" | "half-open" | "open";

/** As it was written: half-open while a probe runs, and open until somebody calls, even when the pause is over. */
export function stateOf({ open }: Circuit): State {
  if (!open) return "closed";
  return open.probing ? "half-open" : "open";
}

/** Takes more outcomes into a closed circuit: the successes when they were, the failures as of now. */
export function counted(circuit: Circuit, successes: Tally[], failures: number, rules: Rules): Promise<Circuit> {
  const recent = merged(circuit.recent, successes, rules);
  return played(
    { recent },
    Array.from({ length: failures }, () => "failure"),
    rules,
  );
}

/** What a probe says about an open circuit. */
export function probed(circuit: Circuit, outcome: Outcome, rules: Rules): Promise<Circuit> {
  return played(circuit, [outcome], rules);
}

/** One more outcome; leaves out what has left the window. */
export function tallied(tallies: Tally[], outcome: Outcome, rules: Rules): Tally[] {
  const grainMs = (rules.windowSeconds * 1000) / 10;
  const fromMs = Math.floor(now().getTime() / grainMs) * grainMs;
  const [failures, successes] = outcome === "failure" ? [1, 0] : [0, 1];
  return merged(tallies, [{ fromMs, failures, successes }], rules);
}

export function merged(some: Tally[], others: Tally[], rules: Rules): Tally[] {
  const sinceMs = now().getTime() - rules.windowSeconds * 1000;
  const byStart = new Map<number, Tally>();
  for (const { fromMs, failures, successes } of [...some, ...others]) {
    if (fromMs <= sinceMs) continue;
    const sum = byStart.get(fromMs) ?? { fromMs, failures: 0, successes: 0 };
    byStart.set(fromMs, { fromMs, failures: sum.failures + failures, successes: sum.successes + successes });
  }
  return [...byStart.values()];
}

export function total(tallies: Tally[], outcome: "failures" | "successes"): number {
  return tallies.reduce((sum, tally) => sum + tally[outcome], 0);
}

/**
 * In place of cockatiel's `SamplingBreaker`, whose window moves on by calls instead of time: with a call every fifteen
 * seconds its thirty seconds are seven minutes. Tallies of one grain can also be merged, from whichever instance.
 */
class SlidingWindow implements IBreaker {
  state: Tally[] = [];
  readonly #rules: Rules;

  constructor(rules: Rules) {
    this.#rules = rules;
  }

  success(state: CircuitState): void {
    if (state === CircuitState.HalfOpen) this.state = [];
    this.state = tallied(this.state, "success", this.#rules);
  }

  failure(): boolean {
    this.state = tallied(this.state, "failure", this.#rules);
    const failures = total(this.state, "failures");
    const calls = failures + total(this.state, "successes");
    return calls >= this.#rules.minimumCalls && failures > this.#rules.threshold * calls;
  }
}

/** What cockatiel tells of its own state: an open circuit alone has an attempt. */
const Told = z.object({ ownState: z.object({ attemptNo: z.int().optional() }) });

/** Lets cockatiel live through outcomes that were had elsewhere. Whether a probe is due was decided before. */
async function played(circuit: Circuit, outcomes: Outcome[], rules: Rules): Promise<Circuit> {
  const breaker = new SlidingWindow(rules);
  const ownState = circuit.open
    ? { value: CircuitState.Open, openedAt: 0, attemptNo: circuit.open.attempt }
    : { value: CircuitState.Closed };
  const initialState = { ownState, breakerState: circuit.recent };
  const policy = circuitBreaker(handleAll, { breaker, halfOpenAfter: pauseMs(rules, 1), initialState });
  for (const outcome of outcomes) await policy.execute(() => relived(outcome)).catch(() => undefined);
  const { attemptNo: attempt } = Told.parse(policy.toJSON()).ownState;
  if (attempt === undefined) return { recent: breaker.state };
  const nextTryAtMs = now().getTime() + pauseMs(rules, attempt);
  return { recent: breaker.state, open: { attempt, nextTryAtMs, probing: false } };
}

async function relived(outcome: Outcome): Promise<void> {
  if (outcome === "failure") throw new Error("a failure that its caller knows of");
}

/** No jitter: there is one probe at a time, and every instance must come to the same moment. */
function pauseMs({ pauseSeconds, longestPauseSeconds }: Rules, attempt: number): number {
  return Math.min(pauseSeconds * 2 ** (attempt - 1), longestPauseSeconds) * 1000;
}
