/** Whether the code keeps what is committed, and what there is to record. */
import { type EventDefinition, parseEvent } from "@cartwright/events";
import type { ValidateFunction } from "ajv";
import { type Change, changesBetween } from "./change.ts";
import { type DefinedVersion, type Definitions, definedVersions, envelopeContract } from "./contract.ts";
import { type Committed, type CommittedVersion, envelopeFile, fileOf, toText } from "./folder.ts";
import { isObject } from "./json-schema.ts";
import { sampleOf } from "./sample.ts";
import { validatorOf } from "./validator.ts";

export interface Fault {
  /** Such as `order.placed v1: data.lines[].sku: field removed`. */
  message: string;
  advice: string;
}

const unrecorded = "run npm run events, and commit the result";

/** Changes that break events in the archive or consumers that are deployed. They can't be recorded. */
export function breaches(definitions: Definitions, committed: Committed): Fault[] {
  const defined = definedVersions(definitions);
  const faults = committed.versions.flatMap((version) => breachesOf(version, definitions, defined));
  return [...envelopeBreaches(definitions, committed), ...faults, ...namelessFaults(defined)];
}

/** What is new and may be recorded: files by their path in the folder of the contract. */
export function news(definitions: Definitions, committed: Committed): Map<string, string> {
  const files = new Map<string, string>();
  const envelope = envelopeContract(definitions);
  if (!committed.envelope || changesBetween(committed.envelope, envelope, "envelope").length > 0) {
    files.set(envelopeFile, toText(envelope));
  }
  for (const { definition, version, schema } of definedVersions(definitions)) {
    const known = find(committed, definition.name, version);
    if (!known?.schema || changesBetween(known.schema, schema, "data").length > 0) {
      files.set(fileOf(definition.name, version, "schema"), toText(schema));
    }
    if (known?.sample === undefined) {
      files.set(fileOf(definition.name, version, "sample"), toText(sampleOf(definition, version, schema)));
    }
  }
  return files;
}

/** What is defined and not committed, each with what `npm run events` would do about it. */
export function unrecordedFaults(definitions: Definitions, committed: Committed): Fault[] {
  const faults = definedVersions(definitions).flatMap(({ definition: { name }, version, schema }): Fault[] => {
    const known = find(committed, name, version);
    const about = `${name} v${version}`;
    if (!known?.schema) return [{ message: `${about}: its schema is not committed`, advice: unrecorded }];
    const faults = changesBetween(known.schema, schema, "data").map((change) => notRecorded(about, change));
    if (known.sample !== undefined) return faults;
    return [...faults, { message: `${about}: its sample is missing`, advice: `restore it from Git, or ${unrecorded}` }];
  });
  const { envelope } = committed;
  if (!envelope) return [{ message: "envelope: its schema is not committed", advice: unrecorded }, ...faults];
  const changes = changesBetween(envelope, envelopeContract(definitions), "envelope");
  return [...changes.map((change) => notRecorded("envelope", change)), ...faults];
}

/** Samples that do not fit the schemas they are committed with, or that today's code can't consume. */
export function sampleFaults(definitions: Definitions, committed: Committed): Fault[] {
  const fitsEnvelope = committed.envelope && validatorOf(committed.envelope);
  return committed.versions.flatMap(({ name, version, schema, sample }): Fault[] => {
    const definition = definitions.events.get(name);
    if (sample === undefined || !schema || !definition) return [];
    const reasons = [
      ...(fitsEnvelope ? misfits(fitsEnvelope, sample, "") : []),
      ...misfits(validatorOf(schema), isObject(sample) ? sample.data : undefined, "data"),
      ...differences(sample, { name, version, source: definition.source }),
      ...consumptionFault(definition, sample),
    ];
    return reasons.map((reason) => ({
      message: `${name} v${version}: its sample ${reason}`,
      advice: `a sample stands for events in the archive: change the code, or correct ${fileOf(name, version, "sample")} if it never was right`,
    }));
  });
}

function find(committed: Committed, name: string, version: number): CommittedVersion | undefined {
  return committed.versions.find((known) => known.name === name && known.version === version);
}

function notRecorded(about: string, { path, rule }: Change): Fault {
  return { message: `${about}: ${path}: ${rule}, which is not recorded`, advice: unrecorded };
}

function breachesOf(
  { name, version, schema }: CommittedVersion,
  { events }: Definitions,
  defined: DefinedVersion[],
): Fault[] {
  const definition = events.get(name);
  if (!definition) {
    const advice = "the archive still holds it: keep its definition, even if nothing publishes it any more";
    return [{ message: `${name} v${version}: event removed`, advice }];
  }
  const today = defined.find((each) => each.definition.name === name && each.version === version);
  if (!today) {
    const advice = `the archive still holds it: keep ${name} at version ${version} or later, with an upcaster from each earlier one`;
    return [{ message: `${name} v${version}: version removed`, advice }];
  }
  if (!schema) return [];
  const changes = changesBetween(schema, today.schema, "data").filter(({ kind }) => kind === "breaking");
  const advice = adviceOn(definition, version);
  return changes.map(({ path, rule }) => ({ message: `${name} v${version}: ${path}: ${rule}`, advice }));
}

function adviceOn(definition: EventDefinition, version: number): string {
  if (version < definition.version) {
    return `events of version ${version} are in the archive as they were: restore its schema, and let its upcaster bring about what is new`;
  }
  return `within a version only optional fields may be added: take this back, or add a version with an upcaster:\n    ${nextVersion(definition)}`;
}

function nextVersion({ name, version }: EventDefinition): string {
  const steps = Array.from({ length: version }, (_, index) => {
    const [older, newer] = [index + 1, index + 2];
    return `${older}: upcast(V${older}, V${newer}, (v${older}) => ({ ...v${older}, … }))`;
  });
  return `defineEvent("${name}", ${version + 1}, V${version + 1}, { from: { ${steps.join(", ")} } })`;
}

function envelopeBreaches(definitions: Definitions, { envelope }: Committed): Fault[] {
  if (!envelope) return [];
  const advice = "every event there is, archived or new, is read with the envelope: only optional fields may be added";
  return changesBetween(envelope, envelopeContract(definitions), "envelope")
    .filter(({ kind }) => kind === "breaking")
    .map(({ path, rule }) => ({ message: `envelope: ${path}: ${rule}`, advice }));
}

/** The catalogue tells what each event says, so somebody has to say it. */
function namelessFaults(defined: DefinedVersion[]): Fault[] {
  return defined
    .filter(({ definition, version, schema }) => version === definition.version && !schema.description)
    .map(({ definition, version }) => ({
      message: `${definition.name} v${version}: nothing says what it tells`,
      advice: 'add a sentence to its schema: z.object({ … }).describe("…")',
    }));
}

function misfits(validate: ValidateFunction, value: unknown, path: string): string[] {
  if (validate(value)) return [];
  return (validate.errors ?? []).map(({ instancePath, message }) => {
    const inner = instancePath.replace(/\/(\d+)/g, "[$1]").replaceAll("/", ".");
    const place = `${path}${inner}`.replace(/^\./, "") || "as a whole";
    return `does not fit its committed schema: ${place} ${message}`;
  });
}

function differences(sample: unknown, expected: Record<string, unknown>): string[] {
  const fields = isObject(sample) ? sample : {};
  return Object.entries(expected)
    .filter(([field, value]) => fields[field] !== value)
    .map(
      ([field, value]) => `has ${field} ${JSON.stringify(fields[field])}, but the code says ${JSON.stringify(value)}`,
    );
}

function consumptionFault(definition: EventDefinition, sample: unknown): string[] {
  try {
    parseEvent(definition, sample);
    return [];
  } catch (error) {
    return [`can't be consumed by today's code: ${error instanceof Error ? error.message : error}`];
  }
}
