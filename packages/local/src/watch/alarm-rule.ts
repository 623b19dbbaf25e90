/** The rules of composite alarms: `ALARM("one") AND NOT (OK("other") OR INSUFFICIENT_DATA("third"))`. */
import type { AlarmState } from "./alarm-state.ts";

export class AlarmRuleError extends Error {
  override readonly name = "AlarmRuleError";
}

export interface AlarmRule {
  /** As the rule names them: by name or ARN. */
  names: string[];
  holds(stateOf: (name: string) => AlarmState): boolean;
}

/** Throws an AlarmRuleError that names the place of whatever the language doesn't have. */
export function parseAlarmRule(text: string): AlarmRule {
  const reader = new Reader(text);
  const holds = disjunction(reader);
  reader.end();
  return { names: [...reader.names], holds };
}

type Holds = AlarmRule["holds"];

const states = new Set<string>(["ALARM", "OK", "INSUFFICIENT_DATA"] satisfies AlarmState[]);

/** OR binds less than AND, and AND less than NOT. */
function disjunction(reader: Reader): Holds {
  const parts = [conjunction(reader)];
  while (reader.takes("OR")) parts.push(conjunction(reader));
  return (stateOf) => parts.some((holds) => holds(stateOf));
}

function conjunction(reader: Reader): Holds {
  const parts = [negation(reader)];
  while (reader.takes("AND")) parts.push(negation(reader));
  return (stateOf) => parts.every((holds) => holds(stateOf));
}

function negation(reader: Reader): Holds {
  if (!reader.takes("NOT")) return term(reader);
  const holds = negation(reader);
  return (stateOf) => !holds(stateOf);
}

function term(reader: Reader): Holds {
  if (reader.takes("(")) {
    const holds = disjunction(reader);
    reader.demand(")");
    return holds;
  }
  if (reader.takes("TRUE")) return () => true;
  if (reader.takes("FALSE")) return () => false;
  const state = reader.state();
  reader.demand("(");
  const name = reader.name();
  reader.demand(")");
  return (stateOf) => stateOf(name) === state;
}

class Reader {
  readonly names = new Set<string>();
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  takes(word: string): boolean {
    if (this.#peek() !== word) return false;
    this.#at += word.length;
    return true;
  }

  demand(word: string): void {
    if (!this.takes(word)) throw this.#expected(`"${word}"`);
  }

  state(): string {
    const word = this.#peek();
    if (!states.has(word)) throw this.#expected("ALARM, OK, INSUFFICIENT_DATA, TRUE, FALSE, NOT or a parenthesis");
    this.#at += word.length;
    return word;
  }

  /** In quotes, or up to the parenthesis. */
  name(): string {
    this.#peek();
    const [whole, quoted, bare] = /^(?:"((?:[^"\\]|\\.)+)"|([^\s"()]+))/.exec(this.#text.slice(this.#at)) ?? [];
    if (whole === undefined) throw this.#expected("the name of an alarm");
    this.#at += whole.length;
    const name = quoted?.replaceAll(/\\(.)/g, "$1") ?? bare!;
    this.names.add(name);
    return name;
  }

  end(): void {
    if (this.#peek() !== "") throw this.#expected("AND, OR or the end");
  }

  /** The next word or sign; blanks before it are behind us then. */
  #peek(): string {
    this.#at += /^\s*/.exec(this.#text.slice(this.#at))![0].length;
    return /^(?:\w+|.?)/s.exec(this.#text.slice(this.#at))![0];
  }

  #expected(what: string): AlarmRuleError {
    const found = this.#text.slice(this.#at, this.#at + 20) || "nothing";
    return new AlarmRuleError(
      `Character ${this.#at + 1} of the rule ${this.#text}: ${what} belongs here, not ${found}.`,
    );
  }
}
