import { expect, it } from "vitest";
import { arnOf } from "../test/fixture.ts";
import { compileRoutes } from "./route.ts";

const route = (key: string) => ({ key, function: arnOf("lambda", key), authorization: "NONE" as const });
const find = compileRoutes(
  [
    "$default",
    "ANY /orders/{proxy+}",
    "GET /orders/{id}",
    "ANY /orders/{id}",
    "ANY /orders",
    "GET /orders/special",
    "GET /{proxy+}",
    "ANY /orders/{id}/lines/{proxy+}",
  ].map(route),
);

it.each<[string, string, string, Record<string, string>]>([
  ["GET", "/orders", "ANY /orders", {}],
  ["GET", "/orders/special", "GET /orders/special", {}],
  ["GET", "/orders/7", "GET /orders/{id}", { id: "7" }],
  ["POST", "/orders/special", "ANY /orders/{id}", { id: "special" }],
  ["GET", "/orders/7/timeline", "ANY /orders/{proxy+}", { proxy: "7/timeline" }],
  ["GET", "/orders/7/lines/a/b", "ANY /orders/{id}/lines/{proxy+}", { id: "7", proxy: "a/b" }],
  ["GET", "/products", "GET /{proxy+}", { proxy: "products" }],
  ["POST", "/products", "$default", {}],
  ["POST", "/orders/", "$default", {}],
])("sends %s %s to %s", (method, path, key, pathParameters) => {
  expect(find(method, path)).toEqual({ route: route(key), pathParameters });
});

it("finds nothing when no route matches and there is no default", () => {
  expect(compileRoutes([route("GET /orders")])("POST", "/orders")).toBeUndefined();
});

it("refuses a key that is none", () => {
  expect(() => compileRoutes([route("orders")])).toThrow(/"orders" is none/);
});
