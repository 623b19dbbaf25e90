/**
 * How long an AWS client waits, so that a service that hangs is a failure which can be dealt with before Lambda's own
 * limit. Whoever uses it tries again by itself.
 */
export const impatient = {
  maxAttempts: 1,
  requestHandler: { connectionTimeout: 1_000, requestTimeout: 2_000, throwOnRequestTimeout: true },
};
