import { Console } from "node:console";
import { createRequire } from "node:module";
import { Writable } from "node:stream";
import type { Bundle, ModuleScope } from "./bundle.ts";

/** Thrown in place of ending the process, which a handler shares with everything else here. */
export class ExitError extends Error {
  override readonly name = "Runtime.ExitError";
}

export interface SandboxOptions {
  environment: Record<string, string>;
  onOutput: (text: string) => void;
}

/** Evaluates a bundle with a process, globals and console of its own, as an execution environment of Lambda has. */
export function evaluateInSandbox(bundle: Bundle, options: SandboxOptions): Record<string, unknown> {
  return bundle.evaluate(createScope(bundle.sourcePath, options));
}

function createScope(sourcePath: string, { environment, onOutput }: SandboxOptions): ModuleScope {
  const output = outputStream(onOutput);
  const console = new Console({ stdout: output, stderr: output });
  const process = scopedProcess(environment, output);
  return {
    require: scopedRequire(sourcePath, process, console),
    process,
    globalThis: scopedGlobals(process, console),
    console,
  };
}

function outputStream(onOutput: (text: string) => void): Writable {
  return new Writable({
    decodeStrings: false,
    write(chunk: string | Buffer, _encoding, done) {
      onOutput(chunk.toString().trimEnd());
      done();
    },
  });
}

function scopedProcess(environment: Record<string, string>, output: Writable): NodeJS.Process {
  const own: PropertyDescriptorMap = {
    env: { value: { ...environment }, writable: true, enumerable: true },
    stdout: { value: output, enumerable: true },
    stderr: { value: output, enumerable: true },
    exit: {
      value: (code = 0) => {
        throw new ExitError(`Error: Runtime exited with error: exit status ${code}`);
      },
    },
  };
  return Object.create(globalThis.process, own) as NodeJS.Process;
}

/** Reads fall back to the real globals; writes stay with the function. */
function scopedGlobals(process: NodeJS.Process, console: Console): typeof globalThis {
  const own: Record<PropertyKey, unknown> = { process, console };
  const scope = new Proxy(own, {
    // A getter of the real globals (crypto, for one) checks that it is called on them.
    get: (target, key) => (Object.hasOwn(target, key) ? target[key] : Reflect.get(globalThis, key)),
    has: (target, key) => Object.hasOwn(target, key) || key in globalThis,
  });
  own.global = scope;
  own.globalThis = scope;
  return scope as unknown as typeof globalThis;
}

function scopedRequire(sourcePath: string, process: NodeJS.Process, console: Console): NodeJS.Require {
  const real = createRequire(sourcePath);
  const scoped = (id: string): unknown => {
    if (id === "process" || id === "node:process") return process;
    if (id === "console" || id === "node:console") return Object.assign(Object.create(console), { Console });
    return real(id);
  };
  return Object.assign(scoped, { resolve: real.resolve, cache: real.cache, main: real.main }) as NodeJS.Require;
}
