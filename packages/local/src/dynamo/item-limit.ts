/** What DynamoDB refuses of a hot item, so that a design that one item can't bear shows on this machine already. */
import type { Table } from "@cartwright/topology";
import type { Clock } from "../clock.ts";
import { type Allowances, type Cost, createAllowances } from "./allowance.ts";
import type { EngineAnswer } from "./engine.ts";
import { bytesOfItem, type Item } from "./item-size.ts";

export interface ItemLimitOptions {
  /** What one item takes each second; as on AWS by default. */
  writeUnitsPerSecond?: number;
  readUnitsPerSecond?: number;
  /** How many seconds of this machine stand for one of AWS (default 1), for what the engine is too slow for. */
  slowMotion?: number;
  /** How much is written to an item at once after a rest: the units of so many seconds (default 1). */
  writeBurstSeconds?: number;
}

export interface ItemLimit {
  /** Takes what the request would read or write from the allowances of its items. */
  admit(operation: string, request: Request): Admission;
  /** Items that are not at rest. */
  size(): number;
}

/** Either the answer that DynamoDB would give, or nothing, or the part of a batch that goes on. */
export interface Admission {
  refusal?: EngineAnswer;
  part?: {
    request: Request;
    /** Adds to the engine's answer what was held back. */
    complete(answer: EngineAnswer): EngineAnswer;
  };
  /** The tables of the accesses that were refused, one name for each. */
  throttled?: string[];
}

type Request = Record<string, unknown>;
type Kind = "Read" | "Write";

/** One item's part in a request. */
interface Access {
  TableName?: string;
  Item?: Item;
  Key?: Item;
  ConsistentRead?: boolean;
}

/**
 * A partition takes 1,000 write units and 3,000 read units a second, and so does an item that has one to itself, the most
 * that splitting can do for it: docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html and
 * burst-adaptive-capacity.html. Queries, scans and the partitions of indexes are not watched here.
 */
const aws = { writeUnitsPerSecond: 1_000, readUnitsPerSecond: 3_000 };

/** A unit is 1 KB written or 4 KB read consistently, and transactions take two (CapacityUnitCalculations.html). */
const bytesPerWriteUnit = 1_024;
const transactionalFactor = 2;

const kinds: Record<string, Kind | undefined> = {
  ...{
    PutItem: "Write",
    UpdateItem: "Write",
    DeleteItem: "Write",
    TransactWriteItems: "Write",
    BatchWriteItem: "Write",
  },
  ...{ GetItem: "Read", TransactGetItems: "Read", BatchGetItem: "Read" },
};

export function createItemLimit(tables: Table[], clock: Pick<Clock, "now">, options: ItemLimitOptions = {}): ItemLimit {
  const { slowMotion = 1, writeBurstSeconds = 1, ...given } = options;
  const { writeUnitsPerSecond, readUnitsPerSecond } = { ...aws, ...given };
  const byName = new Map(tables.map((table) => [table.name, table]));
  const allowancesOf = (unitsPerSecond: number, seconds: number) =>
    createAllowances(clock, unitsPerSecond / slowMotion / 1_000, unitsPerSecond * seconds);
  const allowances = {
    Write: allowancesOf(writeUnitsPerSecond, writeBurstSeconds),
    Read: allowancesOf(readUnitsPerSecond, 1),
  };

  return {
    admit(operation, request) {
      const kind = kinds[operation];
      if (!kind) return {};
      const { TransactItems, RequestItems } = request;
      const watch: Watch = { kind, tables: byName, allowances: allowances[kind] };
      if (Array.isArray(TransactItems)) return admitTransaction(watch, TransactItems);
      if (isBatch(RequestItems)) return admitBatch(watch, request, RequestItems);
      return admitSingle(watch, request);
    },
    size: () => allowances.Write.size() + allowances.Read.size(),
  };
}

interface Watch {
  kind: Kind;
  tables: ReadonlyMap<string, Table>;
  allowances: Allowances;
}

function admitSingle(watch: Watch, access: Access): Admission {
  const cost = costOf(watch, access);
  const hot = [access.TableName ?? ""];
  if (!watch.allowances.covers(cost)) return { refusal: throttled(watch, hot), throttled: hot };
  watch.allowances.take(cost);
  return {};
}

/** Each entry is an access under the name of its action. */
function admitTransaction(watch: Watch, entries: Partial<Record<string, Access>>[]): Admission {
  const accesses = entries.map((entry) => Object.values(entry ?? {})[0] ?? {});
  const costs = accesses.map((access) => costOf(watch, access, transactionalFactor));
  const covered = costs.map(watch.allowances.covers);
  if (covered.includes(false)) {
    const hot = accesses.filter((_, index) => !covered[index]).map(({ TableName = "" }) => TableName);
    return { refusal: cancelled(covered), throttled: hot };
  }
  costs.forEach(watch.allowances.take);
  return {};
}

/** By table: writes are a list, reads have theirs under `Keys`, beside what holds for all of them. */
type Batch = Record<string, BatchWrite[] | BatchReads>;
type BatchWrite = { PutRequest?: Access; DeleteRequest?: Access };
type BatchReads = { Keys: Item[]; ConsistentRead?: boolean };

function admitBatch(watch: Watch, request: Request, batch: Batch): Admission {
  const [admitted, heldBack]: [Batch, Batch] = [{}, {}];
  for (const [TableName, given] of Object.entries(batch)) {
    const [passed, held] = sifted(watch, TableName, given);
    if (lengthOf(passed) > 0) admitted[TableName] = passed;
    if (lengthOf(held) > 0) heldBack[TableName] = held;
  }
  if (Object.keys(heldBack).length === 0) return {};
  const hot = Object.entries(heldBack).flatMap(([name, held]) => Array<string>(lengthOf(held)).fill(name));
  if (Object.keys(admitted).length === 0) {
    return { refusal: throttled(watch, Object.keys(heldBack)), throttled: hot };
  }
  const name = watch.kind === "Write" ? "UnprocessedItems" : "UnprocessedKeys";
  return {
    part: { request: { ...request, RequestItems: admitted }, complete: (answer) => withRest(answer, name, heldBack) },
    throttled: hot,
  };
}

/** What may go on, and what may not. */
function sifted<Given extends Batch[string]>(watch: Watch, TableName: string, given: Given): [Given, Given] {
  const isAdmitted = (access: Access): boolean => {
    const cost = costOf(watch, { ...access, TableName });
    const isCovered = watch.allowances.covers(cost);
    if (isCovered) watch.allowances.take(cost);
    return isCovered;
  };
  if (Array.isArray(given)) {
    const parts = divided(given, (write) => isAdmitted({ ...write?.PutRequest, ...write?.DeleteRequest }));
    return parts as [Given, Given];
  }
  const { Keys, ConsistentRead = false } = given;
  const [passed, held] = divided(Keys, (Key) => isAdmitted({ Key, ConsistentRead }));
  return [
    { ...given, Keys: passed },
    { ...given, Keys: held },
  ];
}

function divided<One>(all: One[], isFirst: (one: One) => boolean): [One[], One[]] {
  const parts: [One[], One[]] = [[], []];
  for (const one of all) parts[isFirst(one) ? 0 : 1].push(one);
  return parts;
}

const lengthOf = (given: Batch[string]) => (Array.isArray(given) ? given.length : given.Keys.length);

/** The engine itself leaves nothing undone but for what makes an answer too large. */
function withRest(answer: EngineAnswer, name: string, heldBack: Batch): EngineAnswer {
  if (answer.statusCode !== 200) return answer;
  const output = JSON.parse(answer.body.toString()) as Record<string, object | undefined>;
  return {
    statusCode: 200,
    body: Buffer.from(JSON.stringify({ ...output, [name]: { ...output[name], ...heldBack } })),
  };
}

function isBatch(value: unknown): value is Batch {
  if (typeof value !== "object" || value === null) return false;
  return Object.values(value).every((given) => Array.isArray(given) || Array.isArray(given?.Keys));
}

function costOf({ kind, tables }: Watch, access: Access, factor = 1): Cost {
  const units = kind === "Write" ? writeUnitsOf(access) : readUnitsOf(access, factor);
  return { key: keyOf(tables.get(access.TableName ?? ""), access), units: factor * units };
}

/** The engine refuses what has no key. */
function keyOf(table: Table | undefined, { TableName, Key, Item }: Access): string | undefined {
  if (!table) return undefined;
  const names = table.rangeKey ? [table.hashKey, table.rangeKey] : [table.hashKey];
  const values = names.map((name) => (Key ?? Item)?.[name]);
  return values.includes(undefined) ? undefined : JSON.stringify([TableName, ...values]);
}

/** How large an item is that gets updated or deleted, the request doesn't tell: it counts as a small one. */
function writeUnitsOf({ Item }: Access): number {
  return Item ? Math.ceil(bytesOfItem(Item) / bytesPerWriteUnit) : 1;
}

/** All items count as small ones. A transaction reads consistently. */
function readUnitsOf({ ConsistentRead }: Access, factor: number): number {
  return ConsistentRead || factor > 1 ? 1 : 0.5;
}

const told =
  "Throughput exceeds the current capacity of your table or index. DynamoDB is automatically scaling your table or " +
  "index so please try again shortly. If exceptions persist, check if you have a hot key: " +
  "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html";

/** As an on-demand table tells of a hot partition. */
function throttled({ kind, tables }: Watch, hot: string[]): EngineAnswer {
  const reason = `Table${kind}KeyRangeThroughputExceeded`;
  const throttlingReasons = hot.map((name) => ({ reason, resource: tables.get(name)?.arn ?? name }));
  return failure("ThrottlingException", { message: told, throttlingReasons });
}

function cancelled(covered: boolean[]): EngineAnswer {
  const codes = covered.map((isCovered) => (isCovered ? "None" : "ThrottlingError"));
  return failure("TransactionCanceledException", {
    message: `Transaction cancelled, please refer cancellation reasons for specific reasons [${codes.join(", ")}]`,
    CancellationReasons: codes.map((Code) => (Code === "None" ? { Code } : { Code, Message: told })),
  });
}

function failure(name: string, more: object): EngineAnswer {
  const body = { __type: `com.amazonaws.dynamodb.v20120810#${name}`, ...more };
  return { statusCode: 400, body: Buffer.from(JSON.stringify(body)) };
}
