/** A file's records with the lines they begin on, one after the other, so that a large file never fills the memory. */

export interface TextRecord {
  /** Of the file, from 1. */
  line: number;
  text: string;
  /** Why it can't be read; `text` is then how it begins. */
  fault?: string;
}

/** In characters. No product comes near this: what is longer has lost its end. */
export const longestRecord = 256 * 1024;

/**
 * Empty lines are no records. Where `quoted`, as in CSV, a line break within double quotes belongs to the record, and a
 * quote that is never closed is the fault of the line that opens it alone.
 */
export async function* recordsOf(
  chunks: AsyncIterable<string>,
  { quoted }: { quoted: boolean },
): AsyncGenerator<TextRecord> {
  const { add, end } = quoted ? createJoiner() : { add: (line: Line) => [recordOf([line])], end: () => [] };
  for await (const line of linesOf(chunks)) yield* add(line).filter(isFilled);
  yield* end().filter(isFilled);
}

interface Line {
  line: number;
  text: string;
  isTooLong: boolean;
}

/** Joins the lines of a record, which ends where its quotes are even in number. */
function createJoiner() {
  let lines: Line[] = [];
  let size = 0;
  let isOpen = false;

  function take(): Line[] {
    const taken = lines;
    [lines, size, isOpen] = [[], 0, false];
    return taken;
  }

  function add(line: Line): TextRecord[] {
    lines.push(line);
    size += line.text.length;
    if (line.text.split('"').length % 2 === 0) isOpen = !isOpen;
    if (!isOpen || (lines.length === 1 && line.isTooLong)) return [recordOf(take())];
    return size > longestRecord || line.isTooLong ? giveUp() : [];
  }

  function giveUp(): TextRecord[] {
    const [first, ...rest] = take();
    if (!first) return [];
    return [{ ...recordOf([first]), fault: "a double quote is opened here and never closed" }, ...rest.flatMap(add)];
  }

  function end(): TextRecord[] {
    const records: TextRecord[] = [];
    while (lines.length > 0) records.push(...giveUp());
    return records;
  }

  return { add, end };
}

function recordOf(lines: [Line, ...Line[]] | Line[]): TextRecord {
  const record = { line: lines[0]!.line, text: lines.map(({ text }) => text).join("\n") };
  const isTooLong = lines.some((line) => line.isTooLong);
  return isTooLong ? { ...record, fault: `it is longer than ${longestRecord / 1024} KB` } : record;
}

const isFilled = ({ text, fault }: TextRecord) => fault !== undefined || text.trim() !== "";

/** Without their line breaks. Of a line that is too long, the beginning. */
async function* linesOf(chunks: AsyncIterable<string>): AsyncGenerator<Line> {
  const current: Line = { line: 1, text: "", isTooLong: false };
  const taken = () => ({ ...current, text: current.text.replace(/\r$/, "") });
  for await (const chunk of withoutMark(chunks)) {
    for (const [at, part] of chunk.split("\n").entries()) {
      if (at > 0) {
        yield taken();
        Object.assign(current, { line: current.line + 1, text: "", isTooLong: false });
      }
      current.isTooLong ||= current.text.length + part.length > longestRecord;
      current.text = current.isTooLong ? (current.text + part).slice(0, 200) : current.text + part;
    }
  }
  if (current.text !== "") yield taken();
}

/** Spreadsheets begin a file with a byte order mark, which would become part of the first column's name. */
async function* withoutMark(chunks: AsyncIterable<string>): AsyncGenerator<string> {
  let isFirst = true;
  for await (const chunk of chunks) {
    yield isFirst ? chunk.replace(/^\uFEFF/, "") : chunk;
    isFirst = false;
  }
}
