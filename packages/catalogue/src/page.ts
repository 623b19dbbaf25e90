/** The catalogue as a page for people: docs/events/README.md. */
import type { Subscriber } from "@cartwright/topology";
import type { Catalogue, Entry } from "./entry.ts";
import { fieldsOf } from "./field.ts";
import type { JsonSchema } from "./json-schema.ts";

export function pageOf({ envelope, entries }: Catalogue): string {
  const domains = [...new Set(entries.map(({ domain }) => domain))];
  const sections = domains.flatMap((domain) => [
    `## ${title(domain)}`,
    ...entries.filter((entry) => entry.domain === domain).map(eventSection),
  ]);
  return `${[introduction, contents(entries), workflow, envelopeSection(envelope), ...sections].join("\n\n")}\n`;
}

const introduction = `<!-- Written by npm run events. Change the definitions in packages/events/src instead. -->

# Events

What the domains tell each other. An event is written in the same write as the change it tells of, published by the
relay of its domain, delivered at least once, and kept in the archive. Machines read [asyncapi.json](asyncapi.json); the
schemas and a sample of every version are in [packages/events/contract](../../packages/events/contract).`;

const workflow = `## Changing an event

An event that is published can't be taken back: it is in the archive, and consumers that are deployed expect it.

1. **Add what is optional.** Within a version a schema may only gain optional fields. Change the definition in
   \`packages/events/src\`, run \`npm run events\`, and commit what it writes.
2. **For anything else add a version.** Keep the old schema, and say how its data becomes the new one's:

   \`\`\`ts
   defineEvent("payment.declined", 2, Declined, { from: { 1: upcast(DeclinedV1, Declined, (v1) => ({ … })) } });
   \`\`\`

   Handlers see today's version alone. Deploy those who consume before those who publish, or let the dead letters wait:
   an event that is too new for a consumer ends there, says so, and can be redriven.
3. **Give a new event a sentence** (\`.describe("…")\` on its schema) and its texts an example
   (\`.meta({ examples: ["…"] })\`), from which its sample is made. The sample is made once; then it is yours to improve, and never to break.

\`npm run events:check\` refuses everything else, naming event, version, field and rule, and so does CI. With
\`-- --against origin/main\` it keeps to the contract of that revision too, whatever has been recorded since. Definitions
stay when nothing publishes them any more: the archive can be replayed for ever.`;

function contents(entries: Entry[]): string {
  const rows = entries.map(({ name, description, versions, publisher, subscribers }) =>
    row([
      `[\`${name}\`](#${anchor(name)})`,
      description,
      String(versions[0]!.version),
      publisher,
      subscribers.map((subscriber) => subscriber.name).join(", ") || "–",
    ]),
  );
  return table(["event", "what it says", "version", "published by", "consumed by"], rows);
}

function envelopeSection(envelope: JsonSchema): string {
  const text =
    "What every event carries around its data. `sequence` grows within one subject; `causationId` is the event that this one follows from, and `correlationId` is shared by a whole story.";
  return ["## The envelope", text, fieldTable(envelope)].join("\n\n");
}

function eventSection(entry: Entry): string {
  const { name, description, versions, publisher } = entry;
  const [today, ...earlier] = versions;
  return [
    `### ${name}`,
    description,
    `Version ${today!.version}, published by \`${publisher}\`. ${consumers(entry)}`,
    fieldTable(today!.schema),
    details(`An event of version ${today!.version}`, example(today!.sample)),
    ...earlier.map(({ version, schema, sample }) =>
      details(
        `Version ${version}, which consumers see as version ${today!.version}`,
        `${fieldTable(schema)}\n\n${example(sample)}`,
      ),
    ),
  ].join("\n\n");
}

function consumers({ subscribers }: Entry): string {
  if (subscribers.length === 0) return "Nobody consumes it yet; the archive keeps it.";
  const rows = subscribers.map((subscriber) =>
    row([`\`${subscriber.name}\``, way(subscriber), `\`${subscriber.deadLetters}\``]),
  );
  return `Consumed by:\n\n${table(["subscriber", "through", "dead letters"], rows)}`;
}

function way({ kind, queue }: Subscriber): string {
  return queue ? `\`${queue}\`` : `the bus, which starts the ${kind}`;
}

function fieldTable(schema: JsonSchema): string {
  const rows = fieldsOf(schema).map(({ path, type, required, description }) =>
    row([`\`${path}\``, type, required ? "yes" : "no", description]),
  );
  return table(["field", "type", "required", ""], rows);
}

function example(sample: unknown): string {
  return `\`\`\`json\n${JSON.stringify(sample, null, 2)}\n\`\`\``;
}

function details(summary: string, text: string): string {
  return `<details><summary>${summary}</summary>\n\n${text}\n\n</details>`;
}

function table(headings: string[], rows: string[]): string {
  return [row(headings), `| ${headings.map(() => "---").join(" | ")} |`, ...rows].join("\n");
}

function row(cells: string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|").replaceAll("\n", " ")).join(" | ")} |`.replaceAll(
    "|  |",
    "| |",
  );
}

function title(domain: string): string {
  return `${domain.charAt(0).toUpperCase()}${domain.slice(1)}`;
}

/** As GitHub makes them of headings. */
function anchor(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^a-z0-9 _-]/g, "")
    .replaceAll(" ", "-");
}
