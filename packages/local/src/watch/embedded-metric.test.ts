import { describe, expect, it } from "vitest";
import { embeddedMetrics, MalformedMetricError } from "./embedded-metric.ts";

const directive = { Namespace: "Shop", Dimensions: [["service"]], Metrics: [{ Name: "Orders", Unit: "Count" }] };

function line(root: object, directives: object[] = [directive]): string {
  return JSON.stringify({ _aws: { Timestamp: 1_700_000_000_000, CloudWatchMetrics: directives }, ...root });
}

describe("a line of a log", () => {
  it("holds a metric with its dimensions", () => {
    expect(embeddedMetrics(line({ service: "shop", Orders: 3, orderId: "beside it" }))).toEqual([
      { name: { namespace: "Shop", metric: "Orders", dimensions: { service: "shop" } }, values: [3] },
    ]);
  });

  it("holds several values of a metric at once", () => {
    expect(embeddedMetrics(line({ service: "shop", Orders: [1, 2.5, 0] }))).toMatchObject([{ values: [1, 2.5, 0] }]);
  });

  it("holds a metric once for each set of dimensions, which may be empty", () => {
    const sets = { ...directive, Dimensions: [["service"], ["service", "stage"], []] };
    const found = embeddedMetrics(line({ service: "shop", stage: "local", Orders: 1 }, [sets]));
    expect(found.map(({ name }) => name.dimensions)).toEqual([
      { service: "shop" },
      { service: "shop", stage: "local" },
      {},
    ]);
  });

  it("holds metrics of several names and namespaces", () => {
    const other = {
      Namespace: "Other",
      Dimensions: [[]],
      Metrics: [{ Name: "Age", Unit: "Seconds" }, { Name: "Orders" }],
    };
    const found = embeddedMetrics(line({ service: "shop", Orders: 1, Age: 2 }, [directive, other]));
    expect(found.map(({ name }) => `${name.namespace} ${name.metric}`)).toEqual([
      "Shop Orders",
      "Other Age",
      "Other Orders",
    ]);
  });

  it.each([
    ["a text", "the CloudWatchMetrics of today"],
    ["a structure without metrics", JSON.stringify({ message: "relaying", count: 3 })],
    ["a broken structure", '{"_aws": {"CloudWatchMetrics"'],
    ["a structure that names no metric", line({ service: "shop" }, [])],
  ])("that is %s holds none", (_, text) => {
    expect(embeddedMetrics(text)).toEqual([]);
  });

  it.each([
    ["lacks the value", line({ service: "shop" }), "Orders"],
    ["has a text for a value", line({ service: "shop", Orders: "3" }), "Orders"],
    ["has no values", line({ service: "shop", Orders: [] }), "Orders"],
    ["lacks a dimension", line({ Orders: 3 }), "service"],
    ["has a dimension that is no text", line({ service: 7, Orders: 3 }), "service"],
    [
      "lacks the namespace",
      line({ service: "shop", Orders: 3 }, [{ ...directive, Namespace: undefined }]),
      "Namespace",
    ],
    ["has no time", JSON.stringify({ _aws: { CloudWatchMetrics: [directive] }, Orders: 3 }), "Timestamp"],
  ])("that %s is told of, since CloudWatch would drop it in silence", (_, text, told) => {
    expect(() => embeddedMetrics(text)).toThrow(MalformedMetricError);
    expect(() => embeddedMetrics(text)).toThrow(told);
  });
});
