/** A connection for work that takes long: it outlives access tokens, and troubles that pass. */
import { type Client, ProblemError, SignedOutError } from "@cartwright/client";
import { mayPass } from "../connect.ts";
import type { Io } from "../io.ts";

export interface Session {
  /** Does what is safe to repeat, until it is done. Throws `GivenUpError`, and errors that don't pass. */
  do<Result>(work: (client: Client) => Promise<Result>): Promise<Result>;
}

/** It was tried again and again for about a minute. */
export class GivenUpError extends Error {
  override name = "GivenUpError";
  /** Whether other work was done meanwhile, so that the API as a whole is there. */
  readonly isAlone: boolean;

  constructor(cause: unknown, isAlone: boolean) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.isAlone = isAlone;
  }
}

const maximumTries = 8;
const [firstPauseMs, longestPauseMs] = [500, 20_000];

export async function openSession(connect: () => Promise<Client>, { sleep }: Io): Promise<Session> {
  let current = Promise.resolve(await connect());
  let done = 0;

  /** Access tokens live for a quarter of an hour. Whoever notices first signs in again for all. */
  function renew(expired: Promise<Client>): void {
    if (current === expired) current = connect();
  }

  return {
    async do(work) {
      const doneBefore = done;
      let isRenewed = false;
      for (let tries = 1; ; tries++) {
        const client = current;
        try {
          const result = await work(await client);
          done += 1;
          return result;
        } catch (error) {
          if (!isRenewed && isExpired(error)) {
            isRenewed = true;
            renew(client);
            continue;
          }
          if (!mayPass(error)) throw error;
          // A sign-in that was not answered is no client for the next try.
          await client.catch(() => renew(client));
          if (tries === maximumTries) throw new GivenUpError(error, done > doneBefore);
          await sleep(Math.random() * Math.min(longestPauseMs, firstPauseMs * 2 ** tries));
        }
      }
    },
  };
}

function isExpired(error: unknown): boolean {
  return error instanceof SignedOutError || (error instanceof ProblemError && error.status === 401);
}
