import { InvokeStore, InvokeStoreBase } from "@aws/lambda-invoke-store";
import type { Random } from "../random.ts";

/** An invocation as seen by the calls it makes. */
export interface Caller {
  requestId: string;
  /** Logical name of the function. */
  functionName: string;
  correlationIds: string[];
  /** A killed or timed-out execution environment can't touch anything any more, though its code still runs here. */
  killed: boolean;
}

export interface Tracer {
  /** Runs work so that each AWS SDK call below it carries the caller's X-Amzn-Trace-Id, as the Lambda runtime does. */
  run<Result>(caller: Caller, work: () => Promise<Result>): Promise<Result>;
  /** Who sent a request with this X-Amzn-Trace-Id; undefined for anybody outside a function. */
  callerOf(traceHeader: string | undefined): Caller | undefined;
  /** The caller whose code is running right now. */
  current(): Caller | undefined;
}

/** Callers that are remembered after their end, so that what they left running is still known. */
const rememberedCallers = 2_000;

export async function createTracer(random: Random): Promise<Tracer> {
  // Many invocations share this process, so the store must be the one that keeps them apart.
  const store = await InvokeStore.getInstanceAsync(true);
  const bySpan = new Map<string, Caller>();
  const byRequest = new Map<string, string>();

  function remember(span: string, caller: Caller): void {
    bySpan.set(span, caller);
    byRequest.set(caller.requestId, span);
    const [oldest] = bySpan.entries();
    if (bySpan.size <= rememberedCallers || !oldest) return;
    bySpan.delete(oldest[0]);
    byRequest.delete(oldest[1].requestId);
  }

  return {
    run(caller, work) {
      const hex = () => random.uuid().replaceAll("-", "");
      const span = hex().slice(0, 16);
      const root = hex();
      const { REQUEST_ID, X_RAY_TRACE_ID } = InvokeStoreBase.PROTECTED_KEYS;
      remember(span, caller);
      const trace = `Root=1-${root.slice(0, 8)}-${root.slice(8)};Parent=${span};Sampled=1`;
      return store.run({ [REQUEST_ID]: caller.requestId, [X_RAY_TRACE_ID]: trace }, work);
    },
    callerOf(traceHeader) {
      const span = /Parent=([0-9a-f]{16})/.exec(traceHeader ?? "")?.[1];
      return span === undefined ? undefined : bySpan.get(span);
    },
    current() {
      const span = byRequest.get(store.getRequestId());
      return span === undefined ? undefined : bySpan.get(span);
    },
  };
}
