export * from "./event-pattern.ts";
export { TopologyError } from "./fail.ts";
export * from "./iam.ts";
export * from "./model.ts";
export * from "./subscriber.ts";
export * from "./usage.ts";
