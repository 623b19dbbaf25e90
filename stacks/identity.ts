export const userPool = new sst.aws.CognitoUserPool("UserPool", {
  usernames: ["email"],
  transform: {
    userPool: (args) => {
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

/** The API signs people in by itself, without the hosted pages and OAuth flows that SST's own client turns on. */
const webClient = new aws.cognito.UserPoolClient("Web", {
  name: "Web",
  userPoolId: userPool.id,
  explicitAuthFlows: ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
  preventUserExistenceErrors: "ENABLED",
  enableTokenRevocation: true,
  tokenValidityUnits: { accessToken: "hours", idToken: "hours", refreshToken: "days" },
  accessTokenValidity: 1,
  idTokenValidity: 1,
  refreshTokenValidity: 30,
});

new aws.cognito.UserGroup("Staff", { name: "staff", userPoolId: userPool.id });

/** What a router needs to verify a token. The calls that need IAM are granted to the user router alone. */
export const identity = new sst.Linkable("Identity", {
  properties: {
    userPoolId: userPool.id,
    clientId: webClient.id,
    issuer: $interpolate`https://cognito-idp.${aws.getRegionOutput().region}.amazonaws.com/${userPool.id}`,
  },
});
