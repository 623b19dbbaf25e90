import { existsSync } from "node:fs";
import { chmod, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import * as z from "zod";
import { runNode } from "./child.ts";
import { TopologyError } from "./fail.ts";

export interface Platform {
  directory: string;
  providers: Provider[];
}

const Provider = z.object({ name: z.string(), package: z.string(), version: z.string(), alias: z.string() });
type Provider = z.infer<typeof Provider>;

/** Of the Pulumi CLI that SST 4.17.1 wants; it downloads one if it finds another. */
export const pulumiVersion = "v3.215.0";

/** SST asks the Pulumi CLI for nothing but its version while it installs; this answers it, so that none is downloaded. */
const pulumiStub = `#!/bin/sh\necho ${pulumiVersion}\n`;

/** How SST is run here: npm installs its platform, and nobody is told of it. */
export const quietSst = { NO_BUN: "1", SST_TELEMETRY_DISABLED: "1", DO_NOT_TRACK: "1" };

/** Finds the components of the installed SST version in `.sst/platform`, or has SST put them there: about 35 seconds. */
export async function preparePlatform(root: string, report: (line: string) => void): Promise<Platform> {
  const directory = path.join(root, ".sst/platform");
  const wanted = await sstVersion(root);
  const present = await installedVersion(root);
  if (present !== wanted) {
    report(`preparing the components of SST ${wanted} in .sst/platform: about 35 seconds, once`);
    await install(root);
    const installed = await installedVersion(root);
    if (installed !== wanted) {
      throw new TopologyError(
        `sst install left version ${installed ?? "none"} in .sst/platform, not ${wanted}: remove .sst and try again`,
      );
    }
  }
  return { directory, providers: await lockedProviders(root) };
}

async function sstVersion(root: string): Promise<string> {
  const manifest = await readFile(path.join(root, "node_modules/sst/package.json"), "utf8").catch(() => {
    throw new TopologyError("sst is not in node_modules: run npm ci");
  });
  return z.object({ version: z.string() }).parse(JSON.parse(manifest)).version;
}

/** The version last written, or undefined when an installation is missing or was interrupted. */
async function installedVersion(root: string): Promise<string | undefined> {
  const platform = path.join(root, ".sst/platform");
  const parts = ["version", "node_modules/@pulumi/pulumi/package.json", "src/components/index.ts"];
  const complete = parts.every((part) => existsSync(path.join(platform, part)));
  if (!complete || !existsSync(path.join(root, ".sst/provider-lock.json"))) return undefined;
  return (await readFile(path.join(platform, "version"), "utf8")).trim();
}

async function install(root: string): Promise<void> {
  const config = path.join(root, ".sst/offline");
  const pulumi = path.join(config, "sst/bin/pulumi");
  // SST writes the lock last: while it is there, the installation is complete.
  await rm(path.join(root, ".sst/provider-lock.json"), { force: true });
  await rm(path.join(root, ".sst/platform"), { recursive: true, force: true });
  await mkdir(path.dirname(pulumi), { recursive: true });
  await writeFile(pulumi, pulumiStub);
  await chmod(pulumi, 0o755);

  const sst = path.join(root, "node_modules/sst/bin/sst.mjs");
  const { code, output } = await runNode([sst, "install", "--stage", "local"], {
    cwd: root,
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      XDG_CONFIG_HOME: config,
      // npm waits five minutes for a connection that has stalled before it tries again.
      npm_config_fetch_timeout: "60000",
      ...quietSst,
    },
  });
  if (code !== 0) throw new TopologyError(`sst install failed with code ${code}:\n${output.trim()}`);
}

async function lockedProviders(root: string): Promise<Provider[]> {
  const lock = await readFile(path.join(root, ".sst/provider-lock.json"), "utf8");
  return z.array(Provider).parse(JSON.parse(lock));
}
