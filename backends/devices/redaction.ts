/**
 * No secret leaves the process that holds them: a device may repeat in an answer what it was sent.
 * Whatever is said to the outside goes through here.
 */

/** Shorter ones stand in ordinary words; no credential should be so short. */
const SHORTEST = 4;
const HIDDEN = '(hidden)';

export class Redaction {
  readonly #secrets: readonly string[];

  /** @param pairs of user and password, which basic authentication encodes together */
  constructor(pairs: readonly { readonly user: string; readonly password: string }[]) {
    const secrets = pairs.flatMap(({ user, password }) => {
      const encoded = [`${user}:${password}`, password].map((text) =>
        Buffer.from(text).toString('base64').replaceAll('=', ''),
      );
      return [password, encodeURIComponent(password), ...encoded];
    });
    const long = new Set(secrets.filter((secret) => secret.length >= SHORTEST));
    // A longer one may hold a shorter one.
    this.#secrets = [...long].sort((a, b) => b.length - a.length);
  }

  text(said: string): string {
    let clean = said;
    for (const secret of this.#secrets) clean = clean.replaceAll(secret, HIDDEN);
    return clean;
  }

  /** Of a plain value, all texts in it, names of properties too. */
  value<Value>(value: Value): Value {
    if (typeof value === 'string') return this.text(value) as Value;
    if (Array.isArray(value)) return value.map((member) => this.value<unknown>(member)) as Value;
    if (typeof value !== 'object' || value === null) return value;
    const clean = Object.entries(value).map(([key, member]) => [
      this.text(key),
      this.value<unknown>(member),
    ]);
    return Object.fromEntries(clean) as Value;
  }
}
