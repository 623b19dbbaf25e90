import { expect, test } from "vitest";
import { collect } from "../test/collect.ts";
import { longestRecord, recordsOf } from "./record.ts";

async function read(text: string, { quoted = true, chunkSize = text.length || 1 } = {}) {
  async function* chunks() {
    for (let at = 0; at < text.length; at += chunkSize) yield text.slice(at, at + chunkSize);
  }
  return collect(recordsOf(chunks(), { quoted }));
}

test.each([1, 2, 3, 7, 1000])(
  "records begin on their lines, however the file comes in (%i characters)",
  async (chunkSize) => {
    const text = '\uFEFFsku,title\r\nA,"two\r\nlines ""of"" text"\r\n\r\n\nB,one\nC,"\n\n\n"\nD,last';
    expect(await read(text, { chunkSize })).toEqual([
      { line: 1, text: "sku,title" },
      { line: 2, text: 'A,"two\nlines ""of"" text"' },
      { line: 6, text: "B,one" },
      { line: 7, text: 'C,"\n\n\n"' },
      { line: 11, text: "D,last" },
    ]);
  },
);

test("without quoting, a quote is a character like any other", async () => {
  expect(await read('{"a":"\n"}\n', { quoted: false })).toEqual([
    { line: 1, text: '{"a":"' },
    { line: 2, text: '"}' },
  ]);
});

test("a quote that is never closed is the fault of its line, and the lines after it are read", async () => {
  expect(await read('A,1\nB,"open\nC,"two\nlines"\nD,4\n')).toEqual([
    { line: 1, text: "A,1" },
    { line: 2, text: 'B,"open\nC,"two' },
    { line: 4, text: 'lines"', fault: expect.stringContaining("never closed") },
    { line: 5, text: "D,4" },
  ]);
  expect(await read('A,"open\nB,2\nC,3')).toEqual([
    { line: 1, text: 'A,"open', fault: expect.stringContaining("never closed") },
    { line: 2, text: "B,2" },
    { line: 3, text: "C,3" },
  ]);
});

test("a quote that is never closed does not make the rest of a large file one record", async () => {
  const rows = Array.from({ length: 20_000 }, (_, at) => `SKU-${at},some title`);
  const records = await read(['A,"open', ...rows].join("\n"), { chunkSize: 65_536 });
  expect(records).toHaveLength(20_001);
  expect(records[0]).toMatchObject({ line: 1, fault: expect.any(String) });
  expect(records.at(-1)).toEqual({ line: 20_001, text: "SKU-19999,some title" });
});

test.each([true, false])("a line that is too long is told of and not kept (quoted: %s)", async (quoted) => {
  const records = await read(`A\n${"x".repeat(2 * longestRecord)}\nB`, { quoted, chunkSize: 65_536 });
  expect(records).toEqual([
    { line: 1, text: "A" },
    { line: 2, text: "x".repeat(200), fault: "it is longer than 256 KB" },
    { line: 3, text: "B" },
  ]);
});
