/**
 * A dialogue with a command line: one line is said, and what is printed up to the next prompt is the
 * answer. Pages are turned, colours and cursor movements dropped, and what is heard is bounded.
 */
import { stripVTControlCharacters } from 'node:util';
import type { Channel } from './channel.ts';

const LONGEST_ANSWER = 1_048_576;
const PAGE = /(?:^|\n)[^\n]*--\s?\(?more\)?[^\n]*$/i;

/** The terminal is gone, or there was no prompt in time. */
export class DialogueLost extends Error {}

export class Dialogue {
  readonly #channel: Channel;
  #heard = '';
  #end: string | null = null;
  /** Called whenever there is more, or an end. */
  #wake: () => void = () => {};
  /** What every prompt of this switch begins with; null until the first. */
  #name: string | null = null;

  constructor(channel: Channel) {
    this.#channel = channel;
    channel.onText((text) => {
      this.#heard += text;
      if (this.#heard.length > LONGEST_ANSWER) this.close('the switch does not stop talking');
      this.#wake();
    });
    channel.onEnd((reason) => this.close(reason));
  }

  get isOpen(): boolean {
    return this.#end === null;
  }

  close(reason = 'closed'): void {
    if (this.#end === null) {
      this.#end = reason;
      this.#channel.close();
    }
    this.#wake();
  }

  /**
   * Waits for the first prompt.
   *
   * @param prompt matches a last line that is one; its first group is what all prompts begin with
   * @returns the prompt's last character, `>` or `#`
   * @throws DialogueLost
   */
  async greet(prompt: RegExp, signal: AbortSignal): Promise<string> {
    const text = await this.#hear((last) => prompt.test(last), signal);
    const last = lastLine(text);
    this.#name = prompt.exec(last)![1]!;
    return last.trimEnd().at(-1)!;
  }

  /**
   * What is printed after a line, without its echo and without the prompt.
   *
   * @param secret is said once the switch asks for a password; null: it is not expected to
   * @throws DialogueLost
   */
  async say(line: string, signal: AbortSignal, secret: string | null = null): Promise<string> {
    if (this.#end !== null) throw new DialogueLost(this.#end);
    this.#heard = '';
    this.#channel.write(`${line}\n`);
    if (secret !== null) {
      await this.#hear((last) => /password:\s*$/i.test(last) || this.#isPrompt(last), signal);
      if (/password:\s*$/i.test(this.#heard)) {
        this.#heard = '';
        this.#channel.write(`${secret}\n`);
      }
    }
    const text = await this.#hear((last) => this.#isPrompt(last), signal);
    const lines = text.split('\n').slice(0, -1);
    const isEcho = lines[0]?.trimEnd().endsWith(line) ?? false;
    return lines.slice(isEcho ? 1 : 0).join('\n');
  }

  /** The last character of the prompt that stands there now. */
  get mark(): string {
    return lastLine(clean(this.#heard)).trimEnd().at(-1) ?? '';
  }

  #isPrompt(last: string): boolean {
    if (this.#name === null || !last.startsWith(this.#name)) return false;
    return /^(?:\([\w./ -]*\))?[>#] ?$/.test(last.slice(this.#name.length));
  }

  async #hear(isOver: (lastLine: string) => boolean, signal: AbortSignal): Promise<string> {
    for (;;) {
      if (this.#end !== null) throw new DialogueLost(this.#end);
      const text = clean(this.#heard);
      if (signal.aborted) {
        // What comes later would be taken for the answer to something else.
        this.close('no prompt in time');
        throw new DialogueLost('no prompt in time');
      }
      if (isOver(lastLine(text))) return text;
      if (PAGE.test(text)) {
        this.#heard = text.replace(PAGE, '\n');
        this.#channel.write(' ');
      }
      const { promise, resolve } = Promise.withResolvers<void>();
      const wake = () => resolve();
      this.#wake = wake;
      signal.addEventListener('abort', wake, { once: true });
      await promise;
      signal.removeEventListener('abort', wake);
    }
  }
}

/** As it would stand on a screen: a page mark is wiped out by going back over it. */
function clean(text: string): string {
  const lines = stripVTControlCharacters(text).replaceAll('\r\n', '\n').split('\n');
  return lines
    .map((line) => line.slice(line.lastIndexOf('\r', line.length - 2) + 1))
    .join('\n')
    .replaceAll(/[^\n\u0008]\u0008/g, '')
    .replaceAll(/[\u0000-\u0008\r]/g, '');
}

function lastLine(text: string): string {
  return text.slice(text.lastIndexOf('\n') + 1);
}
