import { UsageError } from "./io.ts";

const unitMs: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const forms =
  "an ISO 8601 time with its zone such as 2026-03-01T03:00:00Z, a day such as 2026-03-01 (UTC), a span such as 30m, 2h or 7d ago, or now";

/** An ISO 8601 time of what a person wrote. A time without a zone is refused: it means something else elsewhere. */
export function parseTime(option: string, text: string, nowMs: number): string {
  const span = /^(\d{1,6})([smhd])$/.exec(text);
  if (text === "now") return new Date(nowMs).toISOString();
  if (span) return new Date(nowMs - Number(span[1]) * unitMs[span[2]!]!).toISOString();
  const isTime = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?$/.test(text);
  const ms = isTime ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(ms)) throw new UsageError(`--${option} takes ${forms}; not ${JSON.stringify(text)}`);
  return new Date(ms).toISOString();
}

/** Milliseconds of a span that a person wrote, such as 90s, 30m or 2h. */
export function parseSpan(option: string, text: string): number {
  const span = /^(\d{1,6})([smhd])$/.exec(text);
  if (!span) throw new UsageError(`--${option} takes a span such as 90s, 30m, 2h or 7d; not ${JSON.stringify(text)}`);
  return Number(span[1]) * unitMs[span[2]!]!;
}

/** A length of time as people say it, in its two greatest units. What comes from another clock may lie ahead by a little. */
export function lengthOf(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const units: [string, number][] = [
    ["d", Math.floor(seconds / 86_400)],
    ["h", Math.floor(seconds / 3_600) % 24],
    ["min", Math.floor(seconds / 60) % 60],
    ["s", seconds % 60],
  ];
  const first = units.findIndex(([, amount]) => amount > 0);
  if (first === -1) return "0 s";
  const told = units.slice(first, first + 2).filter(([, amount]) => amount > 0);
  return told.map(([unit, amount]) => `${amount} ${unit}`).join(" ");
}
