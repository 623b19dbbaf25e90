/** An identity provider for router tests: signs tokens as Cognito does and publishes the key. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from "jose";
import { Resource } from "sst";

export type Issuer = Awaited<ReturnType<typeof startIssuer>>;

export async function startIssuer() {
  const { publicKey, privateKey } = await generateKeyPair("RS256");
  const jwk = { ...(await exportJWK(publicKey)), kid: "test", alg: "RS256", use: "sig" };
  let isBroken = false;
  const server = createServer((_, response) => {
    response.statusCode = isBroken ? 503 : 200;
    response.end(JSON.stringify({ keys: [jwk] }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/pool`;
  Object.assign(Resource.Identity, { issuer: url });

  const claims = (overrides: JWTPayload = {}): JWTPayload => ({
    sub: crypto.randomUUID(),
    iss: url,
    token_use: "access",
    client_id: Resource.Identity.clientId,
    ...overrides,
  });
  const sign = (payload: JWTPayload, { expiresIn = "1h", key = privateKey, kid = "test" } = {}) =>
    new SignJWT(payload).setProtectedHeader({ alg: "RS256", kid }).setIssuedAt().setExpirationTime(expiresIn).sign(key);

  return {
    jwk,
    privateKey,
    url,
    fail: () => {
      isBroken = true;
    },
    claims,
    sign,
    customer: () => sign(claims()),
    staff: () => sign(claims({ "cognito:groups": ["staff"] })),
    stop: () => server.close(),
  };
}
