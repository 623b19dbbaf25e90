import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

// The SDK warns on every start about a Node version that is still to come.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = "true";

/** Which permissions the runtime's tests use. `npm test` empties it first; runs of single files add to it. */
const usageFolder = process.env.CARTWRIGHT_USAGE_FOLDER ?? fileURLToPath(new URL(".cartwright/usage", import.meta.url));

const patient = { testTimeout: 30_000, hookTimeout: 60_000 };

/** The files of `runtime` include the longest, none of which must be left for the end, when nothing else keeps a core busy. */
class LongProjectFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.sort((one, other) => other.project.name.localeCompare(one.project.name));
  }
}

export default defineConfig({
  test: {
    // Vitest leaves one core idle, which is half of a small machine.
    maxWorkers: "100%",
    sequence: { sequencer: LongProjectFirst },
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
          env: { CARTWRIGHT_USAGE_FOLDER: usageFolder },
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
