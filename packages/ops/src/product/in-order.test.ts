import { expect, test } from "vitest";
import { collect } from "../test/collect.ts";
import { inOrder } from "./in-order.ts";

async function* numbers(count: number) {
  for (let at = 0; at < count; at++) yield at;
}

/** Work that ends when the test says so. */
function createWork() {
  const waiting = new Map<number, PromiseWithResolvers>();
  return {
    running: () => [...waiting.keys()],
    run: (item: number) =>
      new Promise<string>((resolve, reject) => waiting.set(item, { resolve: () => resolve(`done ${item}`), reject })),
    end(item: number, error?: Error) {
      const { resolve, reject } = waiting.get(item)!;
      waiting.delete(item);
      error ? reject(error) : resolve();
    },
  };
}

interface PromiseWithResolvers {
  resolve(): void;
  reject(error: Error): void;
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test("results come in the order of the items, whichever work ends first, and no more is begun than is allowed", async () => {
  const work = createWork();
  const results: string[] = [];
  const all = (async () => {
    for await (const result of inOrder(numbers(4), 2, work.run)) results.push(result);
  })();
  await turn();
  expect(work.running()).toEqual([0, 1]);
  work.end(1);
  await turn();
  expect([work.running(), results]).toEqual([[0], []]);
  work.end(0);
  await turn();
  expect([work.running(), results]).toEqual([
    [2, 3],
    ["done 0", "done 1"],
  ]);
  work.end(2);
  work.end(3);
  await all;
  expect(results).toEqual(["done 0", "done 1", "done 2", "done 3"]);
});

test("an error comes after the results before it, and when all that was begun has ended", async () => {
  const work = createWork();
  const results: string[] = [];
  let ended = false;
  const all = (async () => {
    for await (const result of inOrder(numbers(9), 3, work.run)) results.push(result);
  })().finally(() => {
    ended = true;
  });
  all.catch(() => {});
  await turn();
  work.end(1, new Error("refused"));
  work.end(0);
  await turn();
  expect([results, ended, work.running()]).toEqual([["done 0"], false, [2, 3]]);
  work.end(2);
  work.end(3);
  await expect(all).rejects.toThrow("refused");
});

test("of nothing there are no results", async () => {
  expect(await collect(inOrder(numbers(0), 2, async (item) => item))).toEqual([]);
});
