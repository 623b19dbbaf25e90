import type { Io } from "./io.ts";

export type Paint = Record<"bold" | "dim" | "red" | "green", (text: string) => string>;

/** Colours for people, none for pipes and for those who don't want them (no-color.org). */
export function paintOf({ isTerminal, environment }: Io): Paint {
  const isPlain = !isTerminal || Boolean(environment.NO_COLOR);
  const style = (code: number) => (text: string) => (isPlain ? text : `\u001b[${code}m${text}\u001b[0m`);
  return { bold: style(1), dim: style(2), red: style(31), green: style(32) };
}

/** Columns as wide as their widest cell; columns of numbers are set to the right. */
export function table(head: string[], rows: (string | number | undefined)[][], paint: Paint): string[] {
  const cells = rows.map((row) => row.map((cell) => visible(String(cell ?? "-"))));
  const widths = head.map((name, at) => Math.max(name.length, ...cells.map((row) => row[at]!.length)));
  const isNumber = head.map((_, at) => rows.length > 0 && rows.every((row) => typeof row[at] === "number"));
  const line = (row: string[]) =>
    row
      .map((cell, at) => (isNumber[at] ? cell.padStart(widths[at]!) : cell.padEnd(widths[at]!)))
      .join("  ")
      .trimEnd();
  return [paint.dim(line(head)), ...cells.map(line)];
}

/** Names beside their values; what is missing is left out. */
export function facts(pairs: [name: string, value: string | number | undefined][], paint: Paint): string[] {
  const width = Math.max(...pairs.map(([name]) => name.length));
  return pairs.flatMap(([name, value]) =>
    value === undefined ? [] : [`${paint.dim(name.padEnd(width))}  ${visible(String(value))}`],
  );
}

/** An amount in minor units as people write it; how many digits that is depends on the currency. */
export function money({ amount, currency }: { amount: number; currency: string }): string {
  const { maximumFractionDigits: digits = 2 } = new Intl.NumberFormat("en", {
    style: "currency",
    currency,
  }).resolvedOptions();
  return `${(amount / 10 ** digits).toFixed(digits)} ${currency}`;
}

/** What was stored may hold anything; a terminal would obey control characters. */
export function visible(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, escaped);
}

export function shortened(text: string, characters: number): string {
  const all = [...text];
  return all.length > characters ? `${all.slice(0, characters - 1).join("")}…` : text;
}

export function json(value: unknown): string {
  return JSON.stringify(value, null, 2).replace(/[^\n\P{Cc}]|\p{Cf}/gu, escaped);
}

export function count(amount: number, noun: string): string {
  return `${amount} ${noun}${amount === 1 ? "" : "s"}`;
}

/** Those that have lines, with a gap between them. */
export function printSections(io: Io, sections: string[][]): void {
  const filled = sections.filter((lines) => lines.length > 0);
  for (const [at, lines] of filled.entries()) {
    if (at > 0) io.print("");
    for (const line of lines) io.print(line);
  }
}

function escaped(character: string): string {
  return `\\u${character.codePointAt(0)!.toString(16).padStart(4, "0")}`;
}
