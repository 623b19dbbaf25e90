/** What can be sent to the seeded shop as it is. */

export const exampleLines = [{ sku: "MUG-BLUE", quantity: 2 }];

export const placeExample = {
  lines: exampleLines,
  shippingAddress: {
    name: "Ada Lovelace",
    line1: "12 St James's Square",
    city: "London",
    postalCode: "SW1Y 4JH",
    country: "GB",
  },
  payment: { token: "tok_ok" },
};
