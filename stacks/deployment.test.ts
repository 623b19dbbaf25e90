import { afterEach, expect, test, vi } from "vitest";

afterEach(() => {
  vi.unstubAllGlobals();
  vi.unstubAllEnvs();
  vi.resetModules();
});

function deploymentOf(stage: string) {
  vi.stubGlobal("$app", { name: "cartwright", stage });
  return import("./deployment.ts");
}

test("production admits no origin until STOREFRONT_ORIGINS names them", async () => {
  vi.stubEnv("STOREFRONT_ORIGINS", "");
  expect((await deploymentOf("production")).allowedOrigins).toEqual([]);
});

test("production admits exactly the origins that STOREFRONT_ORIGINS names", async () => {
  vi.stubEnv("STOREFRONT_ORIGINS", "https://shop.example.com,https://staff.example.com");
  const { allowedOrigins } = await deploymentOf("production");
  expect(allowedOrigins).toEqual(["https://shop.example.com", "https://staff.example.com"]);
});

test.each(["*", "http://shop.example.com", "https://*.example.com", "https://shop.example.com/"])(
  "production refuses %s as an origin",
  async (origin) => {
    vi.stubEnv("STOREFRONT_ORIGINS", origin);
    await expect(deploymentOf("production")).rejects.toThrow("is no origin");
  },
);

test("names contain the stage, so that stages can share an account", async () => {
  const { physicalName } = await deploymentOf("ada");
  expect(physicalName("Archive", 48)).toBe("cartwright-ada-Archive");
});

test("a stage whose name makes names longer than AWS takes is refused, not cut", async () => {
  const { physicalName } = await deploymentOf("a".repeat(24));
  expect(() => physicalName("ArchiveOfEverything", 48)).toThrow("choose a shorter stage name");
});

test.each(["shop@example.com", "arn:aws:sns:eu-west-1:123456789012:topic", "arn:aws:ses:eu-west-1:1:identity/x"])(
  "%s is refused as what confirmation codes are sent from",
  async (identity) => {
    vi.stubEnv("SENDER_IDENTITY", identity);
    await expect(deploymentOf("production")).rejects.toThrow("is no identity of SES");
  },
);

test("confirmation codes are sent from SENDER_IDENTITY, or by Cognito if there is none", async () => {
  const identity = "arn:aws:ses:eu-west-1:123456789012:identity/shop.example.com";
  vi.stubEnv("SENDER_IDENTITY", identity);
  expect((await deploymentOf("production")).senderIdentity).toBe(identity);
  vi.resetModules();
  vi.stubEnv("SENDER_IDENTITY", "");
  expect((await deploymentOf("production")).senderIdentity).toBeUndefined();
});
