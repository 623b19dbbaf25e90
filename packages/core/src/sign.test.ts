import { Resource } from "sst";
import { afterEach, expect, test } from "vitest";
import { sign, verify } from "./sign.ts";

const value = Resource.SigningKey.value;
const [key, otherKey] = [1, 2].map((byte) => Buffer.alloc(32, byte).toString("base64")) as [string, string];

const use = (keys: string) => Object.assign(Resource.SigningKey, { value: keys });
afterEach(() => use(value));

test("what was signed is known again, for its purpose and text alone", () => {
  const signature = sign("cursor", "page 2");
  expect(sign("cursor", "page 2")).toBe(signature);
  expect(verify("cursor", "page 2", signature)).toBe(true);
  expect(verify("guest", "page 2", signature)).toBe(false);
  expect(verify("cursor", "page 3", signature)).toBe(false);
  // Where the purpose ends and the text begins is no matter of taste.
  expect(verify("cursorpage", " 2", signature)).toBe(false);
});

test("a signature that was cut, changed, spelt otherwise or never one is not known, and nothing throws", () => {
  const signature = sign("cursor", "page 2");
  const other = signature[0] === "A" ? "B" : "A";
  // The last character of 43 holds two bits that base64 ignores.
  const last = String.fromCharCode(signature.charCodeAt(42) + 1);
  const forged = ["", "x", signature.slice(1), `${signature}=`, `${signature}A`, other + signature.slice(1)];
  for (const one of [...forged, signature.slice(0, 42) + last, "ä".repeat(43), "\u0000".repeat(43)]) {
    expect(verify("cursor", "page 2", one)).toBe(false);
  }
});

test("a key can be replaced: the first one signs, all of them are known, and one that is gone is not", () => {
  use(key);
  const before = sign("cursor", "page 2");
  use(`${otherKey}, ${key}`);
  expect(verify("cursor", "page 2", before)).toBe(true);
  const after = sign("cursor", "page 2");
  expect(after).not.toBe(before);
  use(otherKey);
  expect(verify("cursor", "page 2", after)).toBe(true);
  expect(verify("cursor", "page 2", before)).toBe(false);
});

test("a secret that is no key says what it has to be, and how to make one", () => {
  for (const malformed of ["", "c2hvcnQ=", `${key},c2hvcnQ=`, "none"]) {
    use(malformed);
    expect(() => sign("cursor", "page 2")).toThrow(/SigningKey must be 32 bytes in base64.*openssl rand -base64 32/);
    expect(() => verify("cursor", "page 2", "A".repeat(43))).toThrow(/SigningKey/);
  }
});
