import { DynamoDBClient, ScanCommand } from "@aws-sdk/client-dynamodb";
import { Resource } from "sst";
import { expect, test, vi } from "vitest";
import { listen } from "./test/log.ts";

vi.hoisted(() => {
  // Read when the logger is made: tests are silent otherwise, and on its own console it can't be listened to.
  Object.assign(process.env, { POWERTOOLS_LOG_LEVEL: "INFO", POWERTOOLS_DEV: "true" });
});

const { ask, askForReset, codesFor, register, resetPassword, signIn } = await import("./user/test/account.ts");

/** Each is found nowhere else. */
const canary = crypto.randomUUID().slice(0, 8);
const email = `canary-${canary}@example.com`;
const typed = {
  password: `Canary-pass-${canary}`,
  wrong: `Wrong-canary-${canary}`,
  renewed: `Renewed-canary-${canary}`,
  name: `Name ${canary}`,
  phone: `+4420${String(Date.now()).slice(-9)}`,
  line1: `Street ${canary}`,
};

async function useEverything() {
  await register(email, typed.password);
  await signIn(email, typed.wrong);
  await signIn(email, typed.password);
  await signIn(email, typed.password, "000000");
  const [code = ""] = await codesFor(email);
  const { json } = await signIn(email, typed.password, code);
  const [token, refreshToken] = [String(json.accessToken), String(json.refreshToken)];
  await register(email, typed.wrong);
  await ask("POST", "/sessions/refresh", { body: { refreshToken } });
  await ask("POST", "/sessions/refresh", { body: { refreshToken: typed.wrong } });
  await ask("PATCH", "/users/me", { token, version: 1, body: { name: typed.name, phone: typed.phone } });
  const address = { name: typed.name, line1: typed.line1, city: "London", postalCode: "SW1Y 4JH", country: "GB" };
  await ask("POST", "/users/me/addresses", { token, body: address });
  await ask("POST", "/users/me/addresses", { token, body: { ...address, [typed.wrong]: typed.wrong } });
  await ask("GET", "/users/me/export", { token });
  await askForReset(email);
  const [resetCode = ""] = await codesFor(email);
  const wrongCode = resetCode === "000000" ? "000001" : "000000";
  for (const given of [wrongCode, resetCode, resetCode]) await resetPassword(email, typed.renewed, given);
  return { codes: [code, resetCode], token, refreshToken };
}

/** Every item of every table that there is, as text. */
async function everythingStored(): Promise<{ table: string; item: string }[]> {
  const dynamo = new DynamoDBClient({});
  const items: { table: string; item: string }[] = [];
  for (const table of ["UserTable", "InventoryTable", "OrderTable", "PaymentTable", "OpsTable", "SandboxTable"]) {
    const TableName = (Resource as unknown as Record<string, { name: string }>)[table]!.name;
    for (let ExclusiveStartKey: ScanCommand["input"]["ExclusiveStartKey"] | undefined; ; ) {
      const { Items = [], LastEvaluatedKey } = await dynamo.send(new ScanCommand({ TableName, ExclusiveStartKey }));
      items.push(...Items.map((item) => ({ table, item: JSON.stringify(item) })));
      if (!LastEvaluatedKey) break;
      ExclusiveStartKey = LastEvaluatedKey;
    }
  }
  return items;
}

test("what somebody types is in no log, what they are is in their own row alone, and their password nowhere", async () => {
  const lines = listen();
  const { codes, token, refreshToken } = await useEverything();
  const logged = lines.join("\n");
  expect(lines.length).toBeGreaterThan(10);
  for (const secret of [canary, ...Object.values(typed), token, refreshToken]) expect(logged).not.toContain(secret);
  for (const code of codes) expect(logged).not.toMatch(new RegExp(`"${code}"|code is ${code}`));

  const stored = (await everythingStored()).filter(({ item }) => item.includes(canary));
  expect(stored.map(({ table }) => table)).toEqual(["UserTable"]);
  const { item } = stored[0]!;
  for (const own of [email, typed.name, typed.phone, typed.line1]) expect(item).toContain(own);
  for (const secret of [typed.password, typed.wrong, typed.renewed, refreshToken]) expect(item).not.toContain(secret);
  const { outbox } = JSON.parse(item) as { outbox: { S: string } };
  expect(outbox.S).toContain("user.updated");
  expect(outbox.S).not.toContain(canary);
});
