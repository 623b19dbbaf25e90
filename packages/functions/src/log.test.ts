import { expect, test, vi } from "vitest";
import { listen } from "./test/log.ts";

vi.hoisted(() => {
  // Read when the logger is made: tests are silent otherwise, and on its own console it can't be listened to.
  Object.assign(process.env, { POWERTOOLS_LOG_LEVEL: "INFO", POWERTOOLS_DEV: "true" });
});

const { log } = await import("./log.ts");

test("a line says what is on the list, whatever the object holds", () => {
  const lines = listen();
  const line = { route: "POST /sessions", status: 401, body: "hunter2", headers: { authorization: "Bearer x" } };
  log("request", line);
  expect(JSON.parse(lines[0]!)).toMatchObject({ message: "request", route: "POST /sessions", status: 401 });
  for (const secret of ["hunter2", "Bearer", "authorization"]) expect(lines[0]).not.toContain(secret);
});

test("an error tells its name, its words and where it came from, through all its causes, and nothing that it carries", () => {
  const lines = listen();
  class ConditionalCheckFailedException extends Error {
    override name = "ConditionalCheckFailedException";
    Item = { email: "zoe@example.com" };
    $response = { headers: { authorization: "Bearer x" } };
  }
  const cause = new ConditionalCheckFailedException("the condition did not hold");
  log("request failed", {}, new Error("could not write", { cause }));
  expect(JSON.parse(lines[0]!).error).toMatchObject({
    name: "Error",
    message: "could not write",
    cause: { name: "ConditionalCheckFailedException", message: "the condition did not hold" },
  });
  expect(JSON.stringify(JSON.parse(lines[0]!).error.stack)).toContain("log.test.ts");
  for (const secret of ["zoe@example.com", "Bearer"]) expect(lines[0]).not.toContain(secret);
});

test("what could not be read is not quoted, though an error of JSON does", () => {
  const lines = listen();
  let cause: unknown;
  try {
    JSON.parse('{"email":zoe@example.com}');
  } catch (error) {
    cause = error;
  }
  expect(String(cause)).toContain("zoe@");
  log("request failed", {}, new Error("the message is malformed", { cause }));
  expect(JSON.parse(lines[0]!).error.cause).toMatchObject({ name: "SyntaxError" });
  expect(lines[0]).not.toContain("zoe@");
});

test("an error that is its own cause is told as well", () => {
  const lines = listen();
  const error = new Error("in a circle");
  error.cause = error;
  log("request failed", {}, error);
  expect(JSON.parse(lines[0]!).error).toMatchObject({ message: "in a circle", cause: { message: "in a circle" } });
});
