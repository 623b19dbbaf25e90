import { Console } from "node:console";
import { createRequire } from "node:module";
import { Writable } from "node:stream";
import type { Bundle, ModuleScope } from "./bundle.ts";
import { asyncHooks } from "./shared-local-storage.ts";

/** Thrown in place of ending the process, which a handler shares with everything else here. */
export class ExitError extends Error {
  override readonly name = "Runtime.ExitError";
}

export interface SandboxOptions {
  environment: Record<string, string>;
  onOutput: (text: string) => void;
  nowMs: () => number;
}

/** Evaluates a bundle with a process, globals and console of its own, as an execution environment of Lambda has. */
export function evaluateInSandbox(bundle: Bundle, options: SandboxOptions): Record<string, unknown> {
  return bundle.evaluate(createScope(bundle.sourcePath, options));
}

function createScope(sourcePath: string, { environment, onOutput, nowMs }: SandboxOptions): ModuleScope {
  const output = outputStream(onOutput);
  const console = new Console({ stdout: output, stderr: output });
  const process = scopedProcess(environment, output);
  const date = scopedDate(nowMs);
  return {
    require: scopedRequire(sourcePath, process, console),
    process,
    globalThis: scopedGlobals({ process, console, Date: date }),
    console,
    Date: date,
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

/** Handlers read the runtime's time, so that whoever moves its clock moves theirs. */
function scopedDate(nowMs: () => number): DateConstructor {
  return new Proxy(Date, {
    construct: (target, args, newTarget) => Reflect.construct(target, args.length > 0 ? args : [nowMs()], newTarget),
    apply: () => new Date(nowMs()).toString(),
    get: (target, key) => (key === "now" ? nowMs : Reflect.get(target, key)),
  });
}

/** Reads fall back to the real globals; writes stay with the function. */
function scopedGlobals(own: Record<PropertyKey, unknown>): typeof globalThis {
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
    if (id === "async_hooks" || id === "node:async_hooks") return asyncHooks;
    if (id === "console" || id === "node:console") return Object.assign(Object.create(console), { Console });
    return real(id);
  };
  return Object.assign(scoped, { resolve: real.resolve, cache: real.cache, main: real.main }) as NodeJS.Require;
}
