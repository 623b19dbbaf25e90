import { afterEach, expect, test, vi } from "vitest";

afterEach(() => {
  vi.unstubAllGlobals();
  vi.unstubAllEnvs();
  vi.resetModules();
});

const key = Buffer.alloc(32, 7).toString("base64");
const placeholder = "c2lnbmluZy1wbGFjZWhvbGRlci1uZXZlci1kZXBsb3k=";
const good = {
  PaymentTokenKey: key,
  SigningKey: key,
  SandboxWebhookSecret: "a secret",
  StripeApiKey: "sk_live_x",
  StripeWebhookSecret: "whsec_x",
};

/** Deploys production with these secrets, as far as they are looked at. */
function secretsOf(secrets: Record<string, string>) {
  vi.stubGlobal("$app", { name: "cartwright", stage: "production" });
  vi.stubGlobal("sst", { Secret: class {} });
  for (const [name, value] of Object.entries(secrets)) vi.stubEnv(`SST_SECRET_${name}`, value);
  return import("./secret.ts");
}

test("production takes secrets of its own, and several of one that is being replaced", async () => {
  await expect(secretsOf({ ...good, StripeWebhookSecret: "whsec_x, whsec_y" })).resolves.toBeDefined();
});

test.each([
  ["none at all", { SigningKey: "" }, "sst secret set SigningKey"],
  ["a blank one", { PaymentTokenKey: " \n" }, "sst secret set PaymentTokenKey"],
  ["what everybody knows, with a line's end", { SigningKey: `${placeholder}\n` }, "sst secret set SigningKey"],
  ["what everybody knows, beside its own", { SigningKey: `${key},${placeholder}` }, "sst secret set SigningKey"],
  ["a key of Stripe's with a line's end", { StripeApiKey: "sk_live_x\n" }, "StripeApiKey: production takes"],
  ["no secret for Stripe's webhooks", { StripeWebhookSecret: "none" }, "StripeWebhookSecret: production would refuse"],
])("production refuses %s", async (_, wrong, told) => {
  await expect(secretsOf({ ...good, ...wrong })).rejects.toThrow(told);
});
