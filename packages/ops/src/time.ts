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
