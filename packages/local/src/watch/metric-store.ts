/** As CloudWatch tells metrics apart: by exactly these dimensions. */
export interface MetricName {
  namespace: string;
  metric: string;
  dimensions: Record<string, string>;
}

/** All values of a while. */
export interface Aggregate {
  count: number;
  sum: number;
  minimum: number;
  maximum: number;
}

/** What was measured lately. */
export interface Metrics {
  /** All that is kept of a metric, of whatever further dimensions than these. */
  total(metric: string, dimensions?: Record<string, string>): Aggregate;
  /** 0 when nothing was measured. */
  sum(metric: string, dimensions?: Record<string, string>): number;
  names(): MetricName[];
}

export interface MetricStore extends Metrics {
  put(name: MetricName, value: number, atMs: number): void;
  /** From one minute up to another, or undefined without any value. `key` is that of `keyOf`. */
  between(key: string, fromMs: number, toMs: number): Aggregate | undefined;
}

interface Series {
  name: MetricName;
  minutes: Map<number, Aggregate>;
  latestMinute: number;
}

export const minuteMs = 60_000;

/** A day, which an alarm may look back, and some more. */
const keptMinutes = 26 * 60;
/** Far more than the stacks have; whoever puts ids into dimensions loses what was measured longest ago. */
const keptSeries = 5_000;

/** Values by the minute, as CloudWatch keeps them. Nothing survives the process. */
export function createMetricStore(): MetricStore {
  const kept = new Map<string, Series>();

  function seriesOf(name: MetricName): Series {
    const key = keyOf(name);
    const series = kept.get(key) ?? { name, minutes: new Map(), latestMinute: 0 };
    // The map's order is that of the latest use.
    kept.delete(key);
    kept.set(key, series);
    if (kept.size > keptSeries) kept.delete(kept.keys().next().value!);
    return series;
  }

  function total(metric: string, dimensions: Record<string, string> = {}): Aggregate {
    const wanted = Object.entries(dimensions);
    const found = [...kept.values()].filter(
      ({ name }) => name.metric === metric && wanted.every(([key, value]) => name.dimensions[key] === value),
    );
    return found.flatMap(({ minutes }) => [...minutes.values()]).reduce(joined, nothing);
  }

  return {
    put(name, value, atMs) {
      const series = seriesOf(name);
      const minute = Math.floor(atMs / minuteMs);
      const one = { count: 1, sum: value, minimum: value, maximum: value };
      series.minutes.set(minute, joined(series.minutes.get(minute) ?? nothing, one));
      series.latestMinute = Math.max(series.latestMinute, minute);
      if (series.minutes.size > keptMinutes) forget(series);
    },
    between(key, fromMs, toMs) {
      const series = kept.get(key);
      const from = Math.floor(fromMs / minuteMs);
      if (!series || series.latestMinute < from) return undefined;
      const all = aggregatesOf(series, from, Math.floor(toMs / minuteMs)).reduce(joined, nothing);
      return all.count > 0 ? all : undefined;
    },
    total,
    sum: (metric, dimensions) => total(metric, dimensions).sum,
    names: () => [...kept.values()].map(({ name }) => name),
  };
}

export function keyOf({ namespace, metric, dimensions }: MetricName): string {
  return JSON.stringify([namespace, metric, Object.entries(dimensions).toSorted(([a], [b]) => (a < b ? -1 : 1))]);
}

const nothing: Aggregate = { count: 0, sum: 0, minimum: Infinity, maximum: -Infinity };

function joined(one: Aggregate, other: Aggregate): Aggregate {
  return {
    count: one.count + other.count,
    sum: one.sum + other.sum,
    minimum: Math.min(one.minimum, other.minimum),
    maximum: Math.max(one.maximum, other.maximum),
  };
}

/** Most metrics have values in few of the minutes that a long period spans. */
function aggregatesOf({ minutes }: Series, from: number, to: number): Aggregate[] {
  if (minutes.size < to - from) {
    return [...minutes].filter(([minute]) => minute >= from && minute < to).map(([, aggregate]) => aggregate);
  }
  const found: Aggregate[] = [];
  for (let minute = from; minute < to; minute++) {
    const aggregate = minutes.get(minute);
    if (aggregate) found.push(aggregate);
  }
  return found;
}

function forget({ minutes, latestMinute }: Series): void {
  for (const minute of minutes.keys()) if (minute <= latestMinute - keptMinutes) minutes.delete(minute);
}
