/** What is read of the API's description. */
export type JsonSchema = { [key: string]: unknown };

export interface Document {
  paths: Record<string, Record<string, DocumentedOperation>>;
  components: { schemas: Record<string, JsonSchema> };
}

export interface DocumentedOperation {
  operationId: string;
  summary: string;
  description?: string;
  "x-access": string;
  "x-problems": Record<string, string[]>;
  parameters?: { name: string; in: string; required: boolean; description?: string; schema: JsonSchema }[];
  requestBody?: { required: boolean; content: Content };
  responses: Record<string, { content?: Content }>;
}

type Content = Record<string, { schema: JsonSchema }>;
