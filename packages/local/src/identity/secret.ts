import { createHmac } from "node:crypto";
import { AwsError } from "../http/aws-error.ts";

/** A client that may have a secret. */
interface Client {
  id: string;
  secret?: string | undefined;
}

/** As Cognito wants it of clients with a secret, of the username that the call names, or of the `sub` for a refresh. */
export function secretHash({ id, secret = "" }: Client, username: string): string {
  return createHmac("sha256", secret)
    .update(username + id)
    .digest("base64");
}

export function refuseWrongHash(client: Client, username: string, hash: string | undefined): void {
  refuseWithoutHash(client, hash);
  if (client.secret === undefined || hash === secretHash(client, username)) return;
  throw new AwsError("NotAuthorizedException", `SecretHash does not match for the client: ${client.id}`);
}

export function refuseWithoutHash({ id, secret }: Client, hash: string | undefined): void {
  if (secret === undefined || hash) return;
  const message = `Client ${id} is configured with secret but SECRET_HASH was not received`;
  throw new AwsError("NotAuthorizedException", message);
}

/** Of a call that takes the secret itself. */
export function refuseWrongSecret({ secret }: Client, given: string | undefined): void {
  if (secret !== given) throw new AwsError("UnauthorizedException", "Invalid client secret");
}
