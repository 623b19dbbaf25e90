import { Entity } from "electrodb";
import { applied, reaching } from "../aws-fault.ts";
import { dynamo } from "../dynamo.ts";
import type { Circuit } from "./circuit.ts";
import type { Store } from "./shared.ts";

/**
 * By name. It lives in a table of the domain that it guards, which may read and write that table anyway. Its `revision`
 * is no `version`: no event tells of a circuit.
 */
export function breakerEntity(service: string, table: string) {
  return new Entity(
    {
      model: { service, entity: "breaker", version: "1" },
      attributes: {
        name: { type: "string", required: true },
        recent: {
          type: "list",
          required: true,
          items: {
            type: "map",
            properties: {
              fromMs: { type: "number", required: true },
              failures: { type: "number", required: true },
              successes: { type: "number", required: true },
            },
          },
        },
        open: {
          type: "map",
          properties: {
            attempt: { type: "number", required: true },
            nextTryAtMs: { type: "number", required: true },
            probing: { type: "boolean", required: true },
          },
        },
        revision: { type: "number", required: true },
      },
      indexes: {
        byName: {
          pk: { field: "pk", composite: ["name"], casing: "none" },
          sk: { field: "sk", composite: [], casing: "none" },
        },
      },
    },
    { client: dynamo(), table },
  );
}

/** Keeps one item for each breaker, of less than a kilobyte: a write costs one unit. */
export function dynamoBreakerStore(service: string, table: string): Store {
  const breakers = breakerEntity(service, table);

  async function read(name: string) {
    const { data } = await reaching(name, breakers.get({ name }).go({ consistent: true }));
    if (!data) return undefined;
    const { recent, open, revision } = data;
    return { circuit: { recent, open }, revision };
  }

  function write(name: string, { recent, open }: Circuit, expectedRevision: number) {
    const put = breakers
      .put({ name, recent, ...(open && { open }), revision: expectedRevision + 1 })
      .where(({ revision }, { eq, notExists }) =>
        expectedRevision === 0 ? notExists(revision) : eq(revision, expectedRevision),
      )
      .go();
    return applied(name, put);
  }

  return { read, write };
}
