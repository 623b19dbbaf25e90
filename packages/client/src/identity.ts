/** Who asks: a guest with the token of an order, whoever a token of the caller's own names, or who has signed in. */
import type { Holder } from "./call.ts";
import { unlessAborted } from "./deadline.ts";
import { SignedOutError } from "./error.ts";
import type { Session } from "./session.ts";

type Renew = Parameters<ReturnType<Session["holder"]>>[0];

/** Opens the one order, and is sent where the API lets guests in: elsewhere it would be refused. */
export function guest(guestToken: string): () => Holder {
  return () => async (access) => (access === "guest" ? `Guest ${guestToken}` : undefined);
}

export function tokenBearer(token: () => string | undefined): () => Holder {
  return () => steadily(async () => token());
}

export function sessionHolder(session: Session, renew: Renew): () => Holder {
  return () => {
    const hold = session.holder();
    return steadily((refused, signal) => unlessAborted(hold(renew, refused), signal));
  };
}

/**
 * Public things are asked for without a token, which saves browsers a request and lets caches answer. And within a call
 * nobody becomes known, or unknown: an order that is tried again must not become a guest's.
 */
function steadily(tokenOf: (refused: string | undefined, signal: AbortSignal) => Promise<string | undefined>): Holder {
  let isKnown: boolean | undefined;
  return async (access, signal, refused) => {
    if (access === "anyone" || isKnown === false) return undefined;
    const token = await tokenOf(refused?.replace("Bearer ", ""), signal);
    if (isKnown && token === undefined) throw new SignedOutError("signed out meanwhile");
    isKnown = token !== undefined;
    return token && `Bearer ${token}`;
  };
}
