/** Where the API is, and who asks. */
import {
  type Client,
  createClient,
  createSession,
  ProblemError,
  SignedOutError,
  UnexpectedAnswerError,
} from "@cartwright/client";
import { fitting, notThisApi, Session, Told } from "./answer.ts";
import { type Io, RefusedError, UnansweredError, UsageError } from "./io.ts";
import { visible } from "./text.ts";

export interface Place {
  url?: string | undefined;
  deployed?: boolean | undefined;
}

const localUrl = "http://127.0.0.1:4000";
/** The member of staff that `npm start` seeds. Known to everybody, so it is sent to this machine alone. */
const seededStaff = { email: "grace@example.com", password: "Battery-staple-1" };
const outputs = ".sst/outputs.json";

/** Signs in where that takes a password. Throws `UsageError` and `RefusedError`, each with what to do. */
export async function connect(place: Place, io: Io): Promise<Client> {
  const url = urlOf(place, io);
  // Each command says itself what it tries again, and `reaching` ends what takes too long.
  const at = {
    baseUrl: url.href,
    fetch: reaching(url, io),
    retry: false,
    timeoutMs: Number.POSITIVE_INFINITY,
  } as const;
  const { CARTWRIGHT_TOKEN: token } = io.environment;
  if (token) return createClient({ ...at, token: () => token });
  const session = createSession();
  const client = createClient({ ...at, session });
  await session.start(await signIn(client, url, io));
  return client;
}

/** A fetch that waits for the whole answer, and whose failures say where nobody answered, and what to do. */
function reaching(url: URL, { answerTimeoutMs }: Io): typeof globalThis.fetch {
  return async (input, init) => {
    const signal = AbortSignal.timeout(answerTimeoutMs);
    let response: Response | undefined;
    try {
      response = await fetch(input, { ...init, signal });
      return await wholeOf(response);
    } catch (error) {
      if (signal.aborted) {
        throw new UnansweredError(`no answer within ${answerTimeoutMs / 1000} s from ${url.origin}`, error);
      }
      const reason = reasonOf(error);
      if (response) {
        throw new UnansweredError(`the answer of ${url.origin} broke off (${reason})`, error);
      }
      const advice = isLocal(url)
        ? "start it with npm start, or name another with --url or CARTWRIGHT_API_URL"
        : "check --url or CARTWRIGHT_API_URL, and your connection";
      throw new UnansweredError(`no API answers at ${url.origin} (${reason})`, error, advice);
    }
  };
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause as (Error & { code?: string }) | undefined) : undefined;
  return visible(cause?.code ?? cause?.message ?? String(error));
}

/** The answer with its body read to the end. A failure that isn't told as this API does says no more than its status. */
async function wholeOf(response: Response): Promise<Response> {
  const { ok, status } = response;
  const body = await response.text();
  if (body === "") return new Response(null, { status });
  return new Response(ok ? body : JSON.stringify(toldIn(body)), { status });
}

function toldIn(body: string): object {
  try {
    return Told.parse(JSON.parse(body));
  } catch {
    return {};
  }
}

/** `--url`, what the last `sst deploy` of this checkout has answered, the environment, this machine. */
export function urlOf({ url, deployed }: Place, io: Io): URL {
  if (url !== undefined && deployed) throw new UsageError("--url and --deployed both say where: give one of them");
  const given = url ?? (deployed ? deployedUrl(io) : undefined) ?? (io.environment.CARTWRIGHT_API_URL || localUrl);
  const parsed = URL.canParse(given) ? new URL(given) : undefined;
  if (!parsed || !["http:", "https:"].includes(parsed.protocol)) {
    throw new UsageError(`${JSON.stringify(given)} is no URL of an API: expected one such as ${localUrl}`);
  }
  if (parsed.username || parsed.password) throw new UsageError("credentials don't belong into a URL: see --help");
  if (parsed.protocol === "http:" && !isLocal(parsed)) {
    throw new UsageError(`${parsed.origin} would let others read your token on the way: use https`);
  }
  return parsed;
}

function deployedUrl(io: Io): string {
  const text = io.readFile(outputs);
  const api = text === undefined ? undefined : apiIn(text);
  if (api !== undefined) return api;
  throw new RefusedError(
    `--deployed reads ${outputs}, which sst deploy writes, and ${text === undefined ? "it isn't there" : "it names no api"}: deploy from this checkout, or give --url`,
  );
}

function apiIn(text: string): string | undefined {
  try {
    const { api } = JSON.parse(text) as { api?: unknown };
    return typeof api === "string" ? api : undefined;
  } catch {
    return undefined;
  }
}

function isLocal({ hostname }: URL): boolean {
  return ["127.0.0.1", "localhost", "[::1]"].includes(hostname);
}

async function signIn(client: Client, url: URL, { environment }: Io) {
  const { CARTWRIGHT_EMAIL: email, CARTWRIGHT_PASSWORD: password } = environment;
  if (Boolean(email) !== Boolean(password)) {
    throw new UsageError("CARTWRIGHT_EMAIL and CARTWRIGHT_PASSWORD belong together: one of them is missing");
  }
  const given = email && password ? { email, password } : undefined;
  const credentials = given ?? (isLocal(url) ? seededStaff : undefined);
  if (!credentials) {
    throw new UsageError(
      `${url.origin} wants to know who asks: set CARTWRIGHT_TOKEN to a staff member's access token, or CARTWRIGHT_EMAIL and CARTWRIGHT_PASSWORD`,
    );
  }
  try {
    return fitting(Session, await client.users.signIn(credentials));
  } catch (error) {
    if (!(error instanceof ProblemError && error.status === 401)) throw error;
    throw new RefusedError(
      given
        ? "CARTWRIGHT_EMAIL and CARTWRIGHT_PASSWORD were refused: correct them"
        : `the seeded member of staff is unknown at ${url.origin}: is it npm start that listens there? Otherwise set CARTWRIGHT_TOKEN`,
    );
  }
}

/**
 * What a failed request means to the person who made it, and what to do: to `again` it, for one. Undefined for an error
 * that is no answer of an API.
 */
export function explain(error: unknown, { environment }: Io, again = "run the command again"): string | undefined {
  if (error instanceof UnansweredError) return `${error.message}: ${error.advice ?? `it is safe to ${again}`}`;
  if (error instanceof RefusedError) return error.message;
  if (error instanceof UnexpectedAnswerError) return notThisApi;
  if (error instanceof SignedOutError) return `The sign-in has expired: ${again}.`;
  if (!(error instanceof ProblemError)) return undefined;
  const { status, problem } = error;
  const [code, message, requestId] = [error.code, error.message, problem.requestId ?? ""].map(visible);
  if (code === "unknown") return `${message}, and not as this API does: check --url, or try again`;
  const told = `${code}: ${message}${requestId ? ` (request ${requestId})` : ""}`;
  if (status === 401 && environment.CARTWRIGHT_TOKEN) {
    return `${told}\nCARTWRIGHT_TOKEN is not accepted; access tokens live for a quarter of an hour. Get a new one, or set CARTWRIGHT_EMAIL and CARTWRIGHT_PASSWORD instead.`;
  }
  if (status === 401) return `${told}\nThe sign-in has expired: ${again}.`;
  if (status === 403)
    return `${told}\nSign in as a member of staff: see CARTWRIGHT_TOKEN and CARTWRIGHT_EMAIL in --help.`;
  if (status >= 500) return `${told}\nIt is safe to ${again}.`;
  return told;
}

/** Whether the same request may succeed in a moment. */
export function mayPass(error: unknown): boolean {
  if (error instanceof ProblemError) return error.status >= 500 || error.status === 429;
  return error instanceof UnansweredError;
}
