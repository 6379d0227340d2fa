/**
 * TPMs of software (swtpm) with endorsement certificates of a small authority of their own, driven
 * by tpm2-tools: for the vectors and for the live test.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { HashName } from '../../../backends/tpm/algorithms.ts';
import { profileEvents } from './made-log.ts';
import type { MadeEvent } from './made-log.ts';

const NEEDED = ['swtpm', 'swtpm_setup', 'swtpm_localca', 'certtool', 'tpm2_quote'];

/** What is missing on this machine, or an empty list. */
export function missingTools(): string[] {
  return NEEDED.filter((tool) => spawnSync('which', [tool]).status !== 0);
}

export const BANKS: readonly HashName[] = ['sha256', 'sha384'];
export const QUOTED = '0,1,2,3,4,5,7,9,11';

/** An authority for endorsement certificates; its files are made with the first TPM. */
export class Authority {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
    mkdirSync(folder, { recursive: true });
    const settings = {
      statedir: folder,
      signingkey: join(folder, 'signkey.pem'),
      issuercert: join(folder, 'issuercert.pem'),
      certserial: join(folder, 'certserial'),
    };
    const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}\n`);
    writeFileSync(join(folder, 'localca.conf'), lines.join(''));
    writeFileSync(join(folder, 'localca.options'), '');
    writeFileSync(
      join(folder, 'setup.conf'),
      'create_certs_tool=/usr/bin/swtpm_localca\n' +
        `create_certs_tool_config=${folder}/localca.conf\n` +
        `create_certs_tool_options=${folder}/localca.options\n`,
    );
  }

  get root(): string {
    return readFileSync(join(this.folder, 'swtpm-localca-rootca-cert.pem'), 'utf8');
  }

  get issuer(): string {
    return readFileSync(join(this.folder, 'issuercert.pem'), 'utf8');
  }
}

/** One TPM; its state outlives the power. */
export class SoftTpm {
  readonly folder: string;
  #process: ChildProcess | null = null;

  constructor(folder: string, authority: Authority, ecc = false) {
    this.folder = folder;
    mkdirSync(join(folder, 'state'), { recursive: true });
    const place = ['--tpm-state', join(folder, 'state'), '--vmid', 'node'];
    const how = ['--create-ek-cert', '--lock-nvram', '--pcr-banks', BANKS.join(',')];
    const config = ['--config', join(authority.folder, 'setup.conf')];
    const kind = ecc ? ['--ecc'] : [];
    execFileSync('swtpm_setup', ['--tpm2', ...place, ...how, ...config, ...kind], {
      stdio: 'pipe',
    });
  }

  /** @param start `startup-state`: from sleep, after TPM2_Shutdown with its state kept */
  async powerOn(start: 'startup-clear' | 'startup-state' = 'startup-clear'): Promise<void> {
    const socket = join(this.folder, 'tpm');
    const state = `dir=${join(this.folder, 'state')}`;
    const places = ['--ctrl', `type=unixio,path=${socket}.ctrl`];
    places.push('--server', `type=unixio,path=${socket}`);
    const flags = ['--flags', `not-need-init,${start}`];
    this.#process = spawn('swtpm', ['socket', '--tpm2', '--tpmstate', state, ...places, ...flags], {
      stdio: 'ignore',
    });
    for (let tries = 0; tries < 200 && !existsSync(`${socket}.ctrl`); tries += 1) await sleep(10);
    await sleep(20);
  }

  /** By the switch: the TPM is not told. */
  async powerOff(): Promise<void> {
    const process = this.#process;
    if (process === null || process.exitCode !== null) return;
    const gone = new Promise((done) => process.once('exit', done));
    process.kill('SIGKILL');
    await gone;
    this.#process = null;
    execFileSync('rm', ['-f', join(this.folder, 'tpm'), join(this.folder, 'tpm.ctrl')]);
  }

  /** Runs a tool; its exit status and what it printed. */
  try(tool: string, ...options: string[]): { readonly status: number; readonly text: string } {
    const environment = {
      PATH: process.env['PATH'],
      TPM2TOOLS_TCTI: `swtpm:path=${this.folder}/tpm`,
    };
    const { status, stdout, stderr } = spawnSync(tool, options, {
      cwd: this.folder,
      env: environment,
      encoding: 'utf8',
      timeout: 20_000,
    });
    return { status: status ?? -1, text: stdout + stderr };
  }

  run(tool: string, ...options: string[]): string {
    const { status, text } = this.try(tool, ...options);
    if (status !== 0) throw new Error(`${tool} ${options.join(' ')}: ${status} ${text}`);
    return text;
  }

  read(name: string): Buffer {
    return readFileSync(join(this.folder, name));
  }

  write(name: string, bytes: Uint8Array | string): void {
    writeFileSync(join(this.folder, name), bytes);
  }

  /** The endorsement key, its certificate, and a fresh attestation key of that kind. */
  makeKeys(kind: KeyKind): void {
    const { endorsement, attestation, hash, scheme } = kind;
    this.run('tpm2_createek', '-c', 'ek.ctx', '-G', endorsement, '-u', 'ek.pub');
    this.run('tpm2_flushcontext', '-t');
    const place = CERTIFICATE_PLACES[endorsement];
    if (place) this.run('tpm2_nvread', place, '-o', 'ek.der');
    const options = ['-G', attestation, '-g', hash, '-s', scheme];
    const files = ['-c', 'ak.ctx', '-u', 'ak.tpm', '-f', 'tss', '-n', 'ak.name'];
    this.run('tpm2_createak', '-C', 'ek.ctx', ...options, ...files);
    this.run('tpm2_flushcontext', '-t');
    this.run('tpm2_readpublic', '-c', 'ak.ctx', '-f', 'pem', '-o', 'ak.pem');
    this.run('tpm2_flushcontext', '-t');
  }

  /**
   * An attestation key that dictionary attacks do not concern (noDA): its authorisation is empty,
   * so there is nothing to guess.
   */
  makeExemptKeys(): void {
    this.run('tpm2_createek', '-c', 'ek.ctx', '-G', 'rsa', '-u', 'ek.pub');
    this.run('tpm2_flushcontext', '-t');
    this.run('tpm2_nvread', CERTIFICATE_PLACES['rsa']!, '-o', 'ek.der');
    const attributes = `${FIXED_SIGNING}|noda`;
    const parts = ['-u', 'ak.tpm', '-r', 'ak.private'];
    const kind = ['-G', 'ecc:ecdsa-sha256:null', '-a', attributes];
    this.#inPolicySession((session) => {
      this.run('tpm2_create', '-C', 'ek.ctx', '-P', session, ...kind, ...parts);
    });
    this.#inPolicySession((session) => {
      this.run('tpm2_load', '-C', 'ek.ctx', '-P', session, ...parts, '-c', 'ak.ctx');
    });
  }

  /** A signing key outside the endorsement hierarchy: its quotes veil the TPM's counters. */
  makeVeiledKey(): void {
    const kind = ['-G', 'ecc:ecdsa-sha256:null', '-a', FIXED_SIGNING];
    this.run('tpm2_createprimary', '-C', 'o', ...kind, '-c', 'ak.ctx');
    this.run('tpm2_readpublic', '-c', 'ak.ctx', '-f', 'tss', '-o', 'ak.tpm');
    this.run('tpm2_flushcontext', '-t');
  }

  #inPolicySession(use: (session: string) => void): void {
    this.run('tpm2_startauthsession', '--policy-session', '-S', 'session.ctx');
    this.run('tpm2_policysecret', '-S', 'session.ctx', '-c', 'e');
    use('session:session.ctx');
    this.run('tpm2_flushcontext', 'session.ctx');
    this.run('tpm2_flushcontext', '-t');
  }

  /** Activates `credential` in the TPM: the secret, or what it answered. */
  activate(credential: Uint8Array): { readonly secret: Buffer | null; readonly code: number } {
    this.write('credential', credential);
    this.run('tpm2_startauthsession', '--policy-session', '-S', 'session.ctx');
    this.run('tpm2_policysecret', '-S', 'session.ctx', '-c', 'e');
    const keys = ['-c', 'ak.ctx', '-C', 'ek.ctx', '-P', 'session:session.ctx'];
    const files = ['-i', 'credential', '-o', 'secret'];
    const { status, text } = this.try('tpm2_activatecredential', ...keys, ...files);
    this.try('tpm2_flushcontext', 'session.ctx');
    this.try('tpm2_flushcontext', '-t');
    if (status !== 0) return { secret: null, code: responseCode(text) };
    return { secret: this.read('secret'), code: 0 };
  }

  /** Measures as firmware does: each event's digest into its PCR, of both banks. */
  measure(events: readonly MadeEvent[] = profileEvents()): void {
    const extensions = events
      .filter(({ type }) => type !== 3)
      .map(({ pcr, digests }) => `${pcr}:sha256=${digests.sha256},sha384=${digests.sha384}`);
    this.run('tpm2_pcrextend', ...extensions);
  }

  quote(nonce: string, bank: HashName, hash: HashName, pcrs = QUOTED, scheme: string[] = []): void {
    const what = ['-c', 'ak.ctx', '-l', `${bank}:${pcrs}`, '-q', nonce, '-g', hash, ...scheme];
    const files = ['-m', 'q.msg', '-s', 'q.sig', '-o', 'q.pcrs'];
    this.run('tpm2_quote', ...what, ...files);
    this.run('tpm2_flushcontext', '-t');
  }

  /** PCR index → hex. */
  pcrValues(bank: HashName, pcrs = QUOTED): Record<string, string> {
    const text = this.run('tpm2_pcrread', `${bank}:${pcrs}`);
    const lines = text.matchAll(/^\s+(\d+)\s*: 0x([0-9A-F]+)/gm);
    return Object.fromEntries([...lines].map((line) => [line[1]!, line[2]!.toLowerCase()]));
  }
}

/** The TPM's answer, out of what a tool says about it. */
export function responseCode(text: string): number {
  return Number(
    /Esys_\w+\((0x[0-9A-Fa-f]+)\)|ErrorCode \((0x[0-9a-f]+)\)/.exec(text)?.slice(1).find(Boolean),
  );
}

/** Which keys a TPM is asked for. */
export interface KeyKind {
  readonly endorsement: 'rsa' | 'ecc';
  readonly attestation: string;
  readonly hash: HashName;
  readonly scheme: 'ecdsa' | 'rsassa' | 'rsapss';
}

const FIXED_SIGNING = 'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|restricted|sign';

const CERTIFICATE_PLACES: Readonly<Record<string, string>> = { rsa: '0x1c00002' };
