/** The arithmetic of holds on stock, without I/O: which shards give how many units, and what becomes of those held. */
import type { OrderLine } from "@cartwright/events";

/** Units of one shard. */
export interface Piece {
  sku: string;
  shard: number;
  quantity: number;
}

/** One line of an order. Its quantity is what is held, owed and shipped, until the hold is released. */
export interface Hold {
  sku: string;
  quantity: number;
  /** By number of the shard. */
  held: Record<string, number>;
  /** Promised, and still to come. */
  owed?: number;
  shipped?: number;
  /** Of those that were shipped. */
  returned?: number;
}

/** Where a line takes its units from. */
export interface Portion extends OrderLine {
  pieces: Piece[];
  owed: number;
  /** Of all that may be owed of the SKU, as it was seen. */
  limit: number;
}

/**
 * The pieces of `quantity` units, out of what each shard has: one shard if any has them all, else the fullest first, so
 * that as few as possible take part. `luck`, from 0 up to 1, chooses among several that have them all: many who look at
 * the same time shall not all go to the same one. Undefined when all shards together have less.
 */
export function piecesOf(
  sku: string,
  quantity: number,
  available: ReadonlyMap<number, number>,
  luck = 0,
): Piece[] | undefined {
  const fullestFirst = [...available].filter(([, units]) => units > 0).sort(([, a], [, b]) => b - a);
  const sufficient = fullestFirst.filter(([, units]) => units >= quantity);
  const chosen = sufficient[Math.floor(luck * sufficient.length)];
  if (chosen) return quantity > 0 ? [{ sku, shard: chosen[0], quantity }] : [];
  const pieces: Piece[] = [];
  let missing = quantity;
  for (const [shard, units] of fullestFirst) {
    if (missing === 0) break;
    const taken = Math.min(units, missing);
    pieces.push({ sku, shard, quantity: taken });
    missing -= taken;
  }
  return missing === 0 ? pieces : undefined;
}

/** The transfers after which the first `shards` have about as much as each other, and those beyond have nothing. */
export function transfersOf(
  available: ReadonlyMap<number, number>,
  shards: number,
): { from: number; to: number; quantity: number }[] {
  const target = targetsOf(total(available), shards);
  const surplus = [...available].map(([shard, units]) => ({ shard, units: units - (target[shard] ?? 0) }));
  const givers = surplus.filter(({ units }) => units > 0);
  const takers = target.flatMap((units, shard) => {
    const missing = units - (available.get(shard) ?? 0);
    return missing > 0 ? [{ shard, missing }] : [];
  });
  return takers.flatMap(({ shard: to, missing }) => {
    const transfers = [];
    for (const giver of givers) {
      const quantity = Math.min(giver.units, missing);
      if (quantity <= 0) continue;
      giver.units -= quantity;
      missing -= quantity;
      transfers.push({ from: giver.shard, to, quantity });
    }
    return transfers;
  });
}

/** So many units, spread evenly over so many shards: by number of the shard. */
export function targetsOf(units: number, shards: number): number[] {
  const each = Math.floor(units / shards);
  return Array.from({ length: shards }, (_, shard) => each + (shard < units % shards ? 1 : 0));
}

export function holdOf({ sku, quantity, pieces, owed }: Omit<Portion, "limit">): Hold {
  const held = Object.fromEntries(pieces.map((piece) => [piece.shard, piece.quantity]));
  return { sku, quantity, held, ...(owed > 0 && { owed }) };
}

export function heldPieces(holds: readonly Hold[]): Piece[] {
  return holds.flatMap(({ sku, held }) =>
    Object.entries(held).map(([shard, quantity]) => ({ sku, shard: Number(shard), quantity })),
  );
}

export function heldUnits({ held }: Hold): number {
  return Object.values(held).reduce((sum, units) => sum + units, 0);
}

export function quantityOf(pieces: readonly Piece[]): number {
  return pieces.reduce((sum, { quantity }) => sum + quantity, 0);
}

/** What of an order's lines is held, and what is still to come; lines without any are left out. */
export function heldLines(holds: readonly Hold[]): OrderLine[] {
  return lines(holds, heldUnits);
}

export function owedLines(holds: readonly Hold[]): OrderLine[] {
  return lines(holds, ({ owed = 0 }) => owed);
}

/** Takes `quantity` of the units that are held: the pieces, and the hold that is left. Undefined when fewer are held. */
export function draw(hold: Hold, quantity: number): { pieces: Piece[]; rest: Hold } | undefined {
  const available = new Map(Object.entries(hold.held).map(([shard, units]) => [Number(shard), units]));
  const pieces = piecesOf(hold.sku, quantity, available);
  if (!pieces) return undefined;
  for (const piece of pieces) available.set(piece.shard, available.get(piece.shard)! - piece.quantity);
  const held = Object.fromEntries([...available].filter(([, units]) => units > 0));
  return { pieces, rest: { ...hold, held } };
}

/** Turns units that were owed into units that are held. */
export function receive(hold: Hold, pieces: readonly Piece[]): Hold {
  const held = { ...hold.held };
  for (const { shard, quantity } of pieces) held[shard] = (held[shard] ?? 0) + quantity;
  const { owed = 0, ...rest } = { ...hold, held };
  const left = owed - quantityOf(pieces);
  return { ...rest, ...(left > 0 && { owed: left }) };
}

export function total(available: ReadonlyMap<number, number>): number {
  return [...available.values()].reduce((sum, units) => sum + units, 0);
}

function lines(holds: readonly Hold[], count: (hold: Hold) => number): OrderLine[] {
  return holds.flatMap((hold) => (count(hold) > 0 ? [{ sku: hold.sku, quantity: count(hold) }] : []));
}
