/** `npm run lint:workflows`: tells what is wrong with .github/workflows, and ends with 1 if anything is. */
import { readdirSync, readFileSync } from "node:fs";
import { faultsOf } from "./workflow.ts";

const folder = ".github/workflows";

const paths = readdirSync(folder).map((name) => `${folder}/${name}`);
const faults = (await Promise.all(paths.map((path) => faultsOf(path, readFileSync(path, "utf8"))))).flat();
for (const fault of faults) console.error(fault);
console.log(`${paths.length} workflows, ${faults.length} faults`);
process.exit(faults.length === 0 ? 0 : 1);
