import { afterEach, expect, test } from "vitest";
import { type OfflineAws, serveAws } from "./aws.ts";

let aws: OfflineAws | undefined;

afterEach(() => aws?.close());

async function ssm(operation: string, input: object) {
  const headers = { "x-amz-target": `AmazonSSM.${operation}` };
  const answer = await fetch(aws!.url, { method: "POST", headers, body: JSON.stringify(input) });
  return { status: answer.status, body: await answer.text() };
}

test("an account is told to be ready for SST, so that no CLI sets out to prepare it", async () => {
  aws = await serveAws(() => undefined);
  const { body } = await ssm("GetParameter", { Name: "/sst/bootstrap" });
  expect(JSON.parse(JSON.parse(body).Parameter.Value)).toMatchObject({ version: 99, state: "offline-state" });
});

test("a parameter is not there until it is put", async () => {
  aws = await serveAws(() => undefined);
  expect(await ssm("GetParameter", { Name: "/phrase" })).toMatchObject({
    status: 400,
    body: expect.stringContaining("ParameterNotFound"),
  });
  await ssm("PutParameter", { Name: "/phrase", Value: "open" });
  expect(JSON.parse((await ssm("GetParameter", { Name: "/phrase" })).body)).toMatchObject({
    Parameter: { Value: "open" },
  });
});

test("nothing is deployed, and whoever looks for it has been heard", async () => {
  let looks = 0;
  aws = await serveAws(() => looks++);
  const answer = await fetch(`${aws.url}/offline-state/app/cartwright/dev.json`);
  expect(answer.status).toBe(404);
  expect(await answer.text()).toContain("NoSuchKey");
  expect({ looks, unanswered: aws.unanswered }).toEqual({ looks: 1, unanswered: [] });
});

test("what has no answer is refused, and told", async () => {
  aws = await serveAws(() => undefined);
  expect(await ssm("DeleteParameter", { Name: "/phrase" })).toMatchObject({ status: 501 });
  expect((await fetch(`${aws.url}/bucket/key`, { method: "PUT", body: "x" })).status).toBe(501);
  expect(aws.unanswered).toEqual(["AmazonSSM.DeleteParameter", "PUT /bucket/key"]);
});
