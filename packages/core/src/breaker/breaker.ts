/**
 * A circuit breaker that all instances of all functions share: what fails for one is left alone by the others, and a
 * single call finds out whether it is back. Only failures of infrastructure count, never an answer that is unwelcome.
 */
import { TaskCancelledError, TimeoutStrategy, timeout } from "cockatiel";
import { now } from "../clock.ts";
import { CircuitOpenError, ContentionError, DomainError, UnavailableError } from "../error.ts";
import { measure } from "../metric.ts";
import {
  type Circuit,
  counted,
  defaultRules,
  merged,
  type Open,
  type Outcome,
  probed,
  type Rules,
  type State,
  stateOf,
  type Tally,
  tallied,
  total,
} from "./circuit.ts";
import { defaultSharing, type Shared, SharedCircuit, type Sharing, type Store } from "./shared.ts";

export interface Options extends Rules, Sharing {
  /**
   * How long a call may take. Default: 4000, so that a call that is lost, its look-up, and both once more end within
   * the half minute of a function.
   */
  timeLimitMs: number;
  /** While others fail, an instance shares its successes after so many of them. Default: 20. */
  shareAfterCalls: number;
  /** Or after so long. Default: 5, which keeps them well within the window. */
  shareAfterSeconds: number;
}

export interface Breaker {
  /**
   * Makes the call, and throws what it throws. Throws `CircuitOpenError` instead of making it while the circuit is
   * open, and `TimeLimitError` when it takes too long: whether it has had its effect is then unknown.
   */
  run<Answer>(call: Call<Answer>, how?: How): Promise<Answer>;
  /** When it is half-open and `retryAfterSeconds` is 0, the next call is the probe; above that, a probe runs. */
  state(): Promise<{ state: State; retryAfterSeconds?: number }>;
}

/** The signal is aborted when the time is up: nobody waits for the answer any more. */
export type Call<Answer> = (signal: AbortSignal) => Promise<Answer>;

export interface How {
  /** False for what may not have reached out at all. Its failures count nevertheless. Default: true. */
  successCounts?: boolean;
}

/** There was no answer in time; what was asked for may have happened, or happen yet. */
export class TimeLimitError extends UnavailableError {
  override name = "TimeLimitError";
  constructor(subject: string, limitMs: number, cause?: unknown) {
    super(`${subject} did not answer within ${limitMs} ms`, cause);
  }
}

/**
 * As long as all goes well, a call costs nothing but a read every `cacheMs`. Failures are shared at once; successes
 * only while there are failures to weigh them against, and then in batches.
 */
export function createBreaker(breaker: { name: string; store: Store; options?: Partial<Options> }): Breaker {
  return new SharedBreaker(breaker.name, breaker.store, { ...defaults, ...breaker.options });
}

/** Whether an error says that what was called is in trouble; an answer of the business says that it is well. */
export function isInfrastructureFailure(error: unknown): boolean {
  if (!(error instanceof DomainError)) return true;
  return error.kind === "unavailable" && !(error instanceof ContentionError);
}

const defaults: Options = {
  ...defaultRules,
  ...defaultSharing,
  timeLimitMs: 4000,
  shareAfterCalls: 20,
  shareAfterSeconds: 5,
};

/** Beyond the time limit: for the writes before and after a probe. */
const leaseMarginMs = 2000;

/** The revision that its lease was written with: while that stands, nobody else has taken over. */
type Probe = Pick<Shared, "revision">;

class SharedBreaker implements Breaker {
  readonly #name: string;
  readonly #options: Options;
  readonly #shared: SharedCircuit;
  #successes: Tally[] = [];
  #failures = 0;

  constructor(name: string, store: Store, options: Options) {
    this.#name = name;
    this.#options = options;
    this.#shared = new SharedCircuit(name, store, options);
  }

  async run<Answer>(call: Call<Answer>, { successCounts = true }: How = {}): Promise<Answer> {
    const probe = await this.#admit();
    const [ended] = await Promise.allSettled([this.#inTime(call)]);
    const failed = ended.status === "rejected" && isInfrastructureFailure(ended.reason);
    const outcome = failed ? "failure" : "success";
    if (probe) await this.#conclude(probe, outcome);
    else if (failed || successCounts) await this.#count(outcome);
    if (ended.status === "rejected") throw ended.reason;
    return ended.value;
  }

  async state() {
    const circuit = await this.#shared.current();
    if (!circuit.open) return { state: "closed" as const };
    const retryAfterSeconds = Math.ceil(untilNextTryMs(circuit.open) / 1000);
    return { state: retryAfterSeconds > 0 ? stateOf(circuit) : ("half-open" as const), retryAfterSeconds };
  }

  /** A call that is let through to an open circuit is its probe. */
  async #admit(): Promise<Probe | undefined> {
    const { open } = await this.#shared.current();
    if (!open) return undefined;
    if (untilNextTryMs(open) > 0) return this.#reject(open);
    const { result, circuit, revision } = await this.#shared.change(async (shared) => this.#leased(shared.circuit));
    if (result === "changed") return { revision };
    return circuit.open ? this.#reject(circuit.open) : undefined;
  }

  #leased({ recent, open }: Circuit): Circuit | undefined {
    if (!open || untilNextTryMs(open) > 0) return undefined;
    const nextTryAtMs = now().getTime() + this.#options.timeLimitMs + leaseMarginMs;
    return { recent, open: { ...open, nextTryAtMs, probing: true } };
  }

  #reject(open: Open): never {
    const dimensions = { breaker: this.#name };
    measure({ name: "BreakerRejected", value: 1, unit: "Count", dimensions });
    throw new CircuitOpenError(this.#name, Math.max(1, Math.ceil(untilNextTryMs(open) / 1000)));
  }

  async #inTime<Answer>(call: Call<Answer>): Promise<Answer> {
    const { timeLimitMs } = this.#options;
    const limit = timeout(timeLimitMs, { strategy: TimeoutStrategy.Aggressive, abortOnReturn: false });
    try {
      return await limit.execute(({ signal }) => call(signal));
    } catch (error) {
      // Not by `isTaskCancelledError`: in 3.2.1 that looks for the mark of another error.
      if (!(error instanceof TaskCancelledError)) throw error;
      throw new TimeLimitError(this.#name, timeLimitMs, error);
    }
  }

  /** One whose lease has run out says nothing any more: somebody else probes, or has. */
  async #conclude(probe: Probe, outcome: Outcome): Promise<void> {
    await this.#shared.change(async ({ circuit, revision }) =>
      revision === probe.revision ? probed(circuit, outcome, this.#options) : undefined,
    );
  }

  async #count(outcome: Outcome): Promise<void> {
    if (outcome === "failure") this.#failures++;
    else this.#successes = tallied(this.#successes, outcome, this.#options);
    if (this.#failures > 0 || this.#areSuccessesDue()) await this.#share();
  }

  /** While nobody fails, nothing depends on them, and no write is spent. */
  #areSuccessesDue(): boolean {
    const { shareAfterCalls, shareAfterSeconds } = this.#options;
    const failures = total(merged(this.#shared.known.recent, [], this.#options), "failures");
    const oldestMs = Math.min(...this.#successes.map(({ fromMs }) => fromMs));
    const isOld = now().getTime() - oldestMs >= shareAfterSeconds * 1000;
    return failures > 0 && (isOld || total(this.#successes, "successes") >= shareAfterCalls);
  }

  /** Takes whatever has come in until its turn and, after a conflict, meanwhile. */
  async #share(): Promise<void> {
    let successes: Tally[] = [];
    let failures = 0;
    const { result } = await this.#shared.change(async ({ circuit }) => {
      successes = merged(successes, this.#successes, this.#options);
      failures += this.#failures;
      [this.#successes, this.#failures] = [[], 0];
      if (circuit.open || (failures === 0 && successes.length === 0)) return undefined;
      return counted(circuit, successes, failures, this.#options);
    });
    if (result !== "contended") return;
    this.#successes = merged(successes, this.#successes, this.#options);
    this.#failures += failures;
  }
}

function untilNextTryMs({ nextTryAtMs }: Open): number {
  return Math.max(0, nextTryAtMs - now().getTime());
}
