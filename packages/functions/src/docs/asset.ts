/** What never changes while an instance lives, ready to be sent as it is or compressed. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Context } from "hono";
import type { Env } from "../http/router.ts";

export interface Asset {
  mediaType: string;
  body: Buffer;
  compressed: Buffer;
  etag: string;
}

/** Read and compressed at its first use. */
export function asset(mediaType: string, read: () => string | Buffer): () => Asset {
  let made: Asset | undefined;
  return () => {
    made ??= make(mediaType, Buffer.from(read()));
    return made;
  };
}

/** A file of Swagger UI, which lies beside the bundle on Lambda, and below the working folder elsewhere. */
export function swaggerUi(name: "swagger-ui.css" | "swagger-ui-bundle.js"): Buffer {
  const roots = [process.env.LAMBDA_TASK_ROOT, process.cwd()].filter((root) => root !== undefined);
  const places = roots.map((root) => join(root, "node_modules/swagger-ui-dist", name));
  const place = places.find((path) => existsSync(path));
  if (!place) throw new Error(`${name} is at none of ${places.join(", ")}`);
  return readFileSync(place);
}

export function send(c: Context<Env>, { mediaType, body, compressed, etag }: Asset): Response {
  c.header("ETag", etag);
  c.header("Vary", "Accept-Encoding", { append: true });
  c.header("Content-Type", mediaType);
  if (!/\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))/i.test(c.req.header("Accept-Encoding") ?? ""))
    return c.body(toBytes(body));
  c.header("Content-Encoding", "gzip");
  return c.body(toBytes(compressed));
}

function make(mediaType: string, body: Buffer): Asset {
  const digest = createHash("sha256").update(body).digest("base64url").slice(0, 22);
  // Weak, because it names the compressed form as well.
  return { mediaType, body, compressed: gzipSync(body), etag: `W/"${digest}"` };
}

function toBytes(buffer: Buffer): Uint8Array<ArrayBuffer> {
  return new Uint8Array(buffer);
}
