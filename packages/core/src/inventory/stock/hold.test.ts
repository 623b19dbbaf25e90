import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { propertyRuns } from "../../test/property.ts";
import { draw, type Hold, heldUnits, piecesOf, receive, targetsOf, total, transfersOf } from "./hold.ts";

const shards = fc
  .array(fc.nat(30), { minLength: 1, maxLength: 20 })
  .map((units) => new Map(units.map((count, shard) => [shard, count])));
const luck = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const runs = propertyRuns(5000);

const after = (available: ReadonlyMap<number, number>, moves: { shard: number; quantity: number }[]) => {
  const left = new Map(available);
  for (const { shard, quantity } of moves) left.set(shard, (left.get(shard) ?? 0) + quantity);
  return left;
};

describe("taking units out of shards", () => {
  test("finds them whenever all shards together have enough, and takes no more than each has", () => {
    const property = fc.property(shards, fc.integer({ min: 1, max: 200 }), luck, (available, quantity, chance) => {
      const pieces = piecesOf("CUP", quantity, available, chance);
      if (!pieces) {
        expect(total(available)).toBeLessThan(quantity);
        return;
      }
      expect(pieces.reduce((sum, piece) => sum + piece.quantity, 0)).toBe(quantity);
      expect(new Set(pieces.map(({ shard }) => shard)).size).toBe(pieces.length);
      const left = after(
        available,
        pieces.map(({ shard, quantity: taken }) => ({ shard, quantity: -taken })),
      );
      for (const units of left.values()) expect(units).toBeGreaterThanOrEqual(0);
    });
    fc.assert(property, runs);
  });

  test("goes to one shard alone if any has them all", () => {
    const property = fc.property(shards, fc.integer({ min: 1, max: 30 }), luck, (available, quantity, chance) => {
      const fits = [...available.values()].some((units) => units >= quantity);
      if (fits) expect(piecesOf("CUP", quantity, available, chance)).toHaveLength(1);
    });
    fc.assert(property, runs);
  });
});

test("spreading units anew loses none, and leaves no shard with more than one above another", () => {
  const property = fc.property(shards, fc.integer({ min: 1, max: 20 }), (available, count) => {
    const transfers = transfersOf(available, count);
    const left = after(
      available,
      transfers.flatMap(({ from, to, quantity }) => [
        { shard: from, quantity: -quantity },
        { shard: to, quantity },
      ]),
    );
    expect(total(left)).toBe(total(available));
    const targets = targetsOf(total(available), count);
    for (const [shard, units] of left) expect(units).toBe(targets[shard] ?? 0);
  });
  fc.assert(property, runs);
});

test("drawing from a hold, and receiving what was owed, keep the sum of its units", () => {
  const held = fc.dictionary(fc.constantFrom("0", "1", "2", "7"), fc.integer({ min: 1, max: 9 }));
  const property = fc.property(held, fc.nat(9), fc.integer({ min: 1, max: 40 }), (units, owed, quantity) => {
    const hold: Hold = { sku: "CUP", quantity: 40, held: units, ...(owed > 0 && { owed }) };
    const drawn = draw(hold, quantity);
    if (!drawn) {
      expect(heldUnits(hold)).toBeLessThan(quantity);
      return;
    }
    expect(heldUnits(drawn.rest)).toBe(heldUnits(hold) - quantity);
    if (owed === 0) return;
    const received = receive(drawn.rest, [{ sku: "CUP", shard: 3, quantity: owed }]);
    expect(heldUnits(received)).toBe(heldUnits(drawn.rest) + owed);
    expect(received.owed).toBeUndefined();
  });
  fc.assert(property, runs);
});
