/** One variant a row, under a header that names the columns. */
import { parse } from "csv-parse/sync";
import type * as z from "zod";
import { RefusedError } from "../io.ts";
import { isCurrency, PriceError, parsePrice } from "./price.ts";
import type { TextRecord } from "./record.ts";
import type { Row, RowFault, Unit } from "./unit.ts";
import { faultsIn, type Money, WantedProduct, type WantedVariant } from "./wanted.ts";

const plain = ["product", "sku", "title", "description", "category", "status", "images", "stock", "retired"] as const;
/** Columns of which there may be several, each with its own name after the colon. */
const families = ["price", "option", "attribute"] as const;

export const csvUsage = `  sku               what is sold; required
  product           names what several rows are variants of, one after the other; without it a row is a product of its own
  title, description, category, status
                    of the product; of several rows the first that has it, and the others are empty or say the same
  price:EUR         one column for each currency: 14.50, or 1450 of a currency without decimals
  option:colour     what tells variants apart, one column for each option
  attribute:glaze   more to tell of the product, one column for each
  images            https URLs with spaces between them
  stock             units on hand to begin with; ignored once the stock of the SKU has moved
  retired           yes for a variant that is no longer sold`;

/** A cell that is empty says nothing: what it is about stays as it is. */
type Cells = Map<string, string>;

interface ReadRow extends Row {
  cells: Cells;
  fault?: string;
}

/** No product comes near this: the API has a limit, and tells of it. */
const mostRowsOfProduct = 200;

/** Throws `RefusedError` for a header that can't be made sense of. */
export function csv({ delimiter = "," }: { delimiter?: string } = {}) {
  return async function* read(records: AsyncIterable<TextRecord>): AsyncGenerator<Unit> {
    let columns: string[] | undefined;
    let rows: ReadRow[] = [];
    for await (const record of records) {
      if (!columns) {
        columns = columnsOf(record, delimiter);
        continue;
      }
      const row = rowOf(record, columns, delimiter);
      if (rows.length > 0 && (!isSameProduct(rows[0]!, row) || rows.length === mostRowsOfProduct)) {
        yield unitOf(rows);
        rows = [];
      }
      rows.push(row);
    }
    if (rows.length > 0) yield unitOf(rows);
    if (!columns) throw new RefusedError("the file is empty: its first line names the columns");
  };
}

function columnsOf(record: TextRecord, delimiter: string): string[] {
  const { cells, fault = faultOfHeader(cells) } = cellsOf(record, delimiter);
  if (fault) throw new RefusedError(`line ${record.line}, which names the columns: ${fault}`);
  return cells;
}

function faultOfHeader(columns: string[]): string | undefined {
  const unknown = columns.filter((name) => !isColumn(name)).map((name) => JSON.stringify(name));
  if (unknown.length > 0) {
    const known = [...plain, ...families.map((name) => `${name}:…`)].join(", ");
    return `there is no column ${unknown.join(", ")}; there are ${known}`;
  }
  const repeated = columns.find((name, at) => columns.indexOf(name) !== at);
  if (repeated !== undefined) return `there are two columns ${repeated}`;
  const currency = columns.find((name) => name.startsWith("price:") && !isCurrency(name.slice("price:".length)));
  if (currency !== undefined) return `${currency}: expected an ISO 4217 code, as in price:EUR`;
  return columns.includes("sku") ? undefined : "there is no column sku";
}

function isColumn(name: string): boolean {
  const [family, member] = splitOnce(name);
  if (member === undefined) return plain.some((column) => column === name);
  return member !== "" && families.some((one) => one === family);
}

function splitOnce(name: string): [string, string | undefined] {
  const at = name.indexOf(":");
  return at < 0 ? [name, undefined] : [name.slice(0, at), name.slice(at + 1)];
}

function cellsOf({ text, fault }: TextRecord, delimiter: string): { cells: string[]; fault?: string } {
  if (fault) return { cells: [], fault };
  if (text.includes("\uFFFD")) return { cells: [], fault: "it holds text that is not UTF-8: save the file as UTF-8" };
  // Most rows have no quotes, and then there is nothing to parse.
  if (!text.includes('"')) return { cells: text.split(delimiter).map((cell) => cell.trim()) };
  try {
    const [cells = []] = parse(text, { delimiter, trim: true, relax_column_count: true }) as string[][];
    return { cells };
  } catch (error) {
    return { cells: [], fault: `it is no CSV (${plainMessage(error)})` };
  }
}

/** It was given this record alone, so the line that it tells is not the file's. */
const plainMessage = (error: unknown) =>
  (error instanceof Error ? error.message : String(error)).replace(/ at line \d+/g, "");

function rowOf(record: TextRecord, columns: string[], delimiter: string): ReadRow {
  const { cells, fault } = cellsOf(record, delimiter);
  const { line, text } = record;
  if (fault) return { line, given: text, cells: new Map(), fault };
  const named: Cells = new Map(columns.flatMap((name, at) => (cells[at] ? [[name, cells[at]]] : [])));
  const sku = named.get("sku");
  const row = { line, given: Object.fromEntries(named), cells: named, ...(sku && { sku }) };
  if (!sku) return { ...row, fault: "it has no sku" };
  if (cells.length === columns.length) return row;
  return { ...row, fault: `it has ${cells.length} cells under ${columns.length} columns` };
}

/** A row that can't be read belongs to nothing. */
function isSameProduct(first: ReadRow, row: ReadRow): boolean {
  const product = first.cells.get("product");
  return product !== undefined && product === row.cells.get("product");
}

function unitOf(read: ReadRow[]): Unit {
  const rows = read.map(({ cells: _, fault: __, ...row }): Row => row);
  const faults = read.flatMap(({ line, fault }): RowFault[] => (fault ? [{ line, reason: fault }] : []));
  const variants = faults.length > 0 ? [] : read.flatMap((row) => told(row, faults, () => variantIn(read, row)) ?? []);
  if (faults.length > 0) return { rows, faults };
  const { data: product, error } = WantedProduct.safeParse(productOf(read, variants));
  return product ? { rows, product } : { rows, faults: faultsByRow(error, rows) };
}

/** What is wrong in a cell. */
class CellError extends Error {
  override name = "CellError";
}

function told<Value>({ line }: ReadRow, faults: RowFault[], tell: () => Value): Value | undefined {
  try {
    return tell();
  } catch (error) {
    if (!(error instanceof PriceError || error instanceof CellError)) throw error;
    faults.push({ line, reason: error.message });
    return undefined;
  }
}

function faultsByRow(error: z.ZodError, rows: Row[]): RowFault[] {
  const byLine = new Map<number, z.core.$ZodIssue[]>();
  for (const issue of error.issues) {
    const at = issue.path[0] === "variants" ? Number(issue.path[1]) : 0;
    const { line } = rows[at] ?? rows[0]!;
    byLine.set(line, [...(byLine.get(line) ?? []), issue]);
  }
  return [...byLine].map(([line, issues]) => ({ line, reason: faultsIn({ issues }) }));
}

function variantIn(rows: ReadRow[], row: ReadRow): WantedVariant {
  refuseContradiction(rows, row);
  const { cells, sku } = row;
  const prices = family(cells, "price").map(([currency, decimal]): Money => parsePrice(decimal, currency));
  const [stock, retired] = [cells.get("stock"), cells.get("retired")];
  if (stock !== undefined && !/^\d{1,7}$/.test(stock)) throw new CellError(`stock: ${stock} is no number of units`);
  if (retired !== undefined && !/^(yes|no)$/.test(retired)) {
    throw new CellError(`retired: write yes or no, not ${retired}`);
  }
  return {
    sku: sku!,
    options: Object.fromEntries(family(cells, "option")),
    ...(prices.length > 0 && { prices }),
    ...(stock !== undefined && { stock: Number(stock) }),
    ...(retired !== undefined && { retired: retired === "yes" }),
  };
}

const shared = ["title", "description", "category", "status", "images"];

/** What is told of the product as a whole, its rows must agree about. */
function refuseContradiction(rows: ReadRow[], { cells }: ReadRow): void {
  for (const name of [...shared, ...family(cells, "attribute").map(([member]) => `attribute:${member}`)]) {
    const first = rows.find((row) => row.cells.has(name));
    const [said, own] = [first?.cells.get(name), cells.get(name)];
    if (own === undefined || own === said) continue;
    throw new CellError(`${name}: line ${first?.line} of the same product says ${JSON.stringify(said)}`);
  }
}

function productOf(rows: ReadRow[], variants: WantedVariant[]): object {
  const cells: Cells = new Map(rows.toReversed().flatMap((row) => [...row.cells]));
  const { images, ...fields } = Object.fromEntries([...cells].filter(([name]) => shared.includes(name)));
  const attributes = family(cells, "attribute");
  const whole = {
    ...fields,
    ...(images && { images: images.split(/\s+/).map((url) => ({ url })) }),
    ...(attributes.length > 0 && { attributes: Object.fromEntries(attributes) }),
  };
  const [{ sku, options, prices, stock, retired }] = variants as [WantedVariant];
  const isOfOneKind = !cells.has("product") && Object.keys(options).length === 0 && retired === undefined;
  if (!isOfOneKind) return { sku: cells.get("product") ?? sku, ...whole, variants };
  return { sku, ...whole, ...(prices && { prices }), ...(stock !== undefined && { stock }) };
}

/** The cells of columns such as `price:EUR`, by what follows the colon. */
function family(cells: Cells, name: (typeof families)[number]): [string, string][] {
  return [...cells].flatMap(([column, value]): [string, string][] => {
    const [own, member] = splitOnce(column);
    return own === name && member !== undefined ? [[member, value]] : [];
  });
}
