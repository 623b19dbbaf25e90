/** `npm run build -w packages/client`: the package as front ends get it, in packages/client/dist, to be published from there. */
import { fileURLToPath } from "node:url";
import { buildPackage, measure } from "./build.ts";

const folder = fileURLToPath(new URL("../dist", import.meta.url));

await buildPackage(folder);
console.log(`wrote ${folder}: ${await measure()} bytes, minified and gzipped; npm publish ${folder}`);
