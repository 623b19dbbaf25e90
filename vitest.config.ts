import { defineConfig } from "vitest/config";

const patient = { testTimeout: 30_000, hookTimeout: 60_000 };

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          ...patient,
          name: "domain",
          include: ["packages/{events,core,functions,client}/src/**/*.test.ts"],
          globalSetup: "packages/local/src/test/domain-setup.ts",
        },
      },
      {
        test: {
          ...patient,
          name: "runtime",
          include: ["packages/{local,topology}/src/**/*.test.ts", "stacks/*.test.ts"],
        },
      },
    ],
  },
});
