import type { Caller } from "../function/trace.ts";
import { AwsError, parseObject } from "../http/aws-error.ts";
import type { Engine, EngineAnswer } from "./engine.ts";
import type { ItemLimit } from "./item-limit.ts";

/** What a test may do to a request: fail it before the engine has it, or lose the answer after the engine applied it. */
export type DynamoFault =
  | { when: "before" | "after"; name: string; message?: string; statusCode?: number }
  | { when: "before" | "after"; disconnect: true };

export interface ConsumedUnits {
  kind: "read" | "write";
  table: string;
  units: number;
}

export interface DynamoOptions {
  engine: Engine;
  onConsumed?: (units: ConsumedUnits, caller: Caller | undefined) => void;
  /** Tables that a successful request has written to. */
  onWrite?: (tables: string[]) => void;
  /** What was refused for its rate: the table of each item, or of a request that a test has failed. */
  onThrottled?: (kind: ConsumedUnits["kind"], tables: string[]) => void;
  onRequest?: DynamoHook;
  /** Refuses what DynamoDB would refuse of a hot item. */
  itemLimit?: ItemLimit;
}

export type DynamoRequest = Record<string, unknown>;

/** A promise holds the request back until it resolves. */
export type DynamoHook = (
  operation: string,
  request: DynamoRequest,
  caller?: Caller,
) => DynamoFault | undefined | Promise<DynamoFault | undefined>;

/** Thrown when the caller must see a broken connection instead of an answer. */
export class DisconnectError extends Error {
  override readonly name = "DisconnectError";
}

export type DynamoDoor = (operation: string, body: Buffer, caller?: Caller) => Promise<EngineAnswer>;

const reads = new Set(["GetItem", "Query", "Scan", "BatchGetItem", "TransactGetItems"]);
const writes = new Set(["PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"]);

/** The front door of the engine: forwards raw requests, and learns from each what it consumed. */
export function openDynamoDoor(options: DynamoOptions): DynamoDoor {
  return async (operation, body, caller) => {
    const request = parseObject(body.toString());
    const fault = await options.onRequest?.(operation, request, caller);
    if (fault && isThrottling(fault)) options.onThrottled?.(kindOf(operation) ?? "read", tablesOf(request));
    if (fault?.when === "before") throw faultError(fault);
    const answer = await withinLimit(options, operation, request, body, caller);
    if (fault?.when === "after") throw faultError(fault);
    return answer;
  };
}

/** A request that is refused by the limit was not made: nothing is consumed. */
async function withinLimit(
  options: DynamoOptions,
  operation: string,
  request: DynamoRequest,
  body: Buffer,
  caller: Caller | undefined,
): Promise<EngineAnswer> {
  const { refusal, part, throttled } = options.itemLimit?.admit(operation, request) ?? {};
  if (throttled) options.onThrottled?.(kindOf(operation) ?? "read", throttled);
  if (refusal) return refusal;
  if (!part) return forward(options, operation, request, body, caller);
  const rest = Buffer.from(JSON.stringify(part.request));
  return part.complete(await forward(options, operation, part.request, rest, caller));
}

async function forward(
  options: DynamoOptions,
  operation: string,
  request: DynamoRequest,
  body: Buffer,
  caller: Caller | undefined,
): Promise<EngineAnswer> {
  const target = `DynamoDB_20120810.${operation}`;
  const kind = kindOf(operation);
  if (!kind) return options.engine.forward(target, body);

  const wanted = request.ReturnConsumedCapacity;
  const asksItself = wanted === "TOTAL" || wanted === "INDEXES";
  const metered = asksItself ? body : JSON.stringify({ ...request, ReturnConsumedCapacity: "TOTAL" });
  const answer = await options.engine.forward(target, metered);
  if (answer.statusCode !== 200) {
    for (const units of unitsOfFailure(request, answer)) options.onConsumed?.(units, caller);
    return answer;
  }
  const output = JSON.parse(answer.body.toString()) as Record<string, unknown>;
  for (const units of unitsOf(output.ConsumedCapacity, kind)) options.onConsumed?.(units, caller);
  if (kind === "write") options.onWrite?.(tablesOf(request));
  if (asksItself) return answer;
  delete output.ConsumedCapacity;
  return { statusCode: 200, body: Buffer.from(JSON.stringify(output)) };
}

function kindOf(operation: string): ConsumedUnits["kind"] | undefined {
  if (reads.has(operation)) return "read";
  return writes.has(operation) ? "write" : undefined;
}

function unitsOf(consumed: unknown, kind: ConsumedUnits["kind"]): ConsumedUnits[] {
  const all = Array.isArray(consumed) ? consumed : consumed ? [consumed] : [];
  return all.map((one: { TableName: string; CapacityUnits: number }) => ({
    kind,
    table: one.TableName,
    units: one.CapacityUnits,
  }));
}

/**
 * A condition that fails is billed like the write it stopped, by the size of the stored item, which the error doesn't
 * tell: the smallest possible amount is counted, one unit a write and two a transactional write.
 */
function unitsOfFailure(request: DynamoRequest, answer: EngineAnswer): ConsumedUnits[] {
  const error = answer.body.toString();
  const units = error.includes("ConditionalCheckFailedException") ? 1 : 0;
  if (error.includes("TransactionCanceledException")) {
    return transactionTables(request).map((table) => ({ kind: "write", table, units: 2 }));
  }
  return units ? tablesOf(request).map((table) => ({ kind: "write", table, units })) : [];
}

function tablesOf(request: DynamoRequest): string[] {
  const single = request.TableName;
  if (typeof single === "string") return [single];
  const batch = request.RequestItems;
  return batch ? Object.keys(batch) : [...new Set(transactionTables(request))];
}

/** One entry for each item of a transaction. */
function transactionTables(request: DynamoRequest): string[] {
  const items = (request.TransactItems ?? []) as Record<string, { TableName?: string }>[];
  return items.flatMap((item) => Object.values(item).map((action) => action.TableName ?? ""));
}

const throttlingErrors = ["ProvisionedThroughputExceededException", "RequestLimitExceeded", "ThrottlingException"];

function isThrottling(fault: DynamoFault): boolean {
  return "name" in fault && throttlingErrors.includes(fault.name);
}

function faultError(fault: DynamoFault): Error {
  if ("disconnect" in fault) return new DisconnectError("A test asked for a broken connection.");
  const statusCode = fault.statusCode ?? (fault.name === "InternalServerError" ? 500 : 400);
  return new AwsError(fault.name, fault.message ?? "A test asked for this error.", statusCode);
}
