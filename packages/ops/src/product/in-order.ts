/**
 * Works on several items at a time and yields the results in the order of the items, so that whoever has seen one knows
 * that all before it are done. The first error ends it, once what was begun has ended.
 */
export async function* inOrder<Item, Result>(
  items: AsyncIterable<Item>,
  concurrency: number,
  work: (item: Item) => Promise<Result>,
): AsyncGenerator<Result> {
  const begun: Promise<Result>[] = [];
  try {
    for await (const item of items) {
      if (begun.length === concurrency) yield await begun.shift()!;
      const promise = work(item);
      // It is heard of when its turn comes.
      promise.catch(() => {});
      begun.push(promise);
    }
    while (begun.length > 0) yield await begun.shift()!;
  } finally {
    await Promise.allSettled(begun);
  }
}
