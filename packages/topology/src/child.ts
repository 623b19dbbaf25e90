import { spawn } from "node:child_process";

export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
  /** Both, in the order in which they came. */
  output: string;
}

/** Runs Node to its end, with this environment alone: secrets and AWS settings of the caller must not be told or used. */
export async function runNode(args: string[], { env, cwd }: { env: NodeJS.ProcessEnv; cwd?: string }): Promise<Ended> {
  const child = spawn(process.execPath, args, { env, stdio: ["ignore", "pipe", "pipe"], ...(cwd && { cwd }) });
  const told = { stdout: "", stderr: "", output: "" };
  for (const stream of ["stdout", "stderr"] as const) {
    child[stream].on("data", (chunk) => {
      told[stream] += chunk;
      told.output += chunk;
    });
  }
  const code = await new Promise<number | null>((resolve, reject) =>
    child.once("error", reject).once("close", resolve),
  );
  return { code, ...told };
}
