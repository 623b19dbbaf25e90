/** Of all that tests do. */
export const cause = { correlationId: "test" };
