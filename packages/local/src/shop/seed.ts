/** A small believable shop: a catalogue with stock, a customer and a member of staff. Safe to run again. */
import {
  AdminAddUserToGroupCommand,
  AdminCreateUserCommand,
  AdminSetUserPasswordCommand,
  CognitoIdentityProviderClient,
} from "@aws-sdk/client-cognito-identity-provider";
import { type Client, createClient, type PlaceOrder, ProblemError } from "@cartwright/client";

export const people = {
  customer: { email: "ada@example.com", password: "Correct-horse-1" },
  staff: { email: "grace@example.com", password: "Battery-staple-1" },
};

export const catalogue = [
  { sku: "MUG-BLUE", title: "Stoneware mug, blue", amount: 1450, stock: 120 },
  { sku: "MUG-SAND", title: "Stoneware mug, sand", amount: 1450, stock: 80 },
  { sku: "TEAPOT-08", title: "Cast-iron teapot, 0.8 l", amount: 5900, stock: 25 },
  { sku: "TEA-ASSAM-100", title: "Assam second flush, 100 g", amount: 990, stock: 300 },
  { sku: "TEA-SENCHA-100", title: "Sencha, 100 g", amount: 1290, stock: 200 },
  { sku: "FILTER-STEEL", title: "Fine steel filter", amount: 1150, stock: 60 },
  { sku: "KETTLE-GOOSE", title: "Gooseneck kettle", amount: 7900, stock: 12 },
  { sku: "TRAY-OAK", title: "Oak tray", amount: 3400, stock: 15 },
  { sku: "LAST-ONE", title: "Hand-thrown bowl, the last one", amount: 4800, stock: 1 },
];

export const shippingAddress = {
  name: "Ada Lovelace",
  line1: "12 St James's Square",
  city: "London",
  postalCode: "SW1Y 4JH",
  country: "GB",
};

export interface Shop {
  customer: Client;
  staff: Client;
}

/** `userPoolId` and `endpointUrl` are where the identity provider is; the rest goes through the API. */
export async function seed(at: { apiUrl: string; endpointUrl: string; userPoolId: string }): Promise<Shop> {
  await createStaff(at);
  const anonymous = createClient({ baseUrl: at.apiUrl });
  await anonymous.users.register(people.customer).catch(unless("email_taken"));
  const customer = await signIn(at.apiUrl, people.customer);
  const staff = await signIn(at.apiUrl, people.staff);
  for (const { sku, title, amount, stock } of catalogue) {
    const price = { amount, currency: "EUR" };
    await staff.products.create({ sku, title, price, status: "published" }).catch(unless("product_exists"));
    await staff.products.adjustStock(sku, { delta: stock, reason: "opening stock" }, `seed-${sku}`);
  }
  return { customer, staff };
}

export async function signIn(apiUrl: string, credentials: { email: string; password: string }): Promise<Client> {
  const { accessToken } = await createClient({ baseUrl: apiUrl }).users.signIn(credentials);
  return createClient({ baseUrl: apiUrl, token: () => accessToken });
}

export function orderFor(lines: PlaceOrder["lines"], token: string): PlaceOrder {
  return { lines, shippingAddress, payment: { token } };
}

async function createStaff({ endpointUrl, userPoolId }: { endpointUrl: string; userPoolId: string }): Promise<void> {
  const { email, password } = people.staff;
  const credentials = { accessKeyId: "local", secretAccessKey: "local" };
  const cognito = new CognitoIdentityProviderClient({ endpoint: endpointUrl, region: "local", credentials });
  const user = { UserPoolId: userPoolId, Username: email };
  try {
    await cognito.send(new AdminCreateUserCommand({ ...user, MessageAction: "SUPPRESS" }));
  } catch (error) {
    if (!(error instanceof Error && error.name === "UsernameExistsException")) throw error;
  }
  await cognito.send(new AdminSetUserPasswordCommand({ ...user, Password: password, Permanent: true }));
  await cognito.send(new AdminAddUserToGroupCommand({ ...user, GroupName: "staff" }));
}

function unless(code: string) {
  return (error: unknown) => {
    if (!(error instanceof ProblemError && error.code === code)) throw error;
  };
}
