/** A small believable shop: a catalogue with stock, a customer and a member of staff. Safe to run again. */
import {
  AdminAddUserToGroupCommand,
  AdminCreateUserCommand,
  AdminSetUserPasswordCommand,
  CognitoIdentityProviderClient,
} from "@aws-sdk/client-cognito-identity-provider";
import { type Client, createClient, type PlaceOrder, ProblemError } from "@cartwright/client";
import { codesIn, type Mail } from "../identity/mailbox.ts";

export const people = {
  customer: { email: "ada@example.com", password: "Correct-horse-1" },
  staff: { email: "grace@example.com", password: "Battery-staple-1" },
};

const euros = (amount: number) => [{ amount, currency: "EUR" }];

const products = [
  {
    ...{ sku: "MUG", title: "Stoneware mug", category: "mugs" },
    variants: [
      { sku: "MUG-BLUE", options: { colour: "blue" }, prices: euros(1450) },
      { sku: "MUG-SAND", options: { colour: "sand" }, prices: euros(1450) },
    ],
  },
  { sku: "TEAPOT-08", title: "Cast-iron teapot, 0.8 l", category: "teapots", prices: euros(5900) },
  { sku: "TEA-ASSAM-100", title: "Assam second flush, 100 g", category: "tea", prices: euros(990) },
  { sku: "TEA-SENCHA-100", title: "Sencha, 100 g", category: "tea", prices: euros(1290) },
  { sku: "FILTER-STEEL", title: "Fine steel filter", category: "accessories", prices: euros(1150) },
  { sku: "KETTLE-GOOSE", title: "Gooseneck kettle", category: "kettles", prices: euros(7900) },
  { sku: "TRAY-OAK", title: "Oak tray", category: "accessories", prices: euros(3400) },
  { sku: "LAST-ONE", title: "Hand-thrown bowl, the last one", category: "bowls", prices: euros(4800) },
];

const openingStock = {
  "MUG-BLUE": 120,
  "MUG-SAND": 80,
  "TEAPOT-08": 25,
  "TEA-ASSAM-100": 300,
  "TEA-SENCHA-100": 200,
  "FILTER-STEEL": 60,
  "KETTLE-GOOSE": 12,
  "TRAY-OAK": 15,
  "LAST-ONE": 1,
};

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
  const customer = await registered(at, people.customer);
  const staff = await signIn(at.apiUrl, people.staff);
  for (const product of products) await staff.products.create(product).catch(unless("product_exists"));
  for (const [sku, delta] of Object.entries(openingStock)) {
    await staff.products.adjustStock(sku, { delta, reason: "opening stock" }, `seed-${sku}`);
  }
  return { customer, staff };
}

interface Credentials {
  email: string;
  password: string;
}

/** Registers somebody, and signs them in with the code that they were sent; or merely signs them in. */
export async function registered(at: { apiUrl: string; endpointUrl: string }, person: Credentials): Promise<Client> {
  await createClient({ baseUrl: at.apiUrl, retry: false }).users.register(person);
  return signIn(at.apiUrl, person, await codeFor(at.endpointUrl, person.email));
}

/** A client that stays signed in, and tries nothing again: whoever looks for faults wants to see them. */
export async function signIn(apiUrl: string, { email, password }: Credentials, code?: string): Promise<Client> {
  const client = createClient({ baseUrl: apiUrl, retry: false });
  await client.signIn({ email, password, ...(code !== undefined && { confirmationCode: code }) });
  return client;
}

/** The confirmation code that was emailed last, if any. */
export async function codeFor(endpointUrl: string, email: string): Promise<string | undefined> {
  const response = await fetch(`${endpointUrl}/_local/mail?to=${encodeURIComponent(email)}`);
  const mails = (await response.json()) as Mail[];
  return mails.flatMap(codesIn)[0];
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
