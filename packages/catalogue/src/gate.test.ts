import { readFile, rm, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import {
  Envelope,
  type EventDefinition,
  eventsOf,
  idSchema,
  Money,
  OrderPaid,
  registry,
  upcast,
} from "@cartwright/events";
import { describe, expect, test } from "vitest";
import * as z from "zod";
import { check, record } from "./catalogue.ts";
import { definitions } from "./contract.ts";
import { command } from "./test/command.ts";
import { edit, withCopy } from "./test/folder.ts";

type Json = Record<string, unknown>;

const defineEvent = eventsOf("order");
const ids = { orderId: idSchema("ord"), customerId: idSchema("usr") };
const Paid = OrderPaid.schema;
const told = Paid.description!;

/** Today's events with some of them defined otherwise, or taken out. */
function redefined(changed: EventDefinition[], without: string[] = []) {
  const events = new Map<string, EventDefinition>(registry);
  for (const definition of changed) events.set(definition.name, definition);
  for (const name of without) events.delete(name);
  return { ...definitions, events };
}

const isEuro = ({ currency }: Money) => currency === "EUR";
const isEven = (text: string) => text.length % 2 === 0;
const same = { decode: (text: string) => text, encode: (text: string) => text };

/** What the check says of these definitions, against what is committed. */
async function faultsOf(changed: typeof definitions): Promise<{ message: string; advice: string }[]> {
  return withCopy(async (copy) => (await check({ ...copy, definitions: changed })).faults);
}

test("what is committed is what the code defines", async () => {
  await withCopy(async (copy) => {
    const { faults, summary } = await check({ ...copy, definitions });
    expect(faults).toEqual([]);
    expect(summary).toMatch(/^\d+ events, \d+ versions: contract kept$/);
  });
});

describe("a breaking change", () => {
  test("is told with event, version, field and rule, and how to add a version instead", async () => {
    const changed = Paid.extend({ total: Money.omit({ currency: true }) }).describe(told);
    expect(await faultsOf(redefined([defineEvent("order.paid", 1, changed)]))).toEqual([
      {
        message: "order.paid v1: data.total.currency: field removed",
        advice: expect.stringContaining(
          'defineEvent("order.paid", 2, V2, { from: { 1: upcast(V1, V2, (v1) => ({ ...v1, … })) } })',
        ),
      },
    ]);
  });

  test("of a version that is history is told to be undone", async () => {
    const before = Paid.extend({ total: z.int() });
    const changed = defineEvent("order.paid", 2, Paid, {
      from: { 1: upcast(before, Paid, (v1) => ({ ...v1, total: { amount: v1.total, currency: "EUR" } })) },
    });
    const faults = await faultsOf(redefined([changed]));
    expect(faults.map(({ message }) => message)).toContain(
      "order.paid v1: data.total: type changed from object to integer",
    );
    expect(faults[0]!.advice).toContain("restore its schema");
  });

  test("of the envelope has no way out by a version", async () => {
    const envelope = Envelope.extend({ sequence: z.string() });
    expect(await faultsOf({ ...definitions, envelope })).toMatchObject([
      { message: "envelope: envelope.sequence: type changed from integer to string" },
    ]);
  });

  test("is not recorded, nor is anything else then", async () => {
    const changed = redefined([
      defineEvent("order.paid", 1, Paid.extend({ paidAt: z.iso.datetime() }).describe(told)),
      defineEvent("order.teleported", 1, z.object(ids).describe("Shipped.")),
    ]);
    await withCopy(async (copy) => {
      const { faults } = await record({ ...copy, definitions: changed });
      expect(faults.map(({ message }) => message)).toEqual(["order.paid v1: data.paidAt: required field added"]);
      expect((await check({ ...copy, definitions })).faults).toEqual([]);
    });
  });
});

describe("what vanished", () => {
  test("an event", async () => {
    expect(await faultsOf(redefined([], ["order.paid"]))).toMatchObject([{ message: "order.paid v1: event removed" }]);
  });

  test("a version", async () => {
    const declined = registry.get("payment.declined")!;
    const downgraded = { ...declined, version: 1, from: {} } as EventDefinition;
    const faults = await faultsOf(redefined([downgraded]));
    expect(faults.map(({ message }) => message)).toContain("payment.declined v2: version removed");
  });
});

describe("what is new", () => {
  const shipped = defineEvent("order.teleported", 1, z.object(ids).describe("Shipped."));
  const grown = defineEvent(
    "order.paid",
    1,
    Paid.extend({
      method: z
        .string()
        .optional()
        .meta({ examples: ["card"] }),
    }).describe(told),
  );

  test.each([
    ["an event", shipped, "order.teleported v1: its schema is not committed"],
    ["an optional field", grown, "order.paid v1: data.method: optional field added, which is not recorded"],
  ])("%s has to be recorded", async (_, definition, message) => {
    const faults = await faultsOf(redefined([definition]));
    expect(faults[0]).toEqual({ message, advice: "run npm run events, and commit the result" });
  });

  test("is recorded with its sample; a sample that exists stays as it is", async () => {
    await withCopy(async (copy) => {
      const sampleFile = path.join(copy.contractFolder, "order.paid/v1.sample.json");
      const before = await readFile(sampleFile, "utf8");
      const changed = { ...copy, definitions: redefined([shipped, grown]) };
      expect((await record(changed)).faults).toEqual([]);
      expect((await check(changed)).faults).toEqual([]);
      expect(await readFile(sampleFile, "utf8")).toBe(before);
      const sample = await readFile(path.join(copy.contractFolder, "order.teleported/v1.sample.json"), "utf8");
      expect(JSON.parse(sample)).toMatchObject({ name: "order.teleported", version: 1, source: "cartwright.order" });
      expect(await readFile(path.join(copy.docsFolder, "README.md"), "utf8")).toContain("### order.teleported");
      expect((await record(changed)).summary).toContain("nothing is new");
    });
  });

  test("a version is recorded beside the one before it", async () => {
    const V2 = Paid.extend({ total: z.int() }).describe(told);
    const next = defineEvent("order.paid", 2, V2, {
      from: { 1: upcast(Paid, V2, (v1) => ({ ...v1, total: v1.total.amount })) },
    });
    await withCopy(async (copy) => {
      const changed = { ...copy, definitions: redefined([next]) };
      expect((await check(changed)).faults.map(({ message }) => message)).toEqual([
        "order.paid v2: its schema is not committed",
      ]);
      expect((await record(changed)).faults).toEqual([]);
      expect((await check(changed)).faults).toEqual([]);
    });
  });

  test("says what it tells, and gives its texts an example", async () => {
    const silent = defineEvent("order.teleported", 1, z.object(ids));
    expect(await faultsOf(redefined([silent]))).toMatchObject([
      { message: "order.teleported v1: nothing says what it tells" },
    ]);
    const wordless = defineEvent("order.teleported", 1, z.object({ carrier: z.string() }).describe("Shipped."));
    await withCopy(async (copy) => {
      const recorded = record({ ...copy, definitions: redefined([wordless]) });
      await expect(recorded).rejects.toThrow("order.teleported v1: data.carrier needs an example");
    });
  });
});

describe("a schema that no contract can be made of is refused", () => {
  test.each([
    ["a list", z.array(z.string()), "must be an object"],
    ["a number beyond JSON", z.object({ n: z.literal(1n) }), "must be plain JSON: BigInt literals"],
    ["a date", z.object({ at: z.date() }), "the type date at data.at"],
    ["a refined total", z.object({ total: Money.refine(isEuro) }), "a check by a function (refine, "],
    ["a super-refined one", z.object({ total: Money.superRefine(() => {}) }), "instanceof) at data.total"],
    ["a checked one", z.object({ total: Money.check(() => {}) }), "instanceof) at data.total"],
    ["a type of one's own", z.object({ total: z.custom<number>() }), "instanceof) at data.total"],
    ["a checked property", z.object({ s: z.string().check(z.property("length", z.int())) }), "the check property at"],
    ["a text that becomes a number", z.object({ n: z.string().transform(Number) }), "a conversion (transform, "],
    ["what is prepared", z.object({ n: z.preprocess(Number, z.number()) }), "codec) at data.n"],
    ["a pipe", z.object({ n: z.string().pipe(z.string().min(2)) }), "codec) at data.n"],
    ["a codec", z.object({ s: z.codec(z.string(), z.string(), same) }), "codec) at data.s"],
    ["a number of whatever comes", z.object({ n: z.coerce.number() }), "whatever comes (coerce) at data.n"],
    ["a text that is trimmed", z.object({ s: z.string().trim() }), "a change of the value (trim, "],
    ["a text in small letters", z.object({ s: z.string().toLowerCase() }), "overwrite) at data.s"],
    ["a substitute", z.object({ s: z.string().catch("none") }), "what is wrong (catch) at data.s"],
    ["an address of one host", z.object({ s: z.url({ hostname: /^shop$/ }) }), "the option hostname of url at data.s"],
    ["a pattern with flags", z.object({ s: z.string().regex(/^[a-z]$/i) }), "the flags of /^[a-z]$/i at data.s"],
    ["a format of one's own", z.object({ s: z.stringFormat("even", isEven) }), "the format even, which a function"],
    ["two faults", z.object({ n: z.coerce.number(), s: z.string().trim() }), "at data.n, nor a change of the value"],
  ])("%s", async (_, schema, told) => {
    const definition = defineEvent("order.teleported", 1, schema.describe("Shipped."));
    await expect(faultsOf(redefined([definition]))).rejects.toThrow(told);
  });

  test("a narrowing that would leave no trace in the contract", async () => {
    const changed = Paid.extend({ total: Money.refine(isEuro) }).describe(told);
    await expect(faultsOf(redefined([defineEvent("order.paid", 1, changed)]))).rejects.toThrow(
      "order.paid v1: an event's schema may hold only what JSON Schema can say, and not a check by a function",
    );
  });

  test("of a version that is history, and of the envelope", async () => {
    const before = Paid.extend({ total: z.coerce.number() });
    const changed = defineEvent("order.paid", 2, Paid, {
      from: { 1: upcast(before, Paid, (v1) => ({ ...v1, total: { amount: v1.total, currency: "EUR" } })) },
    });
    await expect(faultsOf(redefined([changed]))).rejects.toThrow(/^order\.paid v1: .* \(coerce\) at data\.total$/);
    const envelope = Envelope.extend({ subject: z.string().trim() });
    await expect(faultsOf({ ...definitions, envelope })).rejects.toThrow(/^envelope: .* at envelope\.subject$/);
  });
});

describe("a sample", () => {
  const file = "payment.declined/v1.sample.json";
  const cases: [string, (sample: Json & { data: Json }) => void, string][] = [
    ["that lacks a field", ({ data }) => delete data.reason, "data must have required property 'reason'"],
    ["whose id is none", ({ data }) => Object.assign(data, { orderId: "42" }), "data.orderId must match pattern"],
    ["without a time", (sample) => delete (sample as Json).time, "must have required property 'time'"],
    [
      "with cents",
      ({ data }) => Object.assign(data, { amount: { amount: 0.5, currency: "EUR" } }),
      "data.amount.amount must",
    ],
    ["of another event", (sample) => Object.assign(sample, { name: "order.paid" }), 'has name "order.paid"'],
    ["from another domain", (sample) => Object.assign(sample, { source: "cartwright.order" }), "has source"],
  ];
  test.each(cases)("%s is refused", async (_, change, told) => {
    await withCopy(async (copy) => {
      await edit(copy.contractFolder, file, change);
      const { faults } = await check({ ...copy, definitions });
      expect(faults[0]!.message).toMatch(/^payment\.declined v1: its sample /);
      expect(faults.map(({ message }) => message).join("\n")).toContain(told);
    });
  });

  test("that today's upcaster can't bring up is refused", async () => {
    const declined = registry.get("payment.declined")!;
    const partial = upcast(declined.from[1]!.schema, declined.schema, () => {
      throw new RangeError("no answer for do_not_honour");
    });
    const faults = await faultsOf(redefined([{ ...declined, from: { 1: partial } } as EventDefinition]));
    expect(faults.map(({ message }) => message)).toEqual([
      expect.stringMatching(
        /^payment\.declined v1: its sample can't be consumed by today's code: .* from version 1 to 2: RangeError: no answer for do_not_honour$/,
      ),
    ]);
  });

  test("that is missing is refused, and so is a file that is no part of the contract", async () => {
    await withCopy(async (copy) => {
      await rm(path.join(copy.contractFolder, file));
      const { faults } = await check({ ...copy, definitions });
      expect(faults).toMatchObject([{ message: "payment.declined v1: its sample is missing" }]);
      await writeFile(path.join(copy.contractFolder, "payment.declined/notes.txt"), "");
      await expect(check({ ...copy, definitions })).rejects.toThrow("notes.txt is no part of a contract");
      await rm(path.join(copy.contractFolder, "payment.declined/notes.txt"));
      await symlink("order.paid", path.join(copy.contractFolder, "order.linked"));
      await expect(check({ ...copy, definitions })).rejects.toThrow("order.linked is no part of a contract");
    });
  });
});

test("documents that tell something else are stale", async () => {
  await withCopy(async (copy) => {
    await writeFile(path.join(copy.docsFolder, "README.md"), "# Events\n");
    const { faults } = await check({ ...copy, definitions });
    expect(faults.map(({ message }) => message)).toEqual([`${path.join(copy.docsFolder, "README.md")} is stale`]);
  });
});

describe("the command", () => {
  test("succeeds with one line when the contract is kept", async () => {
    const { stdout, stderr } = await command("--check");
    expect(stderr).toBe("");
    expect(stdout).toMatch(/^\d+ events, \d+ versions: contract kept\n$/);
  });

  test("fails, naming field and rule, when the code does not keep what is committed", async () => {
    await withCopy(async ({ contractFolder }) => {
      await edit(contractFolder, "order.placed/v1.schema.json", (schema) => {
        const { lines } = schema.properties as { lines: { items: { properties: Json; required: string[] } } };
        lines.items.properties.giftWrap = { type: "boolean" };
        lines.items.required.push("giftWrap");
      });
      const failure = await command("--check", "--contract", contractFolder).catch((error) => error);
      expect(failure).toMatchObject({ code: 1, stdout: "" });
      expect(failure.stderr).toContain("order.placed v1: data.lines[].giftWrap: field removed");
      expect(failure.stderr).toContain('defineEvent("order.placed", 2, V2, { from: { 1: upcast(');
    });
  });
});
