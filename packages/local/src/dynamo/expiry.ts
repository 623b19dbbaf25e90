import type { Table } from "@cartwright/topology";
import type { Clock, Timer } from "../clock.ts";
import type { Engine } from "./engine.ts";

export interface ExpiryOptions {
  engine: Engine;
  tables: Table[];
  clock: Clock;
  /** Told after deletions, which are in the table's stream then. */
  onDeleted: (tableName: string) => void;
  onError: (error: unknown) => void;
}

/** DynamoDB's time to live, which the embedded engine keeps and doesn't act on. */
export interface Expiry {
  /** Whether a round is under way. */
  busy(): boolean;
  /** Waits for the deletion under way. */
  stop(): Promise<void>;
}

/** AWS promises days, and is mostly faster than an hour. */
const roundMs = 60_000;
/** What one round looks at in a table; the next goes on behind it. */
const examinedPerRound = 500;
/** Items that expired longer ago are left alone, as on AWS: it takes them for a mistake. */
const oldestSeconds = 5 * 365 * 86_400;

type Item = Record<string, Record<string, unknown>>;

/**
 * Deletes items whose time has passed. A deletion is a plain one in the stream: the engine has no way to say that the
 * service made it, as AWS does in `userIdentity`.
 */
export function startExpiry({ engine, tables, clock, onDeleted, onError }: ExpiryOptions): Expiry {
  const stopping = new AbortController();
  const { signal } = stopping;
  const positions = new Map<string, Item | undefined>();
  let working: Promise<void> | undefined;
  let timer: Timer | undefined;

  function arm(): void {
    if (signal.aborted) return;
    timer = clock.setTimer(clock.now() + roundMs, () => {
      working = round().finally(() => {
        working = undefined;
        arm();
      });
    });
  }

  async function round(): Promise<void> {
    for (const table of tables) {
      if (signal.aborted) return;
      // One table's trouble is not the others'.
      await sweep(table).catch((error: unknown) => {
        if (!signal.aborted) onError(error);
      });
    }
  }

  async function sweep(table: Table): Promise<void> {
    const nowSeconds = Math.floor(clock.now() / 1000);
    const keys = [table.hashKey, ...(table.rangeKey === undefined ? [] : [table.rangeKey])];
    const names = Object.fromEntries([...keys, table.ttl!].map((name, index) => [`#n${index}`, name]));
    const ExclusiveStartKey = positions.get(table.name);
    const { Items = [], LastEvaluatedKey } = await engine.call("DynamoDB_20120810.Scan", {
      TableName: table.name,
      ProjectionExpression: Object.keys(names).join(", "),
      FilterExpression: `#n${keys.length} BETWEEN :oldest AND :now`,
      ExpressionAttributeNames: names,
      ExpressionAttributeValues: {
        ":oldest": { N: String(nowSeconds - oldestSeconds) },
        ":now": { N: String(nowSeconds) },
      },
      Limit: examinedPerRound,
      ...(ExclusiveStartKey && { ExclusiveStartKey }),
    });
    positions.set(table.name, LastEvaluatedKey as Item | undefined);
    let deleted = 0;
    for (const item of Items as Item[]) {
      if (signal.aborted) break;
      if (await remove(table, keys, item)) deleted++;
    }
    if (deleted > 0) onDeleted(table.name);
  }

  /** False when the item was given more time, or deleted, since it was read. */
  async function remove(table: Table, keys: string[], item: Item): Promise<boolean> {
    try {
      await engine.call("DynamoDB_20120810.DeleteItem", {
        TableName: table.name,
        Key: Object.fromEntries(keys.map((key) => [key, item[key]])),
        ConditionExpression: "#ttl = :seen",
        ExpressionAttributeNames: { "#ttl": table.ttl },
        ExpressionAttributeValues: { ":seen": item[table.ttl!] },
      });
      return true;
    } catch (error) {
      if (error instanceof Error && error.name === "ConditionalCheckFailedException") return false;
      throw error;
    }
  }

  arm();
  return {
    busy: () => working !== undefined,
    async stop() {
      stopping.abort();
      timer?.cancel();
      await working;
    },
  };
}
