import type { Caller, CallOptions } from "./call.ts";
import { exportAll } from "./export.ts";
import type { Body } from "./request.ts";

/** Whoever signs in. `onErased` forgets the session of an account that is no more. */
export const userCalls = (call: Caller, onErased: () => Promise<unknown>) => ({
  /** Has a confirmation code emailed; the answer is the same when there is an account for this email already. */
  register: (body: Body<"registerUser">, options?: CallOptions) => call("registerUser", { body }, options),
  /** Has a code emailed, for `resetPassword`; the answer is the same when there is no account for this email. */
  requestPasswordReset: (email: string, options?: CallOptions) =>
    call("requestPasswordReset", { body: { email } }, options),
  /** Sets a new password by the code that was emailed last, and ends all sessions, this client's too. */
  resetPassword: (body: Body<"resetPassword">, options?: CallOptions) => call("resetPassword", { body }, options),
  /** Answers tokens, and keeps none: `client.signIn` does. The first time with the `confirmationCode` that was emailed. */
  signIn: (body: Body<"startSession">, options?: CallOptions) => call("startSession", { body }, options),
  refresh: (refreshToken: string, options?: CallOptions) =>
    call("refreshSession", { body: { refreshToken } }, { ...options, repeatable: true }),
  signOut: (refreshToken: string, options?: CallOptions) =>
    call("endSession", { body: { refreshToken } }, { ...options, repeatable: true }),
  me: (options?: CallOptions) => call("getMe", {}, options),
  update: (version: number, body: Body<"updateMe">, options?: CallOptions) =>
    call("updateMe", { version, body }, options),
  /** Closes the caller's own account, for good. */
  erase: async (version: number, options?: CallOptions): Promise<void> => {
    await call("eraseMe", { version }, options);
    await onErased();
  },
  /** All that the shop keeps of the caller, as one document: profile, addresses, orders with their payments, and cart. */
  export: (options?: CallOptions) => exportAll(call, options),
  addresses: addressCalls(call),
});

const addressCalls = (call: Caller) => ({
  list: (options?: CallOptions) => call("listAddresses", {}, options),
  add: (body: Body<"addAddress">, options?: CallOptions) => call("addAddress", { body }, options),
  get: (id: string, options?: CallOptions) => call("getAddress", { params: { id } }, options),
  /** What is left out of `body` is removed. */
  replace: (id: string, version: number, body: Body<"replaceAddress">, options?: CallOptions) =>
    call("replaceAddress", { params: { id }, version, body }, options),
  remove: (id: string, version: number, options?: CallOptions) =>
    call("removeAddress", { params: { id }, version }, options),
});
