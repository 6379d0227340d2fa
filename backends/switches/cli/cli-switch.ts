/**
 * A switch by its command line. Never run on hardware: what makers write about their switches is
 * what this was built from and what it is tested against.
 *
 * The switch keeps no number for us: what a leader that was stopped between two lines still says is
 * only found by reading back.
 */
import type { Outcome } from '../../../core/kernel/service.ts';
import { doubtful, nothing } from '../../devices/failure.ts';
import type { Failure } from '../../devices/failure.ts';
import type { SwitchDialect } from '../dialect.ts';
import type { PortReading, PortVlans } from '../port-vlans.ts';
import type { Dial } from './channel.ts';
import { Dialogue, DialogueLost } from './dialogue.ts';
import type { CliGrammar } from './grammar.ts';

interface Look {
  readonly reading: PortReading;
  readonly answers: readonly string[];
}

/** A line that the switch did not take, or to which it said nothing. */
class Unsaid extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.error.message);
    this.failure = failure;
  }
}

export class CliSwitch implements SwitchDialect {
  readonly portName: RegExp;
  readonly #dial: Dial;
  readonly #grammar: CliGrammar;
  readonly #enableSecret: string | null;
  #dialogue: Dialogue | null = null;

  /** @param enableSecret null: the account needs none */
  constructor(grammar: CliGrammar, dial: Dial, enableSecret: string | null = null) {
    this.portName = grammar.portName;
    this.#grammar = grammar;
    this.#dial = dial;
    this.#enableSecret = enableSecret;
  }

  claim(): void {}

  async close(): Promise<void> {
    this.#dialogue?.close();
  }

  async read(portId: string, signal: AbortSignal): Promise<Outcome<PortReading>> {
    try {
      const dialogue = await this.#ready(signal);
      const { reading } = await this.#look(dialogue, portId, signal);
      return { status: 'ok', value: reading };
    } catch (error) {
      return this.#failed(error);
    }
  }

  async send(portId: string, vlans: PortVlans, signal: AbortSignal): Promise<Outcome> {
    // False as long as nothing of it can be there.
    let isBegun = false;
    try {
      const dialogue = await this.#ready(signal);
      const { reading, answers } = await this.#look(dialogue, portId, signal);
      const change = this.#grammar.change(portId, vlans, reading, answers);
      try {
        for (const line of change.begin) await this.#tell(dialogue, line, signal);
        for (const line of change.lines) {
          isBegun ||= !this.#grammar.isAtomic;
          await this.#tell(dialogue, line, signal);
        }
        for (const line of change.commit) {
          try {
            await this.#tell(dialogue, line, signal);
          } catch (error) {
            // A commit that was turned down has left everything as it was.
            isBegun ||= !(this.#grammar.isAtomic && error instanceof Unsaid);
            throw error;
          }
          isBegun = true;
        }
      } finally {
        for (const line of change.leave) {
          if (dialogue.isOpen) await dialogue.say(line, signal).catch(() => '');
        }
      }
      return { status: 'ok', value: undefined };
    } catch (error) {
      const failure = this.#failed(error);
      return isBegun ? doubtful(failure.error.code, failure.error.message) : failure;
    }
  }

  #failed(error: unknown): Failure {
    if (error instanceof Unsaid) return error.failure;
    if (error instanceof DialogueLost) return nothing('DEVICE_UNREACHABLE', error.message);
    throw error;
  }

  async #look(dialogue: Dialogue, portId: string, signal: AbortSignal): Promise<Look> {
    const answers: string[] = [];
    for (const line of this.#grammar.reading(portId)) {
      answers.push(await this.#tell(dialogue, line, signal));
    }
    const reading = this.#grammar.parse(answers, portId);
    if (reading) return { reading, answers };
    throw new Unsaid(nothing('DEVICE_GARBAGE', `the switch does not show port ${portId}`));
  }

  async #tell(dialogue: Dialogue, line: string, signal: AbortSignal): Promise<string> {
    const answer = await dialogue.say(line, signal);
    const complaint = this.#grammar.complaint(answer);
    if (complaint === null) return answer;
    const code = this.#grammar.locked.test(answer)
      ? 'DEVICE_CONFLICT'
      : this.#grammar.denied.test(answer)
        ? 'DEVICE_DENIED'
        : 'DEVICE_REFUSED';
    throw new Unsaid(nothing(code, `${line}: ${complaint}`));
  }

  async #ready(signal: AbortSignal): Promise<Dialogue> {
    if (this.#dialogue?.isOpen) return this.#dialogue;
    const channel = await this.#dial(signal).catch((error: Error) => {
      throw new Unsaid(nothing('DEVICE_UNREACHABLE', error.message));
    });
    const dialogue = new Dialogue(channel);
    try {
      const mark = await dialogue.greet(this.#grammar.prompt, signal);
      if (mark === '>' && this.#enableSecret !== null) {
        await dialogue.say('enable', signal, this.#enableSecret);
        if (dialogue.mark !== '#') {
          throw new Unsaid(nothing('DEVICE_DENIED', 'the switch does not take the enable secret'));
        }
      }
      for (const line of this.#grammar.opening) await this.#tell(dialogue, line, signal);
    } catch (error) {
      dialogue.close();
      throw error;
    }
    this.#dialogue = dialogue;
    return dialogue;
  }
}
