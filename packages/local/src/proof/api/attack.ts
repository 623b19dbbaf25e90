/** Hostile requests, made of what the API's description says a good one is. */
import fc from "fast-check";
import type { Sent } from "./caller.ts";
import type { Operation, Parameter } from "./document.ts";
import type { Cast } from "./people.ts";
import { encodeBody, type Person, requestOf } from "./request.ts";

export interface Attack {
  operation: Operation;
  /** What is wrong with it, for a person who reads what has failed. */
  title: string;
  /** Whether the description says that it must be refused; otherwise it is odd, and may be taken. */
  refused: boolean;
  sent: Sent;
}

type Draw = (cast: Cast) => Attack;

/** Whoever may call it, so that an attack gets past the door. */
export function insider({ access }: Operation, cast: Cast): Person {
  if (access === "staff") return cast.staff;
  return access === "anyone" || access === "provider" ? cast.nobody : cast.ada;
}

/** Attacks on all operations alike: on bodies, paths, queries and headers. */
export function attacks(api: readonly Operation[]): fc.Arbitrary<Draw> {
  const taking = api.filter(({ body }) => body?.mediaType === "application/json" && body.example !== undefined);
  const listing = api.filter(({ parameters }) => parameters.some((parameter) => parameter.in === "query"));
  const at = (place: Parameter["in"]) =>
    fc.constantFrom(
      ...api.flatMap((operation) =>
        operation.parameters
          .filter((parameter) => parameter.in === place)
          .map((parameter) => ({ operation, parameter })),
      ),
    );
  const of = (operations: readonly Operation[]) => fc.constantFrom(...operations);
  return fc.oneof(
    { weight: 6, arbitrary: fc.tuple(of(taking), edits).map(([operation, made]) => edited(operation, made)) },
    { weight: 2, arbitrary: fc.tuple(of(taking), rawBody).map(([operation, raw]) => rewritten(operation, raw)) },
    { weight: 2, arbitrary: fc.tuple(at("path"), segment).map(([place, text]) => misnamed(place, text)) },
    { weight: 1, arbitrary: fc.tuple(of(listing), query).map(([operation, asked]) => misasked(operation, asked)) },
    { weight: 1, arbitrary: fc.tuple(of(api), query).map(([operation, asked]) => misasked(operation, asked)) },
    { weight: 1, arbitrary: fc.tuple(at("header"), headerValue).map(([place, value]) => misheaded(place, value)) },
    { weight: 1, arbitrary: fc.tuple(fc.nat(500), fc.nat(255)).map(([place, by]) => miscopied(api, place, by)) },
  );
}

const strings = fc.oneof(
  fc.constantFrom(
    ...[
      "",
      " ",
      "\u0000",
      "a\u0000b",
      "\u202eevil",
      "\ud800",
      "\udfff\ud800",
      "\ufffe",
      "#",
      "$order#x",
      "a#b",
      "../..",
      "__proto__",
    ],
    ...[
      "constructor",
      "NaN",
      "true",
      "null",
      "1e309",
      "ord_01J9ZC5Q8MXW3VT0S6K2F4B7RD#x",
      "👩‍👩‍👧‍👦",
      "ÅÄÖ",
      "\u2028",
      "\r\n",
      "{{7*7}}",
      "%00",
    ],
    ...[
      "<script>alert(1)</script>",
      "'; DROP TABLE orders; --",
      "x".repeat(300),
      "y".repeat(20_000),
      "tok_ok",
      "MUG-BLUE",
    ],
  ),
  fc.string({ unit: "grapheme", maxLength: 30 }),
  fc.string({ unit: "binary", maxLength: 30 }),
);

const numbers = fc.oneof(
  fc.constantFrom(
    "-1",
    "0",
    "-0",
    "0.5",
    "1e309",
    "-1e309",
    "9007199254740993",
    "1e21",
    "1000000000001",
    "1E400",
    "2147483648",
  ),
  fc.integer().map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
);

/** Of which a parser makes nothing, or something else than was meant. */
const malformed = fc.constantFrom(
  "NaN",
  "Infinity",
  "undefined",
  "01",
  "0x10",
  "'x'",
  "[1,]",
  "{,}",
  "/**/1",
  '"\n"',
  "+1",
  ".5",
);

const nested = fc.constantFrom(11, 40, 1_000, 20_000).map((depth) => `${"[".repeat(depth)}${"]".repeat(depth)}`);

const keysThatLie = fc.constantFrom('{"__proto__":{"admin":true}}', '{"a":1,"a":2}', '{"sku":"A","\\u0073ku":"B"}');

const values = fc.oneof(
  strings.map((text) => ({ text: JSON.stringify(text), refused: false })),
  numbers.map((text) => ({ text, refused: false })),
  malformed.map((text) => ({ text, refused: true })),
  nested.map((text) => ({ text, refused: true })),
  keysThatLie.map((text) => ({ text, refused: true })),
  fc
    .constantFrom("null", "true", "false", "[]", "{}", "[[]]", "[null]", '{"amount":1}')
    .map((text) => ({ text, refused: false })),
  fc
    .constantFrom(50, 1_000, 10_000)
    .map((lines) => ({ text: JSON.stringify(Array(lines).fill({ sku: "MUG-BLUE", quantity: 1 })), refused: false })),
);

/** Where in a body, counted over all that is in it, and what becomes of that place. */
const edits = fc.array(
  fc.record({
    at: fc.nat(1_000),
    kind: fc.constantFrom("replace", "replace", "replace", "remove", "add", "repeat"),
    value: values,
    name: fc.constantFrom(
      "price",
      "total",
      "status",
      "userId",
      "customerId",
      "id",
      "version",
      "roles",
      "__proto__",
      "constructor",
      "",
    ),
  }),
  { minLength: 1, maxLength: 2 },
);

type Edits = typeof edits extends fc.Arbitrary<infer Made> ? Made : never;

/** Changes places of the example, in the text of its JSON: some of what attackers send is no value at all. */
function edited(operation: Operation, made: Edits): Draw {
  const body = structuredClone(operation.body!.example) as Record<string, unknown>;
  const raws: string[] = [];
  let refused = false;
  const told: string[] = [];
  for (const { at, kind, value, name } of made) {
    const places = placesIn(body);
    // What is left when all was taken out is the body itself.
    const place = places[at % places.length] ?? { in: body as Place["in"], key: name };
    const marker = `@@${raws.length}@@`;
    if (kind === "remove" && !Array.isArray(place.in)) delete place.in[place.key];
    else if (kind === "add" && !Array.isArray(place.in)) define(place.in, name, marker);
    else if (kind === "repeat" && Array.isArray(place.in)) place.in.push(...place.in.slice(0, 60));
    else place.in[place.key as never] = marker as never;
    raws.push(value.text);
    told.push(`${kind} ${String(place.key)} ${name}`);
  }
  const text = raws.reduce((json, raw, index) => json.replaceAll(`"@@${index}@@"`, () => raw), JSON.stringify(body));
  refused ||= made.some(({ value }, index) => value.refused && JSON.stringify(body).includes(`"@@${index}@@"`));
  return withText(operation, told.join(", "), text, refused);
}

function define(target: Record<string, unknown>, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true });
}

interface Place {
  in: Record<string, unknown> & unknown[];
  key: string | number;
}

function placesIn(value: unknown): Place[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [
    { in: value as Place["in"], key: Array.isArray(value) ? Number(key) : key },
    ...placesIn(inner),
  ]);
}

function withText(operation: Operation, title: string, text: string, refused: boolean): Draw {
  return (cast) => {
    const sent = requestOf(operation, insider(operation, cast), cast.belongings);
    return { operation, title, refused: refused || !fits(operation, text), sent: { ...sent, body: text } };
  };
}

function fits({ body }: Operation, text: string): boolean {
  try {
    return Buffer.byteLength(text) <= 64 * 1024 && body!.accepts(JSON.parse(text));
  } catch {
    return false;
  }
}

const rawBody = fc.oneof(
  fc.record({
    body: fc.constantFrom<string | Buffer>(
      ...[
        "",
        " ",
        "{",
        "[]",
        "null",
        '"x"',
        "1",
        "{}x",
        "{}{}",
        '{"a"',
        "\ud800",
        '{"":',
        "x".repeat(70_000),
        "[".repeat(60_000),
      ],
      ...[Buffer.from([0xff, 0xfe, 0x7b]), Buffer.from('{"\xff":1}', "latin1"), Buffer.alloc(1024)],
    ),
    type: fc.constant("application/json"),
  }),
  fc.record({
    body: fc.constant("{}"),
    type: fc.constantFrom(
      "text/plain",
      "application/xml",
      "application/jsonp",
      "multipart/form-data; boundary=x",
      "application/x-www-form-urlencoded",
    ),
  }),
);

function rewritten(operation: Operation, raw: { body: string | Buffer; type: string }): Draw {
  return (cast) => {
    const sent = requestOf(operation, insider(operation, cast), cast.belongings);
    const isEmpty = String(raw.body).trim() === "";
    return {
      operation,
      title: `a body of ${raw.type}: ${String(raw.body).slice(0, 20)}`,
      refused: operation.body!.required || !isEmpty,
      sent: { ...sent, headers: { ...sent.headers, "Content-Type": raw.type }, body: raw.body },
    };
  };
}

/** A segment of a path as it is sent: in part encoded as it should be, in part as nobody should. */
const segment = fc.oneof(
  strings.filter((text) => text.length < 4_000).map((text) => encodeURIComponent(wellFormed(text))),
  fc.constantFrom(
    "%",
    "%zz",
    "%ff",
    "%c0%af",
    "..%2f..",
    "%2e%2e",
    "%00",
    "%23",
    "%3Fx=1",
    "a%0d%0ab",
    "%ED%A0%80",
    ".",
    "..",
    ";",
    "@",
    "x".repeat(6_000),
  ),
  fc.constantFrom(
    "ord_",
    "ORD_01J9ZC5Q8MXW3VT0S6K2F4B7RD",
    "ord_81J9ZC5Q8MXW3VT0S6K2F4B7RD",
    "usr_01J9ZC5Q8MXW3VT0S6K2F4B7RD",
    "ord_01J9ZC5Q8MXW3VT0S6K2F4B7R%44",
  ),
);

function misnamed({ operation, parameter }: { operation: Operation; parameter: Parameter }, text: string): Draw {
  const [, family = ""] = operation.path.split("/");
  return (cast) => {
    const marker = "0123456789";
    const values = { ...cast.belongings, [`${family}.${parameter.name}`]: marker };
    const sent = requestOf(operation, insider(operation, cast), values);
    const { pattern } = parameter.schema as { pattern?: string };
    const decoded = decode(text);
    const refused = decoded === undefined || (pattern !== undefined && !new RegExp(pattern, "u").test(decoded));
    return {
      ...{ operation, title: `${parameter.name} in the path is ${text.slice(0, 50)}`, refused },
      sent: { ...sent, path: sent.path.replace(marker, () => text) },
    };
  };
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

const query = fc.oneof(
  fc.record({
    name: fc.constant("limit"),
    value: fc.constantFrom("0", "-1", "501", "1e2", "NaN", "1.5", "", "%201", "%EF%BC%99", "1&limit=2", "0x10"),
  }),
  fc.record({
    name: fc.constant("cursor"),
    value: fc.oneof(fc.base64String(), fc.constantFrom("%00", "e30", "W10", "bnVsbA", "x".repeat(3_000))),
  }),
  fc.record({
    name: fc.constantFrom("status", "number", "category", "prefix", "orderId", "event", "after"),
    value: strings.map((text) => encodeURIComponent(wellFormed(text))).filter((text) => text.length < 4_000),
  }),
  fc.record({
    name: fc.constantFrom("price", "userId", "__proto__", "limit[]", "a.b", "%00"),
    value: fc.constantFrom("1", ""),
  }),
);

function misasked(operation: Operation, { name, value }: { name: string; value: string }): Draw {
  const known = operation.parameters.filter((parameter) => parameter.in === "query").map((parameter) => parameter.name);
  return (cast) => {
    const sent = requestOf(operation, insider(operation, cast), cast.belongings);
    const mark = sent.path.includes("?") ? "&" : "?";
    return {
      operation,
      title: `the query ${name}=${value.slice(0, 50)}`,
      refused: operation.access !== "provider" && (!known.includes(name) || name === "limit" || name === "cursor"),
      sent: { ...sent, path: `${sent.path}${mark}${name}=${value}` },
    };
  };
}

/** A cursor of Ada's orders with one character that is another, or one too many. */
function miscopied(api: readonly Operation[], place: number, by: number): Draw {
  const operation = api.find(({ id }) => id === "listOrders")!;
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";
  return (cast) => {
    const index = place % (cast.cursor.length + 1);
    const before = cast.cursor[index] ?? "";
    const after = alphabet[(alphabet.indexOf(before) + 1 + (by % (alphabet.length - 1))) % alphabet.length]!;
    const cursor = cast.cursor.slice(0, index) + after + cast.cursor.slice(index + 1);
    const sent = requestOf(operation, cast.ada, cast.belongings);
    return {
      ...{ operation, title: `a cursor with ${after} for ${before}`, refused: true },
      sent: { ...sent, path: `/orders?limit=1&cursor=${cursor}` },
    };
  };
}

const headerValue = fc.constantFrom(
  ...[
    "",
    " ",
    "*",
    'W/"1"',
    '"abc"',
    '""',
    '"1", "2"',
    '"-1"',
    '"1e3"',
    '"9999999999999999"',
    "k".repeat(256),
    "k".repeat(8_000),
  ],
  ...["sch\xf6n", "\xff\xfe", "a b", "a\tb", "é", "null", "undefined"],
);

function misheaded({ operation, parameter }: { operation: Operation; parameter: Parameter }, value: string): Draw {
  return (cast) => {
    const sent = requestOf(operation, insider(operation, cast), cast.belongings);
    const refused = !new RegExp(String(parameter.schema.pattern), "u").test(value.trim());
    return {
      ...{ operation, title: `${parameter.name}: ${value.slice(0, 50)}`, refused },
      sent: { ...sent, headers: { ...sent.headers, [parameter.name]: value } },
    };
  };
}

/** The same request with a field more, for what a client may wish to decide and must not. */
export function withField(operation: Operation, name: string, value: unknown): Draw {
  const body = { ...(operation.body!.example as object), [name]: value };
  return withText(operation, `${name} is added`, encodeBody("application/json", body), false);
}

/** Lone surrogates have no encoding in a URL. */
function wellFormed(text: string): string {
  return Buffer.from(text).toString();
}
