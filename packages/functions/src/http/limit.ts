/** Who calls how often: each caller has a limit, and what lets somebody guess has one of its own. */
import { isIPv6 } from "node:net";
import { dynamoCounter, type Limit, Limiter } from "@cartwright/core/limit";
import type { Context, MiddlewareHandler } from "hono";
import { matchedRoutes } from "hono/route";
import { Resource } from "sst";
import { log } from "../log.ts";
import { clauseOf, enforcing } from "./describe.ts";
import type { Env } from "./router.ts";

export type LimitName = Exclude<keyof typeof Resource.CallerLimits, "type">;

/** Whose table counts: a router has that of its own domain alone. */
const tables = {
  user: () => Resource.UserTable.name,
  inventory: () => Resource.InventoryTable.name,
  order: () => Resource.OrderTable.name,
  payment: () => Resource.PaymentTable.name,
  ops: () => Resource.ReplayRecords.name,
};

/** Counted exactly: whoever guesses may come from many instances at once. */
const exact: ReadonlySet<LimitName> = new Set([
  "emailsToOnePerHour",
  "guess",
  "guessOfOne",
  "guessOfOneAnywhere",
  "guestOrder",
]);

/** Of those that are not for a minute. */
const minutes: Partial<Record<LimitName, number>> = { emailsToOnePerHour: 60 };

/**
 * Holds all callers of a router to their limits: those whom a route authenticates once they are known (`countCaller`), all
 * others by their address. Providers, who sign what they send, have none. Each domain counts for itself.
 */
export function limitCallers(domain: keyof typeof tables): MiddlewareHandler<Env> {
  const limiter = new Limiter(() => dynamoCounter(domain, tables[domain]()), {
    onAway: (error) => log("limits not counted", {}, error),
  });
  return async function limitCaller(c, next) {
    c.set("limiter", limiter);
    const access = accessOf(c);
    if (access === "provider") return next();
    if (access === undefined || access === "anyone") await countCaller(c);
    await next();
    // Whoever was refused before it was known who they are.
    await countCaller(c);
  };
}

/** Counts the request for whoever makes it, once. Throws `TooManyRequestsError` when it is one too many. */
export async function countCaller(c: Context<Env>): Promise<void> {
  if (c.get("counted")) return;
  c.set("counted", true);
  const [name, caller] = countedAs(c);
  await c.get("limiter")?.count(caller, limitOf(name));
}

/**
 * Counts every attempt by the caller's address, or by route and what `subjectOf` takes from the body, which must have been
 * validated. Behind `maybeSignedIn`, `guestOrder` counts those alone who have not signed in.
 */
export function limited<Body>(name: LimitName, subjectOf?: (body: Body) => string): MiddlewareHandler<Env> {
  return limiting(async (c, limiter) => {
    if (name === "guestOrder" && isKnown(c)) return;
    await limiter.count(subjectOf ? `${c.req.path}\n${subjectOf(bodyOf(c))}` : addressOf(c), limitOf(name));
  });
}

/**
 * Counts attempts at one thing, such as the password of an email: those from the caller's address, and those from
 * everywhere, of which there may be more. Each route counts apart, so that signing up keeps nobody from signing in.
 */
export function limitedGuesses<Body>(subjectOf: (body: Body) => string): MiddlewareHandler<Env> {
  return limiting(async (c, limiter) => {
    const subject = `${c.req.path}\n${subjectOf(bodyOf(c))}`;
    await limiter.count(`${addressOf(c)}\n${subject}`, limitOf("guessOfOne"));
    await limiter.count(subject, limitOf("guessOfOneAnywhere"));
  });
}

function limiting(count: (c: Context<Env>, limiter: Limiter) => Promise<void>): MiddlewareHandler<Env> {
  return enforcing({ problems: { 429: ["rate_limited"] } }, async function limitAttempts(c, next) {
    const limiter = c.get("limiter");
    if (!limiter) throw new Error(`${c.req.path} is limited, which needs limitCallers on its router`);
    await count(c, limiter);
    await next();
  });
}

function bodyOf<Body>(c: Context<Env>): Body {
  return c.req.valid("json" as never);
}

/** An address as far as one caller has it to themselves: of IPv6 the first 56 bits, as a home line has them. */
export function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped) return mapped;
  if (!isIPv6(address)) return address;
  const [head = "", tail] = address.split("::");
  const before = head.split(":").filter(Boolean);
  const after = (tail ?? "").split(":").filter(Boolean);
  const zeros = tail === undefined ? 0 : 8 - before.length - after.length;
  const groups = [...before, ...Array<string>(zeros).fill("0"), ...after];
  return groups
    .slice(0, 4)
    .map((group, index) => (Number.parseInt(group, 16) & (index < 3 ? 0xffff : 0xff00)).toString(16))
    .join(":");
}

/** A guest's token is theirs for a single order, and they can have many: they are known by their address. */
function countedAs(c: Context<Env>): [LimitName, string] {
  if (!isKnown(c)) return ["guest", addressOf(c)];
  const { userId, roles } = c.get("actor");
  return [roles.includes("staff") ? "staff" : "customer", userId];
}

function isKnown(c: Context<Env>): boolean {
  const actor = c.get("actor") as Env["Variables"]["actor"] | undefined;
  return actor !== undefined && !actor.roles.includes("guest");
}

/** By what the connection comes from, never by a header, which anybody can send. */
function addressOf(c: Context<Env>): string {
  const { http } = (c.env?.event?.requestContext ?? {}) as { http?: { sourceIp?: string } };
  return networkOf(http?.sourceIp ?? "unknown");
}

function limitOf(name: LimitName): Limit {
  return { name, most: Resource.CallerLimits[name], minutes: minutes[name], exact: exact.has(name) };
}

function accessOf(c: Context<Env>) {
  return matchedRoutes(c)
    .map(({ handler }) => clauseOf(handler)?.access)
    .find(Boolean);
}
