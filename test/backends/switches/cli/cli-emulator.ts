/**
 * A command line in memory, for the dialogues of `vendors.ts`: it echoes, pages, asks for a secret,
 * prints in pieces, and breaks where it is told to.
 */
import type { Channel, Dial } from '../../../../backends/switches/cli/channel.ts';

/** One terminal, from the switch's side. */
export interface Session {
  /** Where in the configuration it is; empty: nowhere. */
  place: string;
  isPaging: boolean;
  isEnabled: boolean;
}

export interface Vendor {
  prompt(session: Session): string;
  /** What is printed after a line. */
  obey(line: string, session: Session): string;
  /** The session has gone. */
  leave(session: Session): void;
}

export interface Misbehaviour {
  /** The terminal breaks once such a line was obeyed, and nothing of the answer is heard. */
  breaksAfter: RegExp | null;
  /** It breaks before such a line is obeyed. */
  breaksBefore: RegExp | null;
  /** Such a line is never answered. */
  hangsAt: RegExp | null;
  /** Such a line is answered so, instead of being obeyed. */
  refuses: { line: RegExp; answer: string } | null;
  /** Printed before the first prompt. */
  banner: string;
  /** Null: the terminal begins enabled. */
  enableSecret: string | null;
  /** How often each of them strikes. */
  times: number;
}

const PAGE_LINES = 4;
const PAGE_MARK = '--More--';

export class CliEmulator {
  readonly vendor: Vendor;
  readonly log: string[] = [];
  readonly misbehaviour: Misbehaviour = {
    breaksAfter: null,
    breaksBefore: null,
    hangsAt: null,
    refuses: null,
    banner: '',
    enableSecret: null,
    times: 1,
  };
  readonly #terminals = new Set<Terminal>();

  constructor(vendor: Vendor) {
    this.vendor = vendor;
  }

  readonly dial: Dial = async () => {
    const terminal = new Terminal(this, () => this.#terminals.delete(terminal));
    this.#terminals.add(terminal);
    return terminal;
  };

  breakAll(): void {
    for (const terminal of this.#terminals) terminal.break();
  }
}

class Terminal implements Channel {
  readonly #emulator: CliEmulator;
  readonly #gone: () => void;
  readonly #session: Session;
  #take: (text: string) => void = () => {};
  #end: (reason: string) => void = () => {};
  #isOpen = true;
  #pages: string[] = [];
  #isAskingSecret = false;

  constructor(emulator: CliEmulator, gone: () => void) {
    this.#emulator = emulator;
    this.#gone = gone;
    const isEnabled = emulator.misbehaviour.enableSecret === null;
    this.#session = { place: '', isPaging: true, isEnabled };
    this.#print(`${emulator.misbehaviour.banner}${this.#prompt}`);
  }

  get #prompt(): string {
    return this.#emulator.vendor.prompt(this.#session);
  }

  onText(take: (text: string) => void): void {
    this.#take = take;
  }

  onEnd(end: (reason: string) => void): void {
    this.#end = end;
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#emulator.vendor.leave(this.#session);
    this.#gone();
  }

  break(): void {
    this.close();
    this.#end('the connection was reset');
  }

  write(text: string): void {
    if (!this.#isOpen) return;
    if (this.#pages.length > 0) {
      if (text === ' ') this.#turnPage();
      return;
    }
    if (this.#isAskingSecret) {
      this.#isAskingSecret = false;
      this.#session.isEnabled = text === `${this.#emulator.misbehaviour.enableSecret}\n`;
      this.#print(`\r\n${this.#session.isEnabled ? '' : '% Bad secrets\r\n'}${this.#prompt}`);
      return;
    }
    this.#obey(text.replace(/\n$/, ''));
  }

  #obey(line: string): void {
    const { misbehaviour, vendor, log } = this.#emulator;
    log.push(line);
    const strikes = (pattern: RegExp | null | undefined) => {
      if (misbehaviour.times <= 0 || !pattern?.test(line)) return false;
      misbehaviour.times -= 1;
      return true;
    };
    if (strikes(misbehaviour.breaksBefore)) return this.break();
    if (line === 'enable') {
      this.#isAskingSecret = true;
      return this.#print(`${line}\r\nPassword: `);
    }
    const refuses = strikes(misbehaviour.refuses?.line);
    const answer = refuses ? misbehaviour.refuses!.answer : vendor.obey(line, this.#session);
    if (strikes(misbehaviour.breaksAfter)) return this.break();
    if (strikes(misbehaviour.hangsAt)) return undefined;
    const lines = answer === '' ? [] : answer.replace(/\n$/, '').split('\n');
    this.#print(`${line}\r\n`);
    this.#pages = [];
    for (let i = 0; i < lines.length; i += PAGE_LINES) {
      this.#pages.push(
        lines
          .slice(i, i + PAGE_LINES)
          .map((one) => `${one}\r\n`)
          .join(''),
      );
    }
    if (!this.#session.isPaging) this.#pages = [this.#pages.join('')];
    if (this.#pages.length === 0) this.#pages = [''];
    this.#turnPage(true);
  }

  #turnPage(isFirst = false): void {
    const wiped = isFirst ? '' : `\r${' '.repeat(PAGE_MARK.length)}\r`;
    const page = this.#pages.shift()!;
    this.#print(`${wiped}${page}${this.#pages.length > 0 ? PAGE_MARK : this.#prompt}`);
  }

  /** In two pieces, cut anywhere. */
  #print(text: string): void {
    const cut = Math.floor(text.length / 2);
    setImmediate(() => this.#isOpen && this.#take(`\u001b[0m${text.slice(0, cut)}`));
    setImmediate(() => this.#isOpen && this.#take(text.slice(cut)));
  }
}
