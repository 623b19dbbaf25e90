/** What requests to the API write, by the request id that they are answered with. */
import type { System } from "../../test/system.ts";

export interface Writes {
  /** The writes that a request has tried, whether or not their conditions held. */
  of(requestId: string): string[];
}

const writing = new Set(["PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"]);

/** Counting a caller's requests is no effect of theirs. */
const isCount = (request: { Key?: { sk?: { S?: string } } }) => request.Key?.sk?.S?.startsWith("$limit") ?? false;

export function watchWrites({ hooks }: System): Writes {
  const writes = new Map<string, string[]>();
  hooks.onDynamoRequest = (operation, request, caller) => {
    if (!writing.has(operation) || isCount(request)) return undefined;
    for (const id of caller?.correlationIds ?? []) {
      writes.set(id, [...(writes.get(id) ?? []), `${operation} ${JSON.stringify(request).slice(0, 300)}`]);
    }
    return undefined;
  };
  return { of: (requestId) => writes.get(requestId) ?? [] };
}
