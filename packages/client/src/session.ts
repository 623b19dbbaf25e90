/** Whoever has signed in, for as long as their refresh token is valid. */
import { isProblem, SignedOutError } from "./error.ts";

export interface Tokens {
  accessToken: string;
  refreshToken: string;
  /** By the clock of this machine. */
  expiresAtMs: number;
}

/**
 * Where the tokens are kept. It is read for every request, so that browser tabs which share it share a session; whoever can
 * read it can act as the customer.
 */
export interface TokenStore {
  load(): Tokens | undefined | Promise<Tokens | undefined>;
  save(tokens: Tokens): void | Promise<void>;
  clear(): void | Promise<void>;
}

export interface SessionOptions {
  /** In memory alone, unless it is given. */
  store?: TokenStore;
  /** Called when the session has ended without having been asked to, for one because it was revoked elsewhere. */
  onSignedOut?: () => void;
  /** How long before its end an access token is replaced. */
  refreshBeforeSeconds?: number;
}

/** What signing in answers. */
export interface Started {
  accessToken: string;
  refreshToken: string;
  expiresInSeconds: number;
}

/** Gets a new access token from the API. */
type Refresh = (refreshToken: string) => Promise<Omit<Started, "refreshToken">>;

export interface Session {
  start(started: Started): Promise<void>;
  /** For one call with all its tries, in which nobody takes the place of who was signed in when it began. */
  holder(): Holder;
  /** Forgets the tokens, and answers what they were. */
  end(): Promise<Tokens | undefined>;
}

/** A token that is not the one which was `refused`. Throws `SignedOutError` when the session turns out to have ended. */
export type Holder = (refresh: Refresh, refused?: string) => Promise<string | undefined>;

/** Clients that are given the same session are signed in together. */
export function createSession(
  { store = inMemory(), onSignedOut, refreshBeforeSeconds = 60 }: SessionOptions = {},
  now: () => number = Date.now,
): Session {
  let refreshing: { refreshToken: string; done: Promise<string> } | undefined;

  async function renew(tokens: Tokens, refresh: Refresh): Promise<string> {
    try {
      const { accessToken, expiresInSeconds } = await refresh(tokens.refreshToken);
      if (!isSame(await store.load(), tokens)) throw new SignedOutError("signed out meanwhile");
      await store.save({ ...tokens, accessToken, expiresAtMs: now() + expiresInSeconds * 1000 });
      return accessToken;
    } catch (error) {
      if (!isProblem(error, "bad_refresh_token")) throw error;
      if (isSame(await store.load(), tokens)) {
        await store.clear();
        onSignedOut?.();
      }
      throw new SignedOutError("the session has ended: sign in again", { cause: error });
    }
  }

  /** One refresh for all who wait for it. */
  function renewOnce(tokens: Tokens, refresh: Refresh): Promise<string> {
    if (refreshing?.refreshToken !== tokens.refreshToken) {
      const done = renew(tokens, refresh).finally(() => {
        if (refreshing?.done === done) refreshing = undefined;
      });
      refreshing = { refreshToken: tokens.refreshToken, done };
    }
    return refreshing!.done;
  }

  async function current(tokens: Tokens, refresh: Refresh, refused: string | undefined): Promise<string> {
    const isRefused = tokens.accessToken === refused;
    const leftMs = tokens.expiresAtMs - now();
    if (!isRefused && leftMs > refreshBeforeSeconds * 1000) return tokens.accessToken;
    return renewOnce(tokens, refresh).catch((error: unknown) => {
      // It was only ahead of time; a later request tries again.
      if (!isRefused && leftMs > 0 && !(error instanceof SignedOutError)) return tokens.accessToken;
      throw error;
    });
  }

  return {
    start: async ({ accessToken, refreshToken, expiresInSeconds }) => {
      await store.save({ accessToken, refreshToken, expiresAtMs: now() + expiresInSeconds * 1000 });
    },
    holder: () => {
      let held: Tokens | undefined;
      return async (refresh, refused) => {
        const tokens = await store.load();
        if (held && !isSame(tokens, held)) throw new SignedOutError("signed out meanwhile");
        held = tokens;
        return tokens && current(tokens, refresh, refused);
      };
    },
    end: async () => {
      const tokens = await store.load();
      await store.clear();
      return tokens;
    },
  };
}

/** A session keeps its refresh token for all its life. */
function isSame(one: Tokens | undefined, other: Tokens): boolean {
  return one?.refreshToken === other.refreshToken;
}

function inMemory(): TokenStore {
  let kept: Tokens | undefined;
  return {
    load: () => kept,
    save: (tokens) => {
      kept = tokens;
    },
    clear: () => {
      kept = undefined;
    },
  };
}
