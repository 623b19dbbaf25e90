/**
 * The correlation ids an event carries: of an HTTP request (its request id), a bus event, a saga step, or of every
 * record in a batch. A function that serves several of them at once is counted as shared.
 */
export function correlationIdsOf(event: unknown): string[] {
  const own = field(event, "correlationId");
  if (typeof own === "string") return [own];
  const requestId = field(field(event, "requestContext"), "requestId");
  if (typeof requestId === "string") return [requestId];
  for (const part of ["detail", "event"]) {
    const carried = field(field(event, part), "correlationId");
    if (typeof carried === "string") return [carried];
  }
  const records = field(event, "Records");
  return Array.isArray(records) ? [...new Set(records.flatMap(idsOfRecord))] : [];
}

function idsOfRecord(record: unknown): string[] {
  const body = field(record, "body");
  if (typeof body === "string") return correlationIdsOf(parse(body));
  const change = field(record, "dynamodb");
  const before = new Set(outboxOf(field(change, "OldImage")).map((event) => field(event, "id")));
  const fresh = outboxOf(field(change, "NewImage")).filter((event) => !before.has(field(event, "id")));
  return fresh.flatMap(correlationIdsOf);
}

/** A write that leaves the outbox as it was carries no new events. */
function outboxOf(image: unknown): unknown[] {
  const outbox = field(field(image, "outbox"), "S");
  const events = typeof outbox === "string" ? parse(outbox) : undefined;
  return Array.isArray(events) ? events : [];
}

function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
