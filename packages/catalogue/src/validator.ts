import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import type { JsonSchema } from "./json-schema.ts";

/** One for all schemas: before its first it learns what a schema is, which takes far longer than any of ours. */
const ajv = new Ajv2020({ strict: false, allErrors: true });
addFormats.default(ajv);

/** Strict about nothing: what Zod writes is taken as it is, and annotations may be anything. */
export function validatorOf(schema: JsonSchema): ValidateFunction {
  const validate = ajv.compile(schema);
  // Another schema may have the same id.
  ajv.removeSchema(schema);
  return validate;
}
