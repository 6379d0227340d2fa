/** JSON values that follow one another on a stream without anything in between (RFC 7047, 4.1). */

/** An answer of ours is some kilobytes; more than this is no database's answer. */
const LONGEST = 1_048_576;
const DEEPEST = 32;

export class JsonStream {
  #text = '';
  #position = 0;
  #depth = 0;
  #isString = false;

  /** What has become complete. Null: it is not what a database says; nothing more can be read. */
  take(chunk: string): unknown[] | null {
    this.#text += chunk;
    const values: unknown[] = [];
    for (let end = this.#nextEnd(); end > 0; end = this.#nextEnd()) {
      try {
        values.push(JSON.parse(this.#text.slice(0, end)));
      } catch {
        return null;
      }
      this.#text = this.#text.slice(end);
      this.#position = 0;
    }
    return this.#depth > DEEPEST || this.#text.length > LONGEST ? null : values;
  }

  /** Where the first value ends; 0 where it has not. */
  #nextEnd(): number {
    while (this.#position < this.#text.length && this.#depth <= DEEPEST) {
      const character = this.#text[this.#position++];
      if (this.#isString) {
        if (character === '\\') this.#position += 1;
        else if (character === '"') this.#isString = false;
      } else if (character === '"') this.#isString = true;
      else if (character === '{' || character === '[') this.#depth += 1;
      else if (character === '}' || character === ']') {
        this.#depth -= 1;
        if (this.#depth <= 0) {
          this.#depth = 0;
          return this.#position;
        }
      }
    }
    return 0;
  }
}
