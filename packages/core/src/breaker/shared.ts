/** A circuit that all instances have in common, as one of them knows it. */
import { setTimeout as sleep } from "node:timers/promises";
import { type TimeoutPolicy, TimeoutStrategy, timeout } from "cockatiel";
import { random } from "../chance.ts";
import { now } from "../clock.ts";
import { measure } from "../metric.ts";
import { type Circuit, type State, stateOf } from "./circuit.ts";

export interface Shared {
  circuit: Circuit;
  /** Counts the writes; 0 when there was none yet. */
  revision: number;
}

export interface Store {
  /** As of the last write, whoever made it. `undefined` when there was none. */
  read(name: string): Promise<Shared | undefined>;
  /** Whether it was written: it is not when somebody has changed it since the revision that was expected. */
  write(name: string, circuit: Circuit, expectedRevision: number): Promise<boolean>;
}

export interface Sharing {
  /** For how long what was read is gone by. Default: 1000, one read unit a second and instance at most. */
  cacheMs: number;
  /** For how long the store is waited for. Default: 500, far beyond DynamoDB's usual few milliseconds. */
  storeLimitMs: number;
}

export const defaultSharing: Sharing = { cacheMs: 1000, storeLimitMs: 500 };

/** `contended`: others were faster, too many times, and nothing was written. */
export interface Change extends Shared {
  result: "changed" | "unchanged" | "contended";
}

type Decide = (shared: Shared) => Promise<Circuit | undefined>;

const attempts = 12;
const longestPauseMs = 100;
const away = Symbol("away");
const level: Record<State, number> = { closed: 0, "half-open": 1, open: 2 };

/**
 * Nothing in here throws because of the store: while it is away, an instance goes by its own experience alone, which
 * the store's replaces as soon as it is back. `BreakerStoreAway` counts that.
 */
export class SharedCircuit {
  readonly #name: string;
  readonly #store: Store;
  readonly #sharing: Sharing;
  readonly #limit: TimeoutPolicy;
  #known: Shared = { circuit: { recent: [] }, revision: 0 };
  #knownAtMs = Number.NEGATIVE_INFINITY;
  #reading: Promise<boolean> | undefined;
  #lastTurn: Promise<unknown> = Promise.resolve();

  constructor(name: string, store: Store, sharing: Sharing) {
    this.#name = name;
    this.#store = store;
    this.#sharing = sharing;
    this.#limit = timeout(sharing.storeLimitMs, { strategy: TimeoutStrategy.Aggressive, abortOnReturn: false });
  }

  /** As it was when it was last looked at. */
  get known(): Circuit {
    return this.#known.circuit;
  }

  /** As it was at most `cacheMs` ago. */
  async current(): Promise<Circuit> {
    if (now().getTime() - this.#knownAtMs >= this.#sharing.cacheMs) {
      this.#reading ??= this.#read().finally(() => {
        this.#reading = undefined;
      });
      await this.#reading;
    }
    return this.known;
  }

  /**
   * Changes it for all, and decides anew when somebody else was faster; `undefined` means that there is nothing to do.
   * One change at a time: those of one instance must not get into each other's way.
   */
  change(decide: Decide): Promise<Change> {
    const turn = this.#lastTurn.then(() => this.#change(decide));
    this.#lastTurn = turn.catch(() => undefined);
    return turn;
  }

  async #change(decide: Decide): Promise<Change> {
    for (let attempt = 0; attempt < attempts; attempt++) {
      const before = this.#known;
      const circuit = await decide(before);
      if (!circuit) return { ...before, result: "unchanged" };
      const written = await this.#reach(() => this.#store.write(this.#name, circuit, before.revision));
      if (written) return { ...this.#learn(circuit, before, written === true), result: "changed" };
      await sleep(random() * Math.min(5 * 2 ** attempt, longestPauseMs));
      if (!(await this.#read())) break;
    }
    return { ...this.#known, result: "contended" };
  }

  #learn(circuit: Circuit, before: Shared, shared: boolean): Shared {
    const after = { circuit, revision: before.revision + (shared ? 1 : 0) };
    this.#know(after);
    this.#report(stateOf(before.circuit), stateOf(circuit));
    return after;
  }

  /** Whether the store has answered. What was learnt while it took its time is newer. */
  async #read(): Promise<boolean> {
    const before = this.#known;
    const read = await this.#reach(() => this.#store.read(this.#name));
    const answer = read === away ? before : (read ?? { circuit: { recent: [] }, revision: 0 });
    if (this.#known === before) this.#know(answer);
    return read !== away;
  }

  #know(shared: Shared): void {
    this.#known = shared;
    this.#knownAtMs = now().getTime();
  }

  async #reach<Answer>(ask: () => Promise<Answer>): Promise<Answer | typeof away> {
    try {
      return await this.#limit.execute(ask);
    } catch (error) {
      const dimensions = { breaker: this.#name, error: error instanceof Error ? error.name : typeof error };
      measure({ name: "BreakerStoreAway", value: 1, unit: "Count", dimensions });
      return away;
    }
  }

  #report(before: State, after: State): void {
    const breaker = this.#name;
    measure({ name: "BreakerState", value: level[after], unit: "None", dimensions: { breaker } });
    if (before === after) return;
    measure({ name: "BreakerTransition", value: 1, unit: "Count", dimensions: { breaker, to: after } });
  }
}
