import * as node from "node:async_hooks";

const all = new node.AsyncLocalStorage<ReadonlyMap<object, unknown>>();

/**
 * As Node's own, kept in one for all. Before Node 24 each of those costs something with every promise of the process, and
 * every function's bundle brings some.
 */
class SharedLocalStorage<T> {
  run<Result, Args extends unknown[]>(store: T, callback: (...args: Args) => Result, ...args: Args): Result {
    return all.run(this.#with(store), callback, ...args);
  }

  exit<Result, Args extends unknown[]>(callback: (...args: Args) => Result, ...args: Args): Result {
    return all.run(this.#with(undefined), callback, ...args);
  }

  enterWith(store: T): void {
    all.enterWith(this.#with(store));
  }

  getStore(): T | undefined {
    return all.getStore()?.get(this) as T | undefined;
  }

  disable(): void {
    all.enterWith(this.#with(undefined));
  }

  #with(store: T | undefined): ReadonlyMap<object, unknown> {
    return new Map(all.getStore()).set(this, store);
  }
}

/** What a bundle gets for `node:async_hooks`. */
export const asyncHooks = { ...node, AsyncLocalStorage: SharedLocalStorage };
