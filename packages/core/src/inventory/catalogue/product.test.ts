import { newId, type ProductStatus } from "@cartwright/events";
import { describe, expect, test } from "vitest";
import { cause } from "../../test/cause.ts";
import { Inventory } from "../index.ts";
import { titleKeyOf } from "./listing.ts";
import { catalogue } from "./product.entity.ts";

const euros = (amount: number) => [{ amount, currency: "EUR" }];

const createSku = () => newId("req");

/** Of one kind, for 9 euros. */
async function createProduct(overrides: Record<string, unknown> = {}): Promise<Inventory.Info> {
  return Inventory.create(
    Inventory.Create.parse({ sku: createSku(), title: "Cup", prices: euros(900), ...overrides }),
    cause,
  );
}

const variantOf = (sku: string, options: Record<string, string>, overrides: Record<string, unknown> = {}) => ({
  ...{ sku, options, prices: euros(900) },
  ...overrides,
});

/** In blue and in sand, named after it. */
async function createMug(overrides: Record<string, unknown> = {}): Promise<Inventory.Info> {
  const sku = createSku();
  const variants = [variantOf(`${sku}-B`, { colour: "blue" }), variantOf(`${sku}-S`, { colour: "sand" })];
  return createProduct({ sku, title: "Mug", prices: undefined, variants, ...overrides });
}

const update = (sku: string, changes: Record<string, unknown>, version = 1) =>
  Inventory.update(sku, Inventory.Update.parse(changes), version, cause);

const staffSees = (sku: string) => Inventory.fromSku(sku, { staff: true });

async function toldBy(sku: string) {
  const { data } = await catalogue().entities.products.get({ sku }).go();
  return JSON.parse(data?.outbox ?? "[]") as { name: string; version: number; sequence: number; data: unknown }[];
}

describe("a product", () => {
  test("of one kind has one variant of its own name, and tells of it in the same write", async () => {
    const { sku, ...product } = await createProduct({ category: "mugs" });
    const only = { sku, prices: euros(900), retired: false };
    expect(product).toMatchObject({
      status: "published",
      options: [],
      variants: [{ ...only, options: {} }],
      version: 1,
    });
    expect(await toldBy(sku)).toMatchObject([
      {
        ...{ name: "product.created", version: 2, sequence: 1 },
        data: { sku, title: "Cup", status: "published", category: "mugs", variants: [{ ...only, options: [] }] },
      },
    ]);
  });

  test("of several kinds is found by its own name and by that of each variant", async () => {
    const mug = await createMug();
    for (const name of [mug.sku, ...mug.variants.map(({ sku }) => sku)]) {
      expect(await Inventory.fromSku(name, { staff: false })).toEqual(mug);
    }
    await expect(staffSees(createSku())).rejects.toMatchObject({ code: "product_not_found" });
  });

  test("keeps all that is said of it, in the order in which it is said", async () => {
    const said = {
      description: "Thrown by hand.\n\nFired twice.",
      attributes: { weight: "400 g", material: "stoneware" },
      images: [{ url: "https://img.example/mug.jpg", alt: "A mug" }, { url: "https://img.example/two.jpg" }],
    };
    const { sku } = await createProduct(said);
    const { version: _, ...before } = await staffSees(sku);
    expect(before).toMatchObject(said);
    expect(Object.keys(before.attributes)).toEqual(["weight", "material"]);
    const { version, ...after } = await update(sku, { title: "Cup" });
    expect({ version, after }).toEqual({ version: 2, after: before });
    const bare = await update(sku, { description: null, category: null, attributes: {}, images: [] }, 2);
    expect(bare).toMatchObject({ attributes: {}, images: [] });
    expect(bare).not.toHaveProperty("description");
  });

  test("a change by somebody who has not seen the last one is refused, also at the same time", async () => {
    const { sku } = await createProduct();
    const both = await Promise.allSettled([update(sku, { title: "Mug" }), update(sku, { prices: euros(1) })]);
    expect(both.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    await expect(update(sku, { title: "Bowl" })).rejects.toMatchObject({ code: "stale_version" });
    expect((await staffSees(sku)).version).toBe(2);
  });

  test("that would not fit an item is refused", async () => {
    const { sku } = await createProduct();
    const options = Object.fromEntries(
      ["一", "二", "三", "四", "五"].map((name) => [name.repeat(50), "語".repeat(50)]),
    );
    const prices = Intl.supportedValuesOf("currency")
      .slice(0, 20)
      .map((currency) => ({ amount: 1_000_000_000, currency }));
    const wide = Array.from({ length: 89 }, (_, index) =>
      variantOf(`${sku}-${index}`, options, { prices, retired: true }),
    );
    await expect(update(sku, { variants: wide })).rejects.toMatchObject({ name: "TooLargeError" });
    expect((await staffSees(sku)).version).toBe(1);
  });
});

describe("the status of a product", () => {
  const statuses: ProductStatus[] = ["draft", "published", "retired"];
  const moves = statuses.flatMap((from) => statuses.map((to) => ({ from, to })));

  /** Nothing is created retired in this table, so that each status is come to as in life. */
  async function createIn(status: ProductStatus): Promise<Inventory.Info> {
    const product = await createProduct({ status: status === "retired" ? "published" : status });
    return status === "retired" ? update(product.sku, { status }) : product;
  }

  test.each(moves)("goes from $from to $to if the table says so", async ({ from, to }) => {
    const { sku, version } = await createIn(from);
    const change = update(sku, { status: to, title: "Bowl" }, version);
    const allowed: readonly string[] = Inventory.productTransitions[from];
    if (from === to || allowed.includes(to)) {
      expect(await change).toMatchObject({ status: to, title: "Bowl", version: version + 1 });
    } else {
      await expect(change).rejects.toMatchObject({ kind: "conflict", code: "illegal_transition" });
      expect(await staffSees(sku)).toMatchObject({ status: from, title: "Cup", version });
    }
  });

  test.each(["draft", "retired"] as const)("that is %s hides it from shoppers, by every name", async (status) => {
    const mug = await createMug({ status });
    for (const name of [mug.sku, mug.variants[0]!.sku]) {
      await expect(Inventory.fromSku(name, { staff: false })).rejects.toMatchObject({ code: "product_not_found" });
      expect(await staffSees(name)).toMatchObject({ sku: mug.sku, status });
    }
  });
});

describe("variants", () => {
  const refused = (path: string, code: string) => ({
    kind: "invalid",
    code: "invalid_variants",
    faults: [{ path, code }],
  });

  test("make the options, in the order in which they come, unless another is given", async () => {
    const sku = createSku();
    const variants = [
      variantOf(`${sku}-1`, { size: "L", colour: "blue" }),
      variantOf(`${sku}-2`, { colour: "sand", size: "S" }),
    ];
    const made = await createProduct({ sku, prices: undefined, variants });
    expect(made.options).toEqual([
      { name: "size", values: ["L", "S"] },
      { name: "colour", values: ["blue", "sand"] },
    ]);
    const options = [
      { name: "colour", values: ["sand", "blue"] },
      { name: "size", values: ["S", "M", "L"] },
    ];
    expect(await update(sku, { options })).toMatchObject({ options, variants: made.variants });
    expect(await toldBy(sku)).toMatchObject([
      {
        data: {
          variants: [
            { options: [{ name: "colour" }, { name: "size" }] },
            { options: [{ value: "sand" }, { value: "S" }] },
          ],
        },
      },
    ]);
    const more = [...variants, variantOf(`${sku}-3`, { size: "XL", colour: "blue" })];
    expect((await update(sku, { variants: more }, 2)).options).toEqual([
      { name: "colour", values: ["sand", "blue"] },
      { name: "size", values: ["S", "L", "XL"] },
    ]);
  });

  test.each<[string, Record<string, unknown>, string, string]>([
    [
      "that lacks an option",
      { variants: [variantOf("A1", { a: "1", b: "2" }), variantOf("A2", { a: "2" })] },
      "variants.1.options.b",
      "missing_option",
    ],
    [
      "with the options of another",
      { variants: [variantOf("A1", { a: "1" }), variantOf("A2", { a: "1" })] },
      "variants.1.options",
      "same_options",
    ],
    [
      "with a value that is not given",
      { variants: [variantOf("A1", { a: "2" })], options: [{ name: "a", values: ["1"] }] },
      "variants.0.options.a",
      "unknown_value",
    ],
    [
      "with an option that is not given",
      { variants: [variantOf("A1", { a: "1" })], options: [] },
      "variants.0.options.a",
      "unknown_option",
    ],
    ["beside prices", { variants: [variantOf("A1", {})], prices: euros(1) }, "prices", "ambiguous"],
    ["of which there is none, without prices,", {}, "prices", "required"],
    [
      "of one kind, with options,",
      { prices: euros(1), options: [{ name: "a", values: ["1"] }] },
      "options",
      "missing_option",
    ],
  ])("one %s is refused", async (_, input, path, code) => {
    const product = createProduct({ prices: undefined, ...input });
    await expect(product).rejects.toMatchObject(refused(path, code));
  });

  test.each<[string, Record<string, unknown>, string]>([
    ["two of one SKU", { variants: [variantOf("A", { a: "1" }), variantOf("A", { a: "2" })] }, "variants.1.sku"],
    ["two prices in one currency", { prices: [...euros(1), ...euros(2)] }, "prices.1.currency"],
    [
      "two prices of a variant in one currency",
      { variants: [variantOf("A", {}, { prices: [...euros(1), ...euros(2)] })] },
      "variants.0.prices.1.currency",
    ],
    ["no price", { prices: [] }, "prices"],
    ["a price below zero", { prices: euros(-1) }, "prices.0.amount"],
    ["half a cent", { prices: euros(0.5) }, "prices.0.amount"],
    ["a price beyond reason", { prices: euros(1_000_000_001) }, "prices.0.amount"],
    ["a currency that is none", { prices: [{ amount: 1, currency: "XXZ" }] }, "prices.0.currency"],
    [
      "six options",
      { options: Array.from({ length: 6 }, (_, index) => ({ name: `${index}`, values: ["1"] })) },
      "options",
    ],
    [
      "two options of one name",
      {
        options: [
          { name: "a", values: ["1"] },
          { name: "a", values: ["2"] },
        ],
      },
      "options.1.name",
    ],
    ["two equal values", { options: [{ name: "a", values: ["1", "1"] }] }, "options.0.values.1"],
    [
      "91 variants",
      { variants: Array.from({ length: 91 }, (_, index) => variantOf(`A${index}`, { a: `${index}` })) },
      "variants",
    ],
    ["a category that is no slug", { category: "Mugs & more" }, "category"],
    [
      "51 attributes",
      { attributes: Object.fromEntries(Array.from({ length: 51 }, (_, index) => [`a${index}`, "1"])) },
      "attributes",
    ],
    ["an attribute with spaces around it", { attributes: { " a": "1" } }, "attributes. a"],
    ["an image that anybody could change", { images: [{ url: "http://img.example/a.jpg" }] }, "images.0.url"],
    ["an image that is a script", { images: [{ url: "javascript:alert(1)" }] }, "images.0.url"],
    ["a description with a bell", { description: "ring\u0007" }, "description"],
  ])("%s is refused, with its path", (_, input, path) => {
    const parsed = Inventory.Create.safeParse({ sku: "A0", title: "Cup", ...input });
    expect(parsed.error?.issues.map((issue) => issue.path.join("."))).toEqual([path]);
  });

  test("that are left out stay, retired, and may come back", async () => {
    const mug = await createMug();
    const [blue, sand] = mug.variants;
    const changed = await update(mug.sku, { variants: [{ ...blue, prices: euros(1000) }] });
    expect(changed).toMatchObject({
      options: [{ name: "colour", values: ["blue"] }],
      variants: [
        { sku: blue!.sku, prices: euros(1000), retired: false },
        { ...sand, retired: true },
      ],
    });
    expect(await update(mug.sku, { variants: [blue, sand] }, 2)).toMatchObject({ variants: mug.variants });
  });

  test("may be replaced by others of the same options; what is read can be written again", async () => {
    const { sku, variants } = await createMug();
    const [blue] = variants;
    const next = variantOf(`${sku}-B2`, { colour: "blue" });
    const { version: _, sku: __, ...read } = await update(sku, { variants: [next] });
    expect(read.variants.map(({ retired }) => retired)).toEqual([false, true, true]);
    expect(await update(sku, read, 2)).toMatchObject({ ...read, version: 3 });
    const back = update(sku, { variants: [next, blue] }, 3);
    await expect(back).rejects.toMatchObject(refused("variants.1.options", "same_options"));
  });

  test("of a product of one kind may follow it: its own name stays, retired", async () => {
    const { sku } = await createProduct();
    const variants = [variantOf(`${sku}-1`, { size: "S" }), variantOf(`${sku}-2`, { size: "L" })];
    expect((await update(sku, { variants })).variants.map((one) => [one.sku, one.retired])).toEqual([
      [`${sku}-1`, false],
      [`${sku}-2`, false],
      [sku, true],
    ]);
    await Inventory.assertVariant(sku);
  });

  test("are never more than ninety, those that are retired included", async () => {
    const sku = createSku();
    const many = (from: number, count: number) =>
      Array.from({ length: count }, (_, index) => variantOf(`${sku}-${from + index}`, { number: `${from + index}` }));
    const full = await createProduct({ sku, prices: undefined, variants: many(0, 90) });
    expect(full.variants.length).toBe(90);
    const more = update(sku, { variants: many(89, 2) });
    await expect(more).rejects.toMatchObject(refused("variants", "too_many_variants"));
  });

  test("have prices of their own, so a product of several takes none", async () => {
    const { sku } = await createMug();
    await expect(update(sku, { prices: euros(1) })).rejects.toMatchObject(refused("prices", "several_variants"));
    const cup = await createProduct();
    const prices = [...euros(1), { amount: 2, currency: "JPY" }];
    expect((await update(cup.sku, { prices })).variants).toMatchObject([{ sku: cup.sku, prices }]);
  });

  test("are what is sold: a name that nothing is sold under says what is", async () => {
    const { sku, variants } = await createMug();
    for (const variant of variants) await Inventory.assertVariant(variant.sku);
    await expect(Inventory.assertVariant(sku)).rejects.toMatchObject({
      ...{ name: "ProductNotFoundError", message: expect.stringContaining(`${sku}-B, ${sku}-S`) },
    });
    await expect(Inventory.assertVariant(createSku())).rejects.toMatchObject({ name: "ProductNotFoundError" });
  });
});

describe("a name", () => {
  const taken = (...skus: string[]) => ({ name: "ProductExistsError", code: "product_exists", skus });

  test("belongs to one product or variant for ever", async () => {
    const { sku, variants } = await createMug();
    const [blue, sand] = variants.map((variant) => variant.sku) as [string, string];
    await expect(createProduct({ sku })).rejects.toMatchObject(taken(sku));
    await expect(createProduct({ sku: blue })).rejects.toMatchObject(taken(blue));
    const other = createSku();
    const stolen = { sku: other, prices: undefined };
    const own = variantOf(`${other}-1`, { a: "1" });
    const thief = createProduct({
      ...stolen,
      variants: [own, variantOf(sku, { a: "2" }), variantOf(sand, { a: "3" })],
    });
    await expect(thief).rejects.toMatchObject(taken(sku, sand));
    await update(sku, { variants: [variants[0]] });
    await expect(createProduct({ sku: sand })).rejects.toMatchObject(taken(sand));
    await createProduct({ ...stolen, variants: [own] });
  });

  test("that is taken keeps a product from getting a variant of it", async () => {
    const { sku: cup } = await createProduct();
    const { sku, variants } = await createMug();
    const changed = update(sku, { title: "Jug", variants: [...variants, variantOf(cup, { colour: "red" })] });
    await expect(changed).rejects.toMatchObject(taken(cup));
    expect(await staffSees(sku)).toMatchObject({ title: "Mug", version: 1 });
  });

  test("wanted by two products at once goes to one of them, and nothing is left of the other", async () => {
    for (let round = 0; round < 5; round++) {
      const wanted = createSku();
      const rivals = [createSku(), createSku(), createSku()];
      const outcomes = await Promise.allSettled(
        rivals.map((sku) =>
          createProduct({
            ...{ sku, prices: undefined },
            variants: [variantOf(`${sku}-1`, { a: "1" }), variantOf(wanted, { a: "2" })],
          }),
        ),
      );
      expect(outcomes.filter(({ status }) => status === "fulfilled").length).toBe(1);
      for (const [index, outcome] of outcomes.entries()) {
        const sku = rivals[index]!;
        if (outcome.status === "fulfilled") {
          expect((await staffSees(wanted)).sku).toBe(sku);
          continue;
        }
        expect(outcome.reason).toMatchObject(taken(wanted));
        for (const name of [sku, `${sku}-1`]) await createProduct({ sku: name });
      }
    }
  });

  test("of a product that is created twice at once is that of one product", async () => {
    const sku = createSku();
    const outcomes = await Promise.allSettled([1, 2, 3].map(() => createProduct({ sku })));
    expect(outcomes.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected", "rejected"]);
    expect(await staffSees(sku)).toMatchObject({ version: 1 });
  });
});

describe("browsing", () => {
  /** A category of the test's own. */
  const createCategory = () => newId("req").toLowerCase().replace("_", "-");

  async function shelve(category: string, titles: string[]): Promise<void> {
    for (const title of titles) await createProduct({ title, category });
  }

  const titlesOf = async (browse: Omit<Inventory.Browse, "limit">) =>
    (await Inventory.list({ limit: 100, ...browse })).items.map(({ title }) => title);

  test("is by title, whatever its case and accents, then by SKU", async () => {
    const category = createCategory();
    await shelve(category, ["Zester", "étagère", "Cup blue", "cup", "Cup", "Cup, large", "Ågren bowl", "Café press"]);
    expect(await titlesOf({ category })).toEqual([
      ...["Ågren bowl", "Café press", "cup", "Cup", "Cup blue", "Cup, large", "étagère", "Zester"],
    ]);
  });

  test.each([
    ["cafe", ["Café au lait", "CAFÉ press"]],
    ["CAFÉ ", ["Café au lait", "CAFÉ press"]],
    ["Cafe\u0301  p", ["CAFÉ press"]],
    ["  café", ["Café au lait", "CAFÉ press"]],
    ["ﬁl", ["Filter"]],
    ["ΟΔΟΣ", ["Οδοσήμανση"]],
    ["c", ["Café au lait", "CAFÉ press", "Cup"]],
    ["lait", []],
    ["", ["Café au lait", "CAFÉ press", "Cup", "Filter", "Οδοσήμανση"]],
  ])("by the prefix %j finds what begins with it", async (prefix, titles) => {
    const category = createCategory();
    await shelve(category, ["CAFÉ press", "Cup", "Café au lait", "Filter", "Οδοσήμανση"]);
    expect(await titlesOf({ category, prefix })).toEqual(titles);
  });

  test("without a category shows products of all and of none", async () => {
    const prefix = newId("req");
    const [inOne, inNone] = [
      await createProduct({ title: `${prefix} 1`, category: "mugs" }),
      await createProduct({ title: `${prefix} 2` }),
    ];
    expect((await Inventory.list({ prefix, limit: 10 })).items).toEqual([inOne, inNone]);
    await update(inOne.sku, { category: null });
    expect(await titlesOf({ prefix, category: "mugs" })).toEqual([]);
    await update(inNone.sku, { category: "mugs" });
    expect(await titlesOf({ prefix, category: "mugs" })).toEqual([`${prefix} 2`]);
  });

  test("follows titles and statuses as they change, and shows what is published alone", async () => {
    const category = createCategory();
    const { sku } = await createProduct({ category, status: "draft" });
    expect(await titlesOf({ category })).toEqual([]);
    await update(sku, { status: "published" });
    await update(sku, { title: "Bowl" }, 2);
    expect(await titlesOf({ category, prefix: "bowl" })).toEqual(["Bowl"]);
    expect(await titlesOf({ category, prefix: "cup" })).toEqual([]);
    await update(sku, { status: "retired" }, 3);
    expect(await titlesOf({ category })).toEqual([]);
  });

  test.each([1, 2, 3, 6, 7])("in pages of %i shows each product once, and ends with the last", async (limit) => {
    const category = createCategory();
    const titles = ["A", "B", "C", "C", "D", "E"];
    await shelve(category, titles);
    const pages: string[][] = [];
    for (let cursor: string | undefined; ; ) {
      const page = await Inventory.list({ category, limit, cursor });
      pages.push(page.items.map(({ title }) => title));
      cursor = page.nextCursor;
      if (!cursor) break;
    }
    expect(pages.flat()).toEqual(titles);
    expect(pages.length).toBe(Math.ceil(titles.length / limit));
  });

  test("goes on with a cursor for what it was given out for alone", async () => {
    const category = createCategory();
    await shelve(category, ["Cup 1", "Cup 2", "Cup 3"]);
    const { nextCursor: cursor } = await Inventory.list({ category, prefix: "cup", limit: 1 });
    expect(await titlesOf({ category, prefix: "CÚP", cursor })).toEqual(["Cup 2", "Cup 3"]);
    for (const other of [
      { category },
      { prefix: "cup" },
      { category: "mugs", prefix: "cup" },
      { category, prefix: "cu" },
    ]) {
      await expect(titlesOf({ ...other, cursor })).rejects.toMatchObject({ code: "invalid_cursor" });
    }
  });

  test("refuses a cursor that was changed to leave what was asked for", async () => {
    const prefix = newId("req");
    for (const title of [`${prefix} 1`, `${prefix} 2`]) await createProduct({ title });
    const { nextCursor = "" } = await Inventory.list({ prefix, limit: 1 });
    const [place = "", signature] = nextCursor.split(".");
    const position = JSON.parse(Buffer.from(place, "base64url").toString());
    for (const titleKey of ["a", `${titleKeyOf(prefix)} 0`, ""]) {
      const other = Buffer.from(JSON.stringify({ ...position, titleKey })).toString("base64url");
      const forged = titlesOf({ prefix, cursor: `${other}.${signature}` });
      await expect(forged).rejects.toMatchObject({ code: "invalid_cursor" });
    }
  });

  test("finds titles that no key of an index has room for", async () => {
    const category = createCategory();
    const title = `Cup ${"\ufdfa".repeat(190)}`;
    const { sku } = await createProduct({ category, title });
    expect(Buffer.byteLength(titleKeyOf(title))).toBeLessThanOrEqual(900);
    expect(titleKeyOf(title)).not.toContain("\ufffd");
    await shelve(category, [title]);
    const page = await Inventory.list({ category, prefix: title, limit: 1 });
    expect(page.items).toMatchObject([{ title }]);
    // What a request takes as a cursor.
    expect(page.nextCursor!.length).toBeLessThanOrEqual(2048);
    const next = await Inventory.list({ category, prefix: title, limit: 1, cursor: page.nextCursor });
    expect([page, next].flatMap(({ items }) => items.map((item) => item.sku))).toContain(sku);
  });
});
