/** When a schedule runs. */
export interface Timetable {
  /** The first time strictly after `afterMs`, if there is one. A rate counts from `anchorMs`, when it was created. */
  next(afterMs: number, anchorMs: number): number | undefined;
}

export class ScheduleError extends Error {
  override readonly name = "ScheduleError";
}

/** Understands EventBridge Scheduler's `rate(…)`, `cron(…)` and `at(…)`; refuses anything else, saying what and where. */
export function parseSchedule(expression: string, timezone = "UTC", where = "schedule"): Timetable {
  const refuse = (reason: string): never => {
    throw new ScheduleError(`${where}: ${reason} (in "${expression}")`);
  };
  const [, kind, content] = /^(rate|cron|at)\((.*)\)$/.exec(expression) ?? [];
  const zone = openZone(timezone) ?? refuse(`"${timezone}" is no known timezone, such as Europe/Berlin`);
  switch (kind) {
    case "rate":
      return parseRate(content ?? "", refuse);
    case "at":
      return parseAt(content ?? "", zone, refuse);
    case "cron":
      return parseCron(content ?? "", zone, refuse);
    default:
      return refuse("expected rate(5 minutes), cron(0 12 * * ? *) or at(2026-12-31T12:00:00)");
  }
}

type Refuse = (reason: string) => never;

const unitMs: Record<string, number> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

function parseRate(content: string, refuse: Refuse): Timetable {
  const [, digits, unit] = /^([1-9]\d*) (minute|hour|day)s?$/.exec(content) ?? [];
  if (digits === undefined || unit === undefined) return refuse("a rate is a whole number and minutes, hours or days");
  const everyMs = Number(digits) * unitMs[unit]!;
  return {
    next(afterMs, anchorMs) {
      const passed = Math.max(0, Math.floor((afterMs - anchorMs) / everyMs));
      return anchorMs + (passed + 1) * everyMs;
    },
  };
}

function parseAt(content: string, zone: Zone, refuse: Refuse): Timetable {
  const parts = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)$/.exec(content)?.slice(1).map(Number);
  if (!parts) return refuse("a single time looks like 2026-12-31T12:00:00");
  const [year, month, day, hour, minute, second] = parts as [number, number, number, number, number, number];
  const minuteMs = zone.toUtc({ year, month, day, hour, minute });
  if (minuteMs === undefined || second > 59) return refuse(`that time does not exist in ${zone.name}`);
  const atMs = minuteMs + second * 1000;
  return { next: (afterMs) => (atMs > afterMs ? atMs : undefined) };
}

interface Cron {
  minutes: number[];
  hours: number[];
  months: number[];
  years: number[];
  /** Whether the schedule runs on a day; both numbers count from 1. */
  isDay(date: CalendarDay): boolean;
}

interface CalendarDay {
  year: number;
  month: number;
  day: number;
}

/** A time that a clock change skips doesn't run; one that it repeats runs once, the first time (Scheduler's user guide). */
function parseCron(content: string, zone: Zone, refuse: Refuse): Timetable {
  const cron = parseFields(content, refuse);
  return {
    next(afterMs) {
      const today = zone.toLocal(afterMs);
      for (const day of daysFrom(cron, today)) {
        for (const hour of cron.hours) {
          for (const minute of cron.minutes) {
            const timeMs = zone.toUtc({ ...day, hour, minute });
            if (timeMs !== undefined && timeMs > afterMs) return timeMs;
          }
        }
      }
      return undefined;
    },
  };
}

/** The matching days from a date on, in order; ends with the last year that the expression can name. */
function* daysFrom(cron: Cron, from: CalendarDay): Generator<CalendarDay> {
  for (const year of cron.years) {
    for (const month of cron.months) {
      if (year < from.year || (year === from.year && month < from.month)) continue;
      const isCurrent = year === from.year && month === from.month;
      for (let day = isCurrent ? from.day : 1; day <= lengthOfMonth(year, month); day++) {
        if (cron.isDay({ year, month, day })) yield { year, month, day };
      }
    }
  }
}

const monthNames = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const weekdayNames = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

function parseFields(content: string, refuse: Refuse): Cron {
  const fields = content.trim().split(/\s+/);
  if (fields.length !== 6) {
    return refuse("cron takes six fields: minutes, hours, day of month, month, day of week, year");
  }
  const [minutes, hours, dayOfMonth, months, dayOfWeek, years] = fields as [
    string,
    string,
    string,
    string,
    string,
    string,
  ];
  if ((dayOfMonth === "?") === (dayOfWeek === "?")) {
    return refuse("exactly one of day of month and day of week must be ?");
  }
  return {
    minutes: parseField(minutes, { what: "minutes", least: 0, most: 59 }, refuse),
    hours: parseField(hours, { what: "hours", least: 0, most: 23 }, refuse),
    months: parseField(months, { what: "month", least: 1, most: 12, names: monthNames }, refuse),
    years: parseField(years, { what: "year", least: 1970, most: 2199 }, refuse),
    isDay: dayOfWeek === "?" ? parseDayOfMonth(dayOfMonth, refuse) : parseDayOfWeek(dayOfWeek, refuse),
  };
}

interface Range {
  what: string;
  least: number;
  most: number;
  /** For least, least + 1, … */
  names?: string[];
}

/** Lists of values, ranges and steps. Sorted, without repetitions. */
function parseField(field: string, range: Range, refuse: Refuse): number[] {
  const values = field.split(",").flatMap((part) => parsePart(part, range, refuse));
  return [...new Set(values)].sort((left, right) => left - right);
}

function parsePart(part: string, range: Range, refuse: Refuse): number[] {
  const [, span = "", step] = /^([^/]+)(?:\/(\d+))?$/.exec(part) ?? [];
  const [first = "", last] = span.split("-");
  const from = span === "*" ? range.least : numberOf(first, range, refuse);
  // A step without an end runs to the end of the range.
  const to =
    span === "*" || (last === undefined && step !== undefined) ? range.most : numberOf(last ?? first, range, refuse);
  const by = Number(step ?? 1);
  if (from > to || by < 1) return refuse(`"${part}" is no range of ${range.what}`);
  return Array.from({ length: Math.floor((to - from) / by) + 1 }, (_, index) => from + index * by);
}

function numberOf(text: string, { what, least, most, names }: Range, refuse: Refuse): number {
  const named = names?.indexOf(text.toUpperCase()) ?? -1;
  const value = named >= 0 ? named + least : /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  return refuse(`"${text}" is no ${what}: ${least} to ${most}${names ? ` or ${names[0]} to ${names.at(-1)}` : ""}`);
}

/** Besides numbers: L, the last day; 15W, the weekday nearest to the 15th in the same month. */
function parseDayOfMonth(field: string, refuse: Refuse): Cron["isDay"] {
  const range = { what: "day of month", least: 1, most: 31 };
  if (field === "L") return ({ year, month, day }) => day === lengthOfMonth(year, month);
  const [, nearest] = /^(\d+)W$/.exec(field) ?? [];
  if (nearest !== undefined) {
    const wanted = numberOf(nearest, range, refuse);
    return ({ year, month, day }) => day === nearestWeekday(year, month, wanted);
  }
  const days = new Set(parseField(field, range, refuse));
  return ({ day }) => days.has(day);
}

/** Besides numbers, 1 being Sunday: L, Saturday; 5L, the last Thursday of the month; 3#2, its second Tuesday. */
function parseDayOfWeek(field: string, refuse: Refuse): Cron["isDay"] {
  const range = { what: "day of week", least: 1, most: 7, names: weekdayNames };
  const [, nth, count] = /^(\w+)#([1-5])$/.exec(field) ?? [];
  if (nth !== undefined) {
    const weekday = numberOf(nth, range, refuse);
    return (date) => weekdayOf(date) === weekday && Math.ceil(date.day / 7) === Number(count);
  }
  const [, last] = /^(\d|[A-Z]{3})L$/i.exec(field) ?? [];
  if (last !== undefined) {
    const weekday = numberOf(last, range, refuse);
    return (date) => weekdayOf(date) === weekday && date.day + 7 > lengthOfMonth(date.year, date.month);
  }
  const weekdays = new Set(field === "L" ? [7] : parseField(field, range, refuse));
  return (date) => weekdays.has(weekdayOf(date));
}

function nearestWeekday(year: number, month: number, day: number): number | undefined {
  const length = lengthOfMonth(year, month);
  if (day > length) return undefined;
  const weekday = weekdayOf({ year, month, day });
  if (weekday === 7) return day > 1 ? day - 1 : day + 2;
  if (weekday === 1) return day < length ? day + 1 : day - 2;
  return day;
}

/** 1 is Sunday. */
function weekdayOf({ year, month, day }: CalendarDay): number {
  return new Date(Date.UTC(year, month - 1, day)).getUTCDay() + 1;
}

function lengthOfMonth(year: number, month: number): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate();
}

interface LocalMinute extends CalendarDay {
  hour: number;
  minute: number;
}

interface Zone {
  name: string;
  toLocal(timeMs: number): LocalMinute;
  /** The first moment with this local time, or undefined when the clocks skip it or the calendar has no such day. */
  toUtc(local: LocalMinute): number | undefined;
}

/** Undefined for an unknown name. */
function openZone(name: string): Zone | undefined {
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat("en-US", {
      timeZone: name,
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
    });
  } catch {
    return undefined;
  }

  function toLocal(timeMs: number): LocalMinute {
    const parts = new Map(format.formatToParts(timeMs).map(({ type, value }) => [type, Number(value)]));
    const [year, month, day, hour, minute] = (["year", "month", "day", "hour", "minute"] as const).map(
      (type) => parts.get(type) ?? 0,
    ) as [number, number, number, number, number];
    return { year, month, day, hour, minute };
  }

  return {
    name,
    toLocal,
    toUtc(local) {
      const asUtcMs = utcOf(local);
      // The offset a day earlier or later: a clock change in between makes two candidates.
      const candidates = [-86_400_000, 86_400_000].map((shiftMs) => {
        const nearMs = asUtcMs + shiftMs;
        return asUtcMs - (utcOf(toLocal(nearMs)) - nearMs);
      });
      return candidates.sort((left, right) => left - right).find((timeMs) => isSame(toLocal(timeMs), local));
    },
  };
}

function utcOf({ year, month, day, hour, minute }: LocalMinute): number {
  return Date.UTC(year, month - 1, day, hour, minute);
}

function isSame(left: LocalMinute, right: LocalMinute): boolean {
  return (["year", "month", "day", "hour", "minute"] as const).every((part) => left[part] === right[part]);
}
