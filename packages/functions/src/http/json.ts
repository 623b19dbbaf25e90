/** JSON as strangers send it (RFC 8259), held to the rules that leave one way to read it (I-JSON, RFC 7493). */
import { DomainError, InvalidError } from "@cartwright/core/error";
import type { Context } from "hono";

/** Twice as deep as any body of ours. */
const maximumDepth = 10;
const longestPath = 100;

/** What has been compressed may be of any size when it is not. */
export class UnsupportedEncodingError extends DomainError {
  override name = "UnsupportedEncodingError";
  constructor() {
    super("invalid", "unsupported_encoding", "send the body as it is, without a Content-Encoding");
  }
}

/** Reads a body that has to be JSON. Throws `InvalidError` with where it goes wrong. */
export async function readJson(c: Context): Promise<unknown> {
  if (!/^application\/json\s*(;|$)/i.test(c.req.header("Content-Type") ?? "")) {
    throw new InvalidError("expected_json", "send the body as Content-Type: application/json");
  }
  if (!/^(identity)?$/i.test(c.req.header("Content-Encoding")?.trim() ?? "")) throw new UnsupportedEncodingError();
  const bytes = await c.req.arrayBuffer();
  if (bytes.byteLength === 0) throw new InvalidError("malformed", "there is no body: send one of JSON");
  return parseJson(decode(bytes));
}

/** Parses text in one pass without recursion, so that no depth of it costs more than its length. */
export function parseJson(text: string): unknown {
  new Reading(text).check();
  return JSON.parse(text);
}

function decode(bytes: ArrayBuffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new InvalidError("malformed", "the body is not UTF-8");
  }
}

interface Container {
  /** Of an object, those read so far. */
  keys?: Set<string>;
  /** Of the member or the item that is being read. */
  name: string | number;
}

/** What may come next: `more` is a comma or the end of what is open, `first` says that it may also end at once. */
type Expected = "value" | "firstValue" | "key" | "firstKey" | "colon" | "more" | "nothing";

/** Punctuation, a string, or another scalar. Each ends where the next begins, so nothing is read twice. */
const token =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: JSON forbids exactly these.
  /[ \t\n\r]*(?:([{}[\],:])|("[^"\\\x00-\x1f]*(?:\\(?:["\\/bfnrt]|u[\da-fA-F]{4})[^"\\\x00-\x1f]*)*")|(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)|$)/uy;

class Reading {
  readonly #text: string;
  readonly #open: Container[] = [];
  #expected: Expected = "value";
  #startsAt = 0;

  constructor(text: string) {
    this.#text = text;
  }

  check(): void {
    token.lastIndex = 0;
    for (let isOver = false; !isOver; ) {
      this.#startsAt = token.lastIndex;
      const found = token.exec(this.#text);
      if (!found) throw this.#malformed();
      const [, punctuation, string, scalar] = found;
      if (punctuation) this.#punctuate(punctuation);
      else if (string) this.#take(string);
      else if (scalar) this.#value();
      else isOver = true;
    }
    this.#awaits("nothing");
  }

  #punctuate(mark: string): void {
    if (mark === "{" || mark === "[") this.#begin(mark);
    else if (mark === ",") this.#goOn();
    else if (mark === ":") this.#assign();
    else this.#close(mark);
  }

  #begin(mark: "{" | "["): void {
    this.#awaits("value", "firstValue");
    if (this.#open.length === maximumDepth) {
      throw this.#refuse("too_deep", `a body is nested ${maximumDepth} deep at most`);
    }
    this.#open.push(mark === "{" ? { keys: new Set(), name: "" } : { name: 0 });
    this.#expected = mark === "{" ? "firstKey" : "firstValue";
  }

  #close(mark: string): void {
    const isObject = this.#open.at(-1)?.keys !== undefined;
    if (isObject !== (mark === "}")) throw this.#malformed();
    this.#awaits("more", isObject ? "firstKey" : "firstValue");
    this.#open.pop();
    this.#end();
  }

  #assign(): void {
    this.#awaits("colon");
    this.#expected = "value";
  }

  #goOn(): void {
    this.#awaits("more");
    const container = this.#open.at(-1);
    if (typeof container?.name === "number") container.name++;
    this.#expected = container?.keys ? "key" : "value";
  }

  #take(string: string): void {
    const isKey = this.#expected === "key" || this.#expected === "firstKey";
    const text: string = string.includes("\\") ? JSON.parse(string) : string.slice(1, -1);
    if (isKey) this.#key(text);
    else this.#value();
    if (/\p{Cs}/u.test(text)) throw this.#refuse("invalid_request", "half of a surrogate pair is no text");
  }

  #key(key: string): void {
    const container = this.#open.at(-1)!;
    container.name = key;
    this.#expected = "colon";
    if (container.keys!.has(key)) throw this.#refuse("duplicate_key", "is there twice");
    // As a name it would stand for an object's prototype, and a check for unknown fields might not see it.
    if (key === "__proto__") throw this.#refuse("invalid_request", "there is no such field: leave it out");
    container.keys!.add(key);
  }

  #value(): void {
    this.#awaits("value", "firstValue");
    this.#end();
  }

  /** A value is complete. */
  #end(): void {
    this.#expected = this.#open.length > 0 ? "more" : "nothing";
  }

  #awaits(...possible: Expected[]): void {
    if (!possible.includes(this.#expected)) throw this.#malformed();
  }

  #refuse(code: string, message: string): InvalidError {
    const path = this.#open
      .map(({ name }) => name)
      .join(".")
      .slice(0, longestPath);
    return new InvalidError(code, `${path || "the body"}: ${message}`, [{ path, code, message }]);
  }

  #malformed(): InvalidError {
    const at = this.#startsAt + /^[ \t\n\r]*/.exec(this.#text.slice(this.#startsAt))![0].length;
    if (at === this.#text.length) return new InvalidError("malformed", "the body is no JSON: it ends too early");
    const lines = this.#text.slice(0, at).split("\n");
    const where = `line ${lines.length}, column ${lines.at(-1)!.length + 1}`;
    return new InvalidError("malformed", `the body is no JSON: it goes wrong at ${where}`);
  }
}
