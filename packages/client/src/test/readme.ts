/** The snippets of the README as one program, which tests compile and run. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export interface Program {
  /** A module that exports `run(surroundings)`; what the surroundings hold takes the place of globals. */
  source: string;
  /** What it prints, line by line. */
  expected: string[];
}

export function readmeProgram(surroundings: string[]): Program {
  const readme = readFileSync(fileURLToPath(new URL("../../README.md", import.meta.url)), "utf8");
  const lines = [...readme.matchAll(/^```ts\n([\s\S]*?)^```/gm)].flatMap(([, snippet = ""]) => snippet.split("\n"));
  const isImport = (line: string) => line.startsWith("import ");
  const parameters = `{ ${surroundings.join(", ")} }: Surroundings`;
  return {
    source: [
      ...lines.filter(isImport),
      "export type Surroundings = any;",
      `export async function run(${parameters}) {`,
      ...lines.filter((line) => !isImport(line)),
      "}",
    ].join("\n"),
    expected: lines.flatMap((line) => (line.startsWith("// → ") ? [line.slice("// → ".length)] : [])),
  };
}
