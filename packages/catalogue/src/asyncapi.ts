/** The catalogue as an AsyncAPI 3.0 document: a channel per event, a message per version. */
import type { Catalogue, Entry } from "./entry.ts";
import type { JsonSchema } from "./json-schema.ts";

type Json = Record<string, unknown>;

export function asyncApiOf({ envelope, entries }: Catalogue): Json {
  const schemas = entries.flatMap(({ name, versions }) =>
    versions.map(({ version, schema }) => [keyOf(name, version), schema] as const),
  );
  return {
    asyncapi: "3.0.0",
    info: {
      title: "Cartwright's events",
      version: "1.0.0",
      description:
        "What the domains tell each other through the event bus. Each event is delivered at least once, in order for one subject; `detail-type` is its name and `detail` is the payload described here.",
      license: { name: "MIT" },
    },
    defaultContentType: "application/json",
    channels: Object.fromEntries(entries.map((entry) => [entry.name, channelOf(entry)])),
    operations: Object.fromEntries(entries.flatMap(operationsOf)),
    components: {
      messages: Object.fromEntries(entries.flatMap(messagesOf)),
      schemas: Object.fromEntries(
        [["envelope", envelope] as const, ...schemas].map(([key, schema]) => [key, embedded(schema, key)]),
      ),
    },
  };
}

const keyOf = (name: string, version: number) => `${name}.v${version}`;
const reference = ($ref: string) => ({ $ref });

function channelOf({ name, domain, description, versions }: Entry): Json {
  const messages = versions.map(({ version }): [string, Json] => [
    `v${version}`,
    reference(`#/components/messages/${keyOf(name, version)}`),
  ]);
  return { address: name, title: name, description, tags: [{ name: domain }], messages: Object.fromEntries(messages) };
}

function operationsOf({ name, publisher, subscribers, versions }: Entry): [string, Json][] {
  const messagesFor = (numbers: number[]) =>
    numbers.map((version) => reference(`#/channels/${name}/messages/v${version}`));
  const channel = reference(`#/channels/${name}`);
  const today = versions[0]!.version;
  const send = {
    ...{ action: "send", channel, title: publisher },
    ...{ summary: `${publisher} publishes what a change has written with itself.`, messages: messagesFor([today]) },
  };
  const receive = subscribers.map((subscriber): [string, Json] => [
    `${name}.receive.${subscriber.name}`,
    {
      ...{ action: "receive", channel, title: subscriber.name },
      summary: subscriber.queue
        ? `${subscriber.name} reacts, through ${subscriber.queue}.`
        : `The bus starts the ${subscriber.kind} itself.`,
      description: `Dead letters: ${subscriber.deadLetters}.`,
      messages: messagesFor(versions.map(({ version }) => version)),
    },
  ]);
  return [[`${name}.send.${publisher}`, send], ...receive];
}

function messagesOf({ name, source, description, versions }: Entry): [string, Json][] {
  return versions.map(({ version, schema, sample }) => [
    keyOf(name, version),
    {
      name,
      title: `${name} version ${version}`,
      summary: String(schema.description ?? description),
      payload: {
        allOf: [
          reference("#/components/schemas/envelope"),
          {
            type: "object",
            properties: {
              name: { const: name },
              version: { const: version },
              source: { const: source },
              data: reference(`#/components/schemas/${keyOf(name, version)}`),
            },
          },
        ],
      },
      examples: [{ name: `v${version}`, payload: sample }],
    },
  ]);
}

/** Inside another document a schema has no `$schema`, and its references begin where it stands now. */
function embedded({ $schema: _, ...schema }: JsonSchema, key: string): JsonSchema {
  return JSON.parse(JSON.stringify(schema), (name, value: unknown) =>
    name === "$ref" && typeof value === "string" && value.startsWith("#")
      ? `#/components/schemas/${key}${value.slice(1)}`
      : value,
  );
}
