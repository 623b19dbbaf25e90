import type { Api } from "@cartwright/topology";

type Route = Api["routes"][number];

export interface RouteMatch {
  route: Route;
  pathParameters: Record<string, string>;
}

interface CompiledRoute {
  route: Route;
  method: string;
  segments: string[];
  greedy: boolean;
}

/**
 * API Gateway's choice among an HTTP API's routes: a full match of path and method, then a greedy path, then $default.
 * Literal segments win over variables, a named method over ANY.
 */
export function compileRoutes(routes: Route[]): (method: string, path: string) => RouteMatch | undefined {
  const fallback = routes.find((route) => route.key === "$default");
  const compiled = routes.filter((route) => route !== fallback).map(compile);
  compiled.sort(bySpecificity);
  return (method, path) => {
    const segments = path.slice(1).split("/");
    for (const candidate of compiled) {
      if (candidate.method !== "ANY" && candidate.method !== method) continue;
      const pathParameters = match(candidate, segments);
      if (pathParameters) return { route: candidate.route, pathParameters };
    }
    return fallback && { route: fallback, pathParameters: {} };
  };
}

function compile(route: Route): CompiledRoute {
  const [, method, path] = /^([A-Z]+) \/(.*)$/.exec(route.key) ?? [];
  if (method === undefined || path === undefined) {
    throw new Error(`The route key "${route.key}" is none: write "GET /path", "ANY /path/{proxy+}" or "$default".`);
  }
  const segments = path.split("/");
  return { route, method, segments, greedy: segments.at(-1)?.endsWith("+}") ?? false };
}

function bySpecificity(a: CompiledRoute, b: CompiledRoute): number {
  if (a.greedy !== b.greedy) return a.greedy ? 1 : -1;
  for (let index = 0; index < Math.min(a.segments.length, b.segments.length); index++) {
    const difference = weight(a.segments[index]!) - weight(b.segments[index]!);
    if (difference !== 0) return difference;
  }
  if (a.segments.length !== b.segments.length) return b.segments.length - a.segments.length;
  return Number(a.method === "ANY") - Number(b.method === "ANY");
}

function weight(segment: string): number {
  if (segment.endsWith("+}")) return 2;
  return segment.startsWith("{") ? 1 : 0;
}

function match(candidate: CompiledRoute, segments: string[]): Record<string, string> | undefined {
  const { greedy } = candidate;
  if (greedy ? segments.length < candidate.segments.length : segments.length !== candidate.segments.length) return;
  const parameters: Record<string, string> = {};
  for (const [index, expected] of candidate.segments.entries()) {
    const isRest = expected.endsWith("+}");
    const actual = isRest ? segments.slice(index).join("/") : segments[index]!;
    if (!expected.startsWith("{")) {
      if (actual !== expected) return;
    } else if (actual === "") return;
    else parameters[expected.slice(1, isRest ? -2 : -1)] = actual;
  }
  return parameters;
}
