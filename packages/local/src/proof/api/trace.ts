/** Canaries: texts that must not get anywhere, or nowhere but where they belong; and the search for them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ScanCommand } from "@aws-sdk/client-dynamodb";
import Database from "libsql";
import { entityOf, type Item } from "../../test/checkout.ts";
import { dynamoOf } from "../../test/endpoint.ts";
import type { System } from "../../test/system.ts";

export interface Canary {
  /** For whoever reads where it was found. */
  what: string;
  text: string;
  /** Places such as `UserTable user` that it belongs in. */
  at: readonly string[];
}

/** Something that is kept, as text. */
export interface Kept {
  place: string;
  text: string;
}

/** A text of its own for each call, which says what it is. */
export function marked(what: string): string {
  return `${what}canary${crypto.randomUUID().slice(0, 8)}`;
}

/** The canaries that are where they don't belong, and how often, as `what in place: times`. */
export function findStrays(canaries: readonly Canary[], kept: readonly Kept[]): string[] {
  return [...sightings(canaries, kept)].flatMap(([{ what, at }, places]) =>
    [...places].flatMap(([place, times]) => (at.includes(place) ? [] : [`${what} in ${place}: ${times}`])),
  );
}

/** The places that canaries belong in and are not, as `what in place`. */
export function findMissing(canaries: readonly Canary[], kept: readonly Kept[]): string[] {
  const seen = sightings(canaries, kept);
  return canaries.flatMap((canary) =>
    canary.at.filter((place) => !seen.get(canary)?.has(place)).map((place) => `${canary.what} in ${place}`),
  );
}

function sightings(canaries: readonly Canary[], kept: readonly Kept[]): Map<Canary, Map<string, number>> {
  const seen = new Map<Canary, Map<string, number>>();
  const finders = canaries.map((canary) => [canary, finderOf(canary.text)] as const);
  for (const { place, text } of kept) {
    const small = text.toLowerCase();
    for (const [canary, finds] of finders) {
      if (!finds(text, small)) continue;
      const places = seen.get(canary) ?? new Map<string, number>();
      seen.set(canary, places.set(place, (places.get(place) ?? 0) + 1));
    }
  }
  return seen;
}

type Finder = (text: string, small: string) => boolean;

/** Finds a text in any case of letters, as JSON or a URL spells it, and in base64 of something that contains it. */
function finderOf(secret: string): Finder {
  // A few digits are a part of many numbers.
  if (/^\d{1,8}$/.test(secret)) {
    const alone = new RegExp(`(?<![\\w.-])${secret}(?![\\w.-])`);
    return (text) => alone.test(text);
  }
  const inUrls = [encodeURIComponent(secret), String(new URLSearchParams({ "": secret })).slice(1)];
  const plain = [secret, secret.replaceAll(/\s/g, ""), JSON.stringify(secret).slice(1, -1), ...inUrls];
  const inAnyCase = [...new Set(plain.map((spelling) => spelling.toLowerCase()))];
  const encoded = [...new Set([0, 1, 2].flatMap((offset) => insideBase64(secret, offset)))];
  return (text, small) =>
    inAnyCase.some((spelling) => small.includes(spelling)) || encoded.some((spelling) => text.includes(spelling));
}

/** What base64 makes of a text behind so many bytes, without the characters that its neighbours have a part in. */
function insideBase64(secret: string, offset: number): string[] {
  const bytes = Buffer.concat([Buffer.alloc(offset), Buffer.from(secret)]);
  const [skipped, shared] = [[0, 2, 3][offset]!, [0, 1, 1][bytes.length % 3]!];
  return (["base64", "base64url"] as const).map((encoding) => {
    const written = bytes.toString(encoding).replaceAll("=", "");
    return written.slice(skipped, written.length - shared);
  });
}

/** Everything that the system has written down so far, wherever that is. */
export async function everythingKept(system: System): Promise<Kept[]> {
  const executions = system.local.executions.list().map((record) => ({
    ...{ place: "a state machine", text: JSON.stringify(record) },
  }));
  const { stateFolder } = system;
  return [...logIn(stateFolder), ...runtimeStateIn(stateFolder), ...executions, ...(await itemsOf(system))];
}

function logIn(stateFolder: string): Kept[] {
  const lines = readFileSync(join(stateFolder, "log.jsonl"), "utf8").split("\n");
  return lines.map((text) => ({ place: "the log file", text }));
}

/** Queues, bus, archive, deliveries and the identity provider: all that the runtime keeps, deleted or not. */
function runtimeStateIn(stateFolder: string): Kept[] {
  const database = new Database(join(stateFolder, "runtime.sqlite"), { readonly: true });
  try {
    const tables = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all() as { name: string }[];
    return tables.flatMap(({ name }) =>
      database
        .prepare(`SELECT * FROM "${name}"`)
        .all()
        .map((row) => ({ place: `runtime ${name}`, text: textOf(row as object) })),
    );
  } finally {
    database.close();
  }
}

async function itemsOf({ local }: System): Promise<Kept[]> {
  const dynamo = dynamoOf(local);
  const kept: Kept[] = [];
  for (const [table, { name: TableName }] of Object.entries(local.topology.tables)) {
    let ExclusiveStartKey: Item | undefined;
    do {
      const page = await dynamo.send(new ScanCommand({ TableName, ExclusiveStartKey, ConsistentRead: true }));
      const items = page.Items ?? [];
      kept.push(...items.map((item) => ({ place: `${table} ${entityOf(item)}`, text: textOf(item) })));
      ExclusiveStartKey = page.LastEvaluatedKey;
    } while (ExclusiveStartKey);
  }
  return kept;
}

/** With what is JSON itself as it was before, so that one way of escaping is enough. */
function textOf(row: object): string {
  return JSON.stringify(row).replaceAll('\\"', '"');
}
