import * as z from "zod";

const Properties = z.record(z.string(), z.unknown());

/** A resource as Pulumi's engine would have seen it, with what AWS would have answered. */
export const Resource = z.object({
  urn: z.string(),
  type: z.string(),
  name: z.string(),
  parent: z.string().optional(),
  custom: z.boolean(),
  inputs: Properties,
  outputs: Properties,
});
export type Resource = z.infer<typeof Resource>;

/** What SST asked its builder for: here alone are the source path and the links of a function. */
export const Build = z.object({
  functionID: z.string(),
  handler: z.string(),
  links: z.record(z.string(), z.unknown()).default({}),
});
export type Build = z.infer<typeof Build>;

/** The stacks, evaluated. */
export const Graph = z.object({
  app: z.string(),
  stage: z.string(),
  region: z.string(),
  account: z.string(),
  resources: z.array(Resource),
  builds: z.record(z.string(), Build),
});
export type Graph = z.infer<typeof Graph>;

/** Stands for a value that evaluation could not determine. */
export const unknownMarker = "<unknown>";
