/**
 * Stands in for the Pulumi CLI that SST drives: evaluates the program over the recorder's mocks, and tells SST what would
 * be created, in the form of Pulumi's event log. Called as Pulumi is, by the script that diff.ts writes.
 */
import { spawn } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { unknownMarker } from "../graph.ts";
import type { Recording, Settings } from "../recorder.ts";
import { type RpcCall, serveRpc, unbuilt } from "../rpc.ts";

/** Handed down by diff.ts through the SST CLI, which passes its environment on. */
const { OFFLINE_ACCOUNT: account = "", OFFLINE_EMPTY_FOLDER: emptyFolder = "", SST_SERVER: sst = "" } = process.env;
const buildsFunctions = process.env.OFFLINE_BUILD === "true";

const [command] = process.argv.slice(2);
if (command === "stack") await beginStack(process.argv[4] ?? "");
if (command === "preview") process.exitCode = await preview(process.argv.slice(3));

/** SST reads the state from where Pulumi would have left it. */
async function beginStack(name: string): Promise<void> {
  const [, app = "", stage = ""] = name.split("/");
  const folder = path.join(".pulumi/stacks", app);
  await mkdir(folder, { recursive: true });
  const checkpoint = { stack: name, latest: { manifest: {}, resources: [] } };
  await writeFile(path.join(folder, `${stage}.json`), JSON.stringify({ version: 3, checkpoint }));
}

async function preview(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: { stack: { type: "string" }, "event-log": { type: "string" }, config: { type: "string", multiple: true } },
    strict: false,
  });
  const [, app = "", stage = ""] = String(values.stack).split("/");
  const region = /^aws:region=(.*)$/m.exec((values.config ?? []).join("\n"))?.[1] ?? "";
  const program = /^main: (.*)$/m.exec(await readFile("Pulumi.yaml", "utf8"))?.[1] ?? "";
  const output = path.resolve("recording.json");
  const code = await record(program, { app, stage, region, account, output, unknownMarker });
  const { resources, errors } = JSON.parse(await readFile(output, "utf8")) as Recording;
  await writeFile(String(values["event-log"]), eventLog(resources, errors), { flag: "a" });
  return errors.length > 0 ? 1 : code;
}

async function record(program: string, settings: Settings): Promise<number> {
  const rpc = await serveRpc(answerTo);
  const recorder = fileURLToPath(new URL("./recorder.mjs", import.meta.url));
  const args = ["--enable-source-maps", "--no-warnings", recorder, program, JSON.stringify(settings)];
  const child = spawn(process.execPath, args, { stdio: "inherit", env: { ...process.env, SST_SERVER: rpc.url } });
  const code = await new Promise<number | null>((resolve, reject) =>
    child.once("error", reject).once("close", resolve),
  );
  rpc.close();
  return code ?? 1;
}

/** What components ask is for the CLI to say, but for the building of functions: that takes ten times as long as the rest. */
async function answerTo({ method, params }: RpcCall, body: string): Promise<unknown> {
  if (method === "Runtime.Build" && !buildsFunctions) {
    return { result: unbuilt((params[0] as { handler: string }).handler, emptyFolder), error: null };
  }
  const headers = { "content-type": "application/json" };
  const answer = await fetch(`${sst}/rpc`, { method: "POST", body, headers });
  return answer.json();
}

/** One JSON object a line: what would be created, what went wrong, and that this is all. */
function eventLog(resources: Recording["resources"], errors: string[]): string {
  const created = resources.map(({ urn, type, custom, inputs, outputs, parent = "" }) => {
    const state = { urn, type, custom, inputs, outputs, parent, id: "", provider: "", protect: false };
    return { resOutputsEvent: { metadata: { op: "create", urn, type, old: null, new: state }, planning: true } };
  });
  const wrong = errors.map((message) => ({ diagnosticEvent: { urn: "", message, color: "never", severity: "error" } }));
  const summary = { summaryEvent: { resourceChanges: { create: resources.length } } };
  const events = errors.length > 0 ? [...created, ...wrong] : [...created, summary];
  return events.map((event, sequence) => `${JSON.stringify({ sequence, timestamp: 0, ...event })}\n`).join("");
}
