import { senderIdentity, stage } from "./deployment.ts";

/** How long an access token can outlive its account. */
export const accessTokenMinutes = 15;

export const userPool = new sst.aws.CognitoUserPool("UserPool", {
  usernames: ["email"],
  transform: {
    userPool: (args) => {
      if (stage.deletionProtection) args.deletionProtection = "ACTIVE";
      // An account is usable once its owner has read the code that Cognito sends to it.
      args.autoVerifiedAttributes = ["email"];
      // With an access token alone one may ask Cognito for another email: it must not be a stranger's, or keep them out.
      args.userAttributeUpdateSettings = { attributesRequireVerificationBeforeUpdates: ["email"] };
      // Cognito's own sender is for trying things out: it sends fifty emails a day.
      if (senderIdentity) args.emailConfiguration = { emailSendingAccount: "DEVELOPER", sourceArn: senderIdentity };
      args.passwordPolicy = {
        minimumLength: 12,
        requireLowercase: true,
        requireNumbers: true,
        requireSymbols: false,
        requireUppercase: true,
        temporaryPasswordValidityDays: 3,
      };
    },
  },
});

/**
 * The API signs people in by itself, without the hosted pages and OAuth flows that SST's own client turns on. Its id is in
 * every access token: without a secret, anybody could sign up and guess passwords at Cognito, past our limits.
 */
const webClient = new aws.cognito.UserPoolClient("Web", {
  name: "Web",
  userPoolId: userPool.id,
  generateSecret: true,
  explicitAuthFlows: ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
  preventUserExistenceErrors: "ENABLED",
  enableTokenRevocation: true,
  readAttributes: ["email", "email_verified"],
  writeAttributes: ["email"],
  tokenValidityUnits: { accessToken: "minutes", idToken: "minutes", refreshToken: "days" },
  // Nothing takes an access token back, so it is short: who signs out or closes their account is out by then.
  accessTokenValidity: accessTokenMinutes,
  idTokenValidity: accessTokenMinutes,
  refreshTokenValidity: 30,
});

new aws.cognito.UserGroup("Staff", { name: "staff", userPoolId: userPool.id });

/** What a router needs to verify a token. The calls that need IAM are granted to the user router alone. */
export const identity = new sst.Linkable("Identity", {
  properties: {
    userPoolId: userPool.id,
    clientId: webClient.id,
    accessTokenMinutes,
    issuer: $interpolate`https://cognito-idp.${aws.getRegionOutput().region}.amazonaws.com/${userPool.id}`,
  },
});

/** What a call needs that acts for somebody who has not signed in yet, for the user router alone. */
export const identityClient = new sst.Linkable("IdentityClient", { properties: { secret: webClient.clientSecret } });
