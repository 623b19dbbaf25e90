import { newId } from "@cartwright/events";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { UnavailableError } from "../../error.ts";
import { propertyRuns } from "../../test/property.ts";
import { createNumbers, type Lease, leaseNumbers, scramble } from "./number.ts";

const count = 10 ** 12;
const sequence = fc.integer({ min: 0, max: count - 1 });

/** Leases in memory, and keeps count of them. */
function createCounter(secret = "secret") {
  const counter = {
    leases: 0,
    lease: async (size: number): Promise<Lease> => {
      const first = counter.leases++ * size;
      await Promise.resolve();
      return { first, secret };
    },
  };
  return counter;
}

const take = (next: () => Promise<string>, times: number) => Promise.all(Array.from({ length: times }, next));

describe("the numbers of a secret", () => {
  test("are as many as there are, each of twelve digits, and no two alike", () => {
    const different = fc.uniqueArray(sequence, { minLength: 2, maxLength: 100 });
    fc.assert(
      fc.property(different, fc.string(), (sequences, secret) => {
        const numbers = sequences.map((each) => scramble(each, secret));
        expect(numbers.every((number) => Number.isInteger(number) && number >= 0 && number < count)).toBe(true);
        expect(new Set(numbers).size).toBe(sequences.length);
      }),
      propertyRuns(100),
    );
  });

  test("do not tell which order came next, nor how many lie between two", () => {
    const numbers = Array.from({ length: 2000 }, (_, each) => scramble(each, "secret"));
    const steps = numbers.slice(1).map((number, index) => (number - numbers[index]! + count) % count);
    expect(new Set(steps).size).toBe(steps.length);
    const isHigher = numbers.slice(1).filter((number, index) => number > numbers[index]!).length;
    expect(isHigher).toBeGreaterThan(900);
    expect(isHigher).toBeLessThan(1100);
  });

  test("are others than those of another secret", () => {
    expect([0, 1, 2].map((each) => scramble(each, "one"))).not.toEqual([0, 1, 2].map((each) => scramble(each, "two")));
  });
});

describe("an instance", () => {
  test("writes numbers in groups of four, with their zeros", async () => {
    const secret = "secret";
    let first = 0;
    while (scramble(first, secret) >= 10 ** 10) first++;
    const number = await createNumbers(async () => ({ first, secret }))();
    expect(number).toMatch(/^00\d\d-\d{4}-\d{4}$/);
    expect(Number(number.replaceAll("-", ""))).toBe(scramble(first, secret));
  });

  test("leases once for all who ask at the same time, and once more when it runs out", async () => {
    const counter = createCounter();
    const next = createNumbers(counter.lease, 10);
    expect(new Set(await take(next, 10)).size).toBe(10);
    expect(counter.leases).toBe(1);
    const more = await take(next, 25);
    expect(new Set(more).size).toBe(25);
    expect(counter.leases).toBe(4);
  });

  test("gives no number while none can be leased, and the next one asks again", async () => {
    const counter = createCounter();
    let isAway = true;
    const next = createNumbers((size) => {
      if (isAway) return Promise.reject(new UnavailableError("away"));
      return counter.lease(size);
    });
    const failed = await Promise.allSettled([next(), next(), next()]);
    expect(failed.every((each) => each.status === "rejected")).toBe(true);
    isAway = false;
    expect(new Set(await take(next, 3)).size).toBe(3);
    expect(counter.leases).toBe(1);
  });
});

describe("a shop", () => {
  test("gives no number twice, however many instances begin at once, and all know the same secret", async () => {
    const name = newId("req");
    const secrets = new Set<string>();
    const lease = async (size: number) => {
      const leased = await leaseNumbers(size, name);
      secrets.add(leased.secret);
      return leased;
    };
    const instances = Array.from({ length: 12 }, () => createNumbers(lease, 7));
    const numbers = await Promise.all(instances.flatMap((next) => Array.from({ length: 20 }, next)));
    expect(new Set(numbers).size).toBe(240);
    expect(secrets.size).toBe(1);
    expect((await leaseNumbers(1, name)).first).toBeGreaterThanOrEqual(12 * 21);
  });

  test("has numbers that no other shop has in the same order", async () => {
    const [one, other] = await Promise.all([leaseNumbers(1, newId("req")), leaseNumbers(1, newId("req"))]);
    expect(one.first).toBe(0);
    expect(other.first).toBe(0);
    expect(one.secret).not.toBe(other.secret);
    expect(Buffer.from(one.secret, "base64").length).toBe(32);
  });
});
