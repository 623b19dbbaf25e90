import { defineConfig } from "vitest/config";

// The SDK warns on every start about a Node version that is still to come.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = "true";

const patient = { testTimeout: 30_000, hookTimeout: 60_000 };

export default defineConfig({
  test: {
    // Vitest leaves one core idle, which is half of a small machine.
    maxWorkers: "100%",
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
          include: ["packages/{local,topology,catalogue,ops}/src/**/*.test.ts", "stacks/*.test.ts"],
        },
      },
      {
        // Starts and kills real processes, and waits for real minutes to pass: CI runs it, `npm test` does not.
        test: { name: "crash", include: ["packages/*/src/**/*.crash.ts"], testTimeout: 600_000, hookTimeout: 60_000 },
      },
    ],
  },
});
