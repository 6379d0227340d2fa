/** The maker of the rack's TPMs: an authority that gives each one a certificate. */
import { createHash, X509Certificate } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { OcxError } from '../../core/kernel/errors.ts';
import { runProgram } from '../processes/program.ts';

const SETUP_MS = 120_000;

export class TpmAuthority {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = join(folder, 'tpm-authority');
  }

  get issuer(): string {
    return join(this.folder, 'issuercert.pem');
  }

  get root(): string {
    return join(this.folder, 'swtpm-localca-rootca-cert.pem');
  }

  /** Its keys are made with the first TPM. */
  prepare(): void {
    mkdirSync(this.folder, { recursive: true, mode: 0o700 });
    const settings = {
      statedir: this.folder,
      signingkey: join(this.folder, 'signkey.pem'),
      issuercert: this.issuer,
      certserial: join(this.folder, 'certserial'),
    };
    const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}\n`);
    writeFileSync(join(this.folder, 'localca.conf'), lines.join(''));
    writeFileSync(join(this.folder, 'localca.options'), '');
    writeFileSync(
      join(this.folder, 'setup.conf'),
      'create_certs_tool=/usr/bin/swtpm_localca\n' +
        `create_certs_tool_config=${join(this.folder, 'localca.conf')}\n` +
        `create_certs_tool_options=${join(this.folder, 'localca.options')}\n`,
    );
  }

  /**
   * A new TPM in this folder: its keys, and the certificate in its memory.
   * @returns hex SHA-256 of its endorsement key, as the attestation service's registry has it
   */
  async makeTpm(state: string, nodeId: string): Promise<string> {
    mkdirSync(state, { recursive: true, mode: 0o700 });
    const place = ['--tpm2', '--tpm-state', state, '--vmid', nodeId];
    const how = ['--create-ek-cert', '--lock-nvram', '--pcr-banks', 'sha256'];
    const config = ['--config', join(this.folder, 'setup.conf'), '--write-ek-cert-files', state];
    await runProgram('swtpm_setup', [...place, ...how, ...config], { timeoutMs: SETUP_MS });
    const file = readdirSync(state).find((name) => /^ek-rsa.*\.crt$/.test(name));
    if (file === undefined) throw noCertificate(nodeId);
    const { publicKey } = new X509Certificate(readFileSync(join(state, file)));
    const der = publicKey.export({ format: 'der', type: 'spki' });
    return createHash('sha256').update(der).digest('hex');
  }
}

function noCertificate(nodeId: string): OcxError {
  return new OcxError({
    code: 'BACKEND_RACK_TPM',
    message: `the TPM of node ${nodeId} has got no certificate`,
    remedy: 'see whether swtpm-tools and gnutls-bin are installed',
  });
}
