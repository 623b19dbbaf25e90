import { expect, onTestFinished, test } from "vitest";
import { measure, setMetricSink } from "./metric.ts";

const metric = { name: "Measured", value: 1, unit: "Count", dimensions: {} } as const;

test("a metric that can't be written hinders nobody", () => {
  onTestFinished(
    setMetricSink(() => {
      throw new Error("the log is away");
    }),
  );
  expect(() => measure(metric)).not.toThrow();
});
