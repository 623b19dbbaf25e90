import { type Caller, type CallOptions, createCaller, type Holder, type Transport } from "./call.ts";
import { cartCalls } from "./cart.ts";
import { guest, sessionHolder, tokenBearer } from "./identity.ts";
import { opsCalls } from "./ops.ts";
import { orderCalls } from "./order.ts";
import { paymentCalls } from "./payment.ts";
import { priceListCalls } from "./price-list.ts";
import { productCalls } from "./product.ts";
import type { Body } from "./request.ts";
import { type Chance, defaultRetry, type Retry, realChance } from "./retry.ts";
import { createSession, type Session } from "./session.ts";
import { userCalls } from "./user.ts";

export interface Options {
  /** Where the API is, such as http://127.0.0.1:4000. */
  baseUrl: string;
  /** Where the tokens of `signIn` are kept; in memory, for this client alone, unless it is given. */
  session?: Session;
  /** Instead of a session: answers the access token to send, if the caller is signed in. It is asked for each request. */
  token?: () => string | undefined;
  /** Instead of a session: what a guest's order was answered with. */
  guestToken?: string;
  /** What is tried again, in part; `false` for nothing. */
  retry?: Partial<Retry> | false;
  /** How long a call may take with all its tries, unless it says so itself: 30 seconds if absent. */
  timeoutMs?: number;
  fetch?: typeof globalThis.fetch;
  /** Time and chance, for tests. */
  chance?: Chance;
}

export interface Client extends ReturnType<typeof callsOf> {
  /** Signs in for all further calls. The first time with the `confirmationCode` that was emailed. */
  signIn(credentials: Body<"startSession">, options?: CallOptions): Promise<void>;
  /** Forgets the session, even where it throws because the API could not be told. */
  signOut(options?: CallOptions): Promise<void>;
  /** The same API for a guest, with what their order was answered with. */
  asGuest(guestToken: string): Client;
}

export function createClient(options: Options): Client {
  const transport = transportOf(options);
  const session = options.session ?? createSession({}, transport.chance.now);
  const anonymous = createCaller(transport, () => async () => undefined);
  const renew = (refreshToken: string) => anonymous("refreshSession", { body: { refreshToken } }, { repeatable: true });
  const calls = callsOf(createCaller(transport, holderOf(options, session, renew)), transport, () => session.end());
  return {
    ...calls,
    signIn: async (credentials, callOptions) => {
      if (options.token || options.guestToken) throw new TypeError("this client is told who asks: create one without");
      await session.start(await calls.users.signIn(credentials, callOptions));
    },
    signOut: async (callOptions) => {
      const tokens = await session.end();
      if (tokens) await calls.users.signOut(tokens.refreshToken, callOptions);
    },
    asGuest: (guestToken) => {
      const { token: _, session: __, ...others } = options;
      return createClient({ ...others, guestToken });
    },
  };
}

function callsOf(call: Caller, { baseUrl, chance }: Transport, endSession: () => Promise<unknown>) {
  return {
    users: userCalls(call, endSession),
    products: productCalls(call),
    orders: orderCalls(call, chance),
    carts: cartCalls(call),
    priceList: priceListCalls(call),
    payments: paymentCalls(call, baseUrl),
    ops: opsCalls(call),
  };
}

/** Throws a `TypeError` when the base is no URL. */
function transportOf({ baseUrl, fetch, retry, timeoutMs = 30_000, chance = realChance }: Options): Transport {
  const { origin, pathname } = new URL(baseUrl);
  return {
    baseUrl: origin + pathname.replace(/\/+$/, ""),
    // Looked up at each call: a test or a polyfill may come later. And browsers want it to be called on nothing else.
    fetch: fetch ?? ((input, init) => globalThis.fetch(input, init)),
    timeoutMs,
    retry: retry === false ? { ...defaultRetry, tries: 1 } : { ...defaultRetry, ...retry },
    chance,
  };
}

function holderOf(
  { guestToken, token }: Options,
  session: Session,
  renew: Parameters<typeof sessionHolder>[1],
): () => Holder {
  if (guestToken !== undefined) return guest(guestToken);
  return token ? tokenBearer(token) : sessionHolder(session, renew);
}
