/** AWS clients whose calls are on the account of the unit of work that makes them. */
import { consume, downstream } from "./spent.ts";

type Call = { input: object };
type Answer = { output: object };
type Handle = (call: Call) => Promise<Answer>;

/** As much of a client of the SDK as is needed here. */
interface Client {
  middlewareStack: {
    add(
      middleware: (next: Handle, context: { commandName?: string }) => Handle,
      options: { step: "initialize"; name: string },
    ): void;
  };
}

/** The outermost step of a call, so that the time includes what the SDK waits and tries again. */
export function metered<Of extends Client>(client: Of): Of {
  client.middlewareStack.add(
    (next, { commandName = "" }) => {
      const kind = kinds[commandName];
      if (!kind) return (call) => downstream(() => next(call));
      return async (call) => {
        const asking = { ...call, input: { ...call.input, ReturnConsumedCapacity: "TOTAL" } };
        const answer = await downstream(() => next(asking));
        consume({ [kind]: unitsIn(answer.output) });
        return answer;
      };
    },
    { step: "initialize", name: "metered" },
  );
  return client;
}

/** The calls that DynamoDB tells the cost of. */
const kinds: Record<string, "readUnits" | "writeUnits"> = {
  GetItemCommand: "readUnits",
  QueryCommand: "readUnits",
  ScanCommand: "readUnits",
  BatchGetItemCommand: "readUnits",
  TransactGetItemsCommand: "readUnits",
  PutItemCommand: "writeUnits",
  UpdateItemCommand: "writeUnits",
  DeleteItemCommand: "writeUnits",
  BatchWriteItemCommand: "writeUnits",
  TransactWriteItemsCommand: "writeUnits",
};

interface Consumed {
  CapacityUnits?: number;
}

/** Of one table, or of each of those that a batch or a transaction touches. */
function unitsIn(output: { ConsumedCapacity?: Consumed | Consumed[] }): number {
  const { ConsumedCapacity: consumed = [] } = output;
  const all = Array.isArray(consumed) ? consumed : [consumed];
  return all.reduce((sum, { CapacityUnits = 0 }) => sum + CapacityUnits, 0);
}
