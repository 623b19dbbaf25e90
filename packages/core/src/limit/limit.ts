/** How often one caller may ask for something in a while, over all instances. */
import { TimeoutStrategy, timeout } from "cockatiel";
import { now } from "../clock.ts";
import { TooManyRequestsError } from "../error.ts";
import { lazy } from "../lazy.ts";
import { sign } from "../sign.ts";

export { dynamoCounter } from "./limit.entity.ts";

export interface Limit {
  /** What is limited: each name is counted apart. */
  name: string;
  most: number;
  /** Within how many minutes; in one, unless it is said. */
  minutes?: number | undefined;
  /** Whether each call is counted by all instances at once, at the price of a write: for what lets somebody guess. */
  exact: boolean;
}

export interface Window {
  startsAtMs: number;
  endsAtMs: number;
}

export interface Counter {
  /** Whether `count` more in this window stay within the limit; they are counted only then. */
  add(caller: string, window: Window, count: number, limit: number): Promise<boolean>;
}

export interface LimiterOptions {
  /** More callers than these at a time are forgotten, the longest silent first. */
  maximumCallers: number;
  /** For how long the counter is waited for. */
  counterLimitMs: number;
  /** Hears of a counter that did not answer, once for each share that was given all the same. */
  onAway: (error: unknown) => void;
}

const minuteMs = 60_000;
const sharesPerLimit = 10;

/** What an instance knows of a caller in a window. */
interface Account {
  window: Window;
  /** How many more calls may pass without asking anybody. */
  left: number;
  /** What has been given but not been counted yet. */
  owed: number;
  refused: boolean;
  leasing?: Promise<void> | undefined;
}

/**
 * Counts callers in fixed windows. An instance gives a caller a first share for nothing, and takes further
 * ones from the counter that all instances have in common: a caller who keeps within a share costs no write, and one who
 * is refused costs no more. So `most` is exceeded by a share for each instance at most; and by nothing if it is exact.
 */
export class Limiter {
  readonly #counter: () => Counter;
  readonly #options: LimiterOptions;
  readonly #accounts = new Map<string, Account>();

  constructor(counter: () => Counter, options: Pick<LimiterOptions, "onAway"> & Partial<LimiterOptions>) {
    this.#counter = lazy(counter);
    this.#options = { maximumCallers: 10_000, counterLimitMs: 1000, ...options };
  }

  /**
   * Counts a call. Throws `TooManyRequestsError` when it is one too many. While the counter is away, an instance goes by
   * what it has counted itself: a limit must not take the shop down.
   */
  async count(caller: string, limit: Limit): Promise<void> {
    const nowMs = now().getTime();
    const window = windowAt(nowMs, limit);
    const key = sign("limit", `${limit.name}\n${caller}`);
    const account = this.#accountOf(key, window, limit);
    while (account.left === 0 && !account.refused) {
      account.leasing ??= this.#lease(account, key, limit).finally(() => {
        account.leasing = undefined;
      });
      await account.leasing;
    }
    if (account.left === 0) throw new TooManyRequestsError(Math.ceil((window.endsAtMs - nowMs) / 1000));
    account.left--;
  }

  #accountOf(key: string, window: Window, limit: Limit): Account {
    const free = limit.exact ? 0 : shareOf(limit);
    const known = this.#accounts.get(key);
    const isOver = known?.window.startsAtMs !== window.startsAtMs;
    const account = known && !isOver ? known : { window, left: free, owed: free, refused: false };
    // Set anew, the one who called last is the last to be forgotten.
    this.#accounts.delete(key);
    this.#accounts.set(key, account);
    if (this.#accounts.size > this.#options.maximumCallers) this.#accounts.delete(this.#accounts.keys().next().value!);
    return account;
  }

  /** What was given for nothing is counted with the first share that is not, and what the counter missed with the next. */
  async #lease(account: Account, key: string, limit: Limit): Promise<void> {
    const share = shareOf(limit);
    const count = account.owed + share;
    try {
      const isWithin = count <= limit.most && (await this.#add(key, account.window, count, limit.most));
      if (isWithin) Object.assign(account, { left: share, owed: 0 });
      else account.refused = true;
    } catch (error) {
      Object.assign(account, { left: share, owed: count });
      this.#options.onAway(error);
    }
  }

  #add(key: string, window: Window, count: number, most: number): Promise<boolean> {
    const waiting = timeout(this.#options.counterLimitMs, {
      strategy: TimeoutStrategy.Aggressive,
      abortOnReturn: false,
    });
    return waiting.execute(() => this.#counter().add(key, window, count, most));
  }
}

function windowAt(nowMs: number, { minutes = 1 }: Limit): Window {
  const lengthMs = minutes * minuteMs;
  const startsAtMs = Math.floor(nowMs / lengthMs) * lengthMs;
  return { startsAtMs, endsAtMs: startsAtMs + lengthMs };
}

function shareOf({ most, exact }: Limit): number {
  return exact ? 1 : Math.max(1, Math.floor(most / sharesPerLimit));
}
