/** The words of a shop for tea and what belongs to it. */

export interface Kind {
  /** How its SKUs begin. */
  code: string;
  category: string;
  /** As in the title. */
  noun: string;
  materials: string[];
  styles: string[];
  /** In euros. */
  price: [from: number, to: number];
  colours?: string[];
  sizes?: string[];
  /** What may be said of it; `{}` stands for its name. */
  sentences: string[];
}

const glazes = ["sand", "slate", "moss", "indigo", "oat", "rust", "celadon", "charcoal"];
const dyes = ["natural", "navy", "terracotta", "olive", "mustard", "graphite"];
const threeSizes = ["small", "medium", "large"];
const goods = [
  "tall",
  "low",
  "plain",
  "round",
  "everyday",
  "heavy",
  "light",
  "hand-finished",
  "old-style",
  "small-batch",
];
const teas = ["garden", "reserve", "everyday", "autumn", "mountain", "smoked", "early", "late", "estate", "house"];
const packets = ["50 g", "100 g", "250 g"];

export const kinds: Kind[] = [
  {
    code: "MUG",
    category: "mugs",
    noun: "mug",
    materials: ["stoneware", "porcelain", "enamel"],
    styles: goods,
    price: [9, 28],
    colours: glazes,
    sizes: threeSizes,
    sentences: ["{} with a handle that takes three fingers.", "Keeps a large tea warm for the length of a letter."],
  },
  {
    code: "CUP",
    category: "cups",
    noun: "tea cup",
    materials: ["porcelain", "glass", "stoneware"],
    styles: goods,
    price: [6, 19],
    colours: glazes,
    sentences: ["{} without a handle, thin at the rim.", "Holds two sips more than you expect."],
  },
  {
    code: "POT",
    category: "teapots",
    noun: "teapot",
    materials: ["cast-iron", "stoneware", "glass"],
    styles: goods,
    price: [34, 96],
    colours: ["black", "moss", "slate", "clear"],
    sizes: ["0.4 l", "0.8 l", "1.2 l"],
    sentences: ["{} that pours without a drop beside it.", "The strainer comes out for cleaning."],
  },
  {
    code: "KET",
    category: "kettles",
    noun: "kettle",
    materials: ["steel", "copper", "enamelled"],
    styles: goods,
    price: [39, 129],
    sizes: ["0.8 l", "1.2 l"],
    sentences: ["{} for gas, electric and induction hobs.", "The spout is narrow, for a slow hand."],
  },
  {
    code: "BWL",
    category: "bowls",
    noun: "bowl",
    materials: ["stoneware", "ash", "olive-wood"],
    styles: goods,
    price: [12, 58],
    colours: glazes,
    sizes: threeSizes,
    sentences: ["{} for soup, fruit, or keys by the door.", "No two of them are quite the same."],
  },
  {
    code: "TRY",
    category: "trays",
    noun: "tray",
    materials: ["oak", "birch", "bamboo"],
    styles: goods,
    price: [24, 72],
    sizes: ["narrow", "wide"],
    sentences: ["{} with a rim that is high enough for stairs.", "Oiled, not lacquered."],
  },
  {
    code: "LIN",
    category: "kitchen-linen",
    noun: "tea towel",
    materials: ["linen", "cotton", "half-linen"],
    styles: goods,
    price: [8, 24],
    colours: dyes,
    sentences: ["{}, washed before it leaves the mill.", "Dries glasses without leaving anything of itself."],
  },
  {
    code: "TEA",
    category: "black-tea",
    noun: "black tea",
    materials: ["Assam", "Darjeeling", "Ceylon", "Keemun"],
    styles: teas,
    price: [7, 22],
    sizes: packets,
    sentences: ["{}, whole leaf; three minutes at a rolling boil.", "Malty, with a little honey at the end."],
  },
  {
    code: "GRN",
    category: "green-tea",
    noun: "green tea",
    materials: ["Sencha", "Gyokuro", "Longjing", "Hojicha"],
    styles: teas,
    price: [9, 38],
    sizes: packets,
    sentences: ["{}; two minutes at 75 degrees.", "Fresh grass, and the sea from far away."],
  },
  {
    code: "HRB",
    category: "herbal-tea",
    noun: "infusion",
    materials: ["camomile", "rooibos", "mint", "verbena"],
    styles: teas,
    price: [5, 14],
    sizes: packets,
    sentences: ["{} without caffeine, for late evenings.", "Grown without sprays, and cut by hand."],
  },
  {
    code: "FLT",
    category: "tea-making",
    noun: "strainer",
    materials: ["steel", "brass", "bamboo"],
    styles: goods,
    price: [6, 21],
    sentences: ["{}, fine enough for rooibos.", "Fits cups from 6 to 9 cm."],
  },
  {
    code: "TIN",
    category: "storage",
    noun: "tea caddy",
    materials: ["tin", "cherry-bark", "copper"],
    styles: goods,
    price: [11, 64],
    colours: dyes,
    sizes: ["100 g", "250 g"],
    sentences: ["{} with an inner lid that sinks on its own air.", "Keeps light and neighbours' spices out."],
  },
];

/** Names of series, none of which means anything. */
export const series = [
  ...["Alder", "Brook", "Cinder", "Dune", "Ember", "Fjord", "Grove", "Harbour", "Isle", "Juniper", "Kiln", "Linden"],
  ...["Moor", "Nave", "Orchard", "Pebble", "Quarry", "Rowan", "Shore", "Tarn", "Umber", "Vale", "Willow", "Yarrow"],
];

export const origins = ["Portugal", "Denmark", "Japan", "Scotland", "Poland", "Estonia", "Italy", "Morocco"];
