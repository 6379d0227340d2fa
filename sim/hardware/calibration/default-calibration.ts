/**
 * The shipped calibration. Every number names its source:
 *
 * - "HotCloud '18 Fig. 2/3": "A Secure Cloud with Minimal Provider Trust", the phases and means
 *   read off the vector figures.
 * - "prospectus": Figure 3-3 and its text, which give rounded totals only.
 * - "derived": follows from published numbers by the arithmetic that is stated.
 * - "default, editable": remembered or assumed, nothing published; change it where you know better.
 */
import type { HardwareProfile } from './calibration.ts';

const FIGURE_2 = "HotCloud '18 Fig. 2 (Dell R630, one node)";
const FIGURE_3 = "HotCloud '18 Fig. 3 (Dell M620, UEFI, mean of 5 runs)";
const EDITABLE = 'default, editable';
const R630_SHARE = "derived: R630's phase, scaled so that the phases add up to Fig. 3 at 1 node";

const management: HardwareProfile['management'] = {
  powerOn: { seconds: 1, source: `${EDITABLE}: the controller's answer, inside the self-test` },
  powerOff: { seconds: 5, source: EDITABLE },
  bootDevice: { seconds: 1, source: EDITABLE },
  tokenRotation: {
    seconds: 0.5,
    source: 'derived from the prospectus: freeing is 5 × an operation of 0.1 s, for the console',
  },
  readBack: { seconds: 2, source: EDITABLE },
  diskErase: { seconds: 10, source: `${EDITABLE}: cryptographic erase` },
};

const storage: HardwareProfile['storage'] = {
  clone: { seconds: 0, source: `${EDITABLE}: copy-on-write, inside the published boot phases` },
  expose: { seconds: 0, source: `${EDITABLE}: inside the published boot phases` },
  hide: { seconds: 1, source: EDITABLE },
  destroy: { seconds: 2, source: EDITABLE },
};

const repeatedQuote = {
  seconds: 0.73,
  source: "Keylime, ACSAC '16: 725 ms for a quote of a TPM chip + 4.64 ms to check it",
};
const keyRevocation = {
  seconds: 2,
  source: `${EDITABLE}: a node is banned about 3 s after a violation, 1 s of it is detection`,
};
const encryptedStorage = {
  seconds: 103,
  source: 'derived: about 7 min for UEFI at level full (prospectus) − 317 s (Fig. 2)',
};
const diskful: HardwareProfile['diskful'] = {
  installation: {
    seconds: 300,
    source: 'second-hand: Foreman takes 11 min, of which 5 install; a hypothesis',
  },
  localBoot: { seconds: 60, source: `${EDITABLE}: completes Foreman's 11 min; a hypothesis` },
  firmwareReflash: { seconds: 0, source: `${EDITABLE}: 300–1,800 where a site writes firmware` },
};
const variation = {
  coefficient: 0.022,
  source: 'derived: error bar of ±8.6 s on 395.8 s, Fig. 3 at 1 node, taken as one deviation',
};

/** Dell R630, one node at a time: exact phases. */
const r630: HardwareProfile = {
  powerOnSelfTest: {
    uefi: { seconds: 150, source: FIGURE_2 },
    linuxboot: { seconds: 54, source: FIGURE_2 },
  },
  networkBoot: { seconds: 3, source: FIGURE_2 },
  chainboot: { seconds: 75, source: FIGURE_2 },
  measuredFirmwareDownload: { seconds: 12, source: FIGURE_2 },
  measuredFirmwareBoot: { seconds: 7, source: FIGURE_2 },
  attestationClientDownload: { seconds: 25, source: FIGURE_2 },
  attestation: { seconds: 35, source: FIGURE_2 },
  repeatedQuote,
  networkChange: {
    seconds: 12.5,
    source: `derived: half of "move to enclave" 25 s, two network changes, ${FIGURE_2}`,
  },
  kernelHandover: { seconds: 60, source: FIGURE_2 },
  encryptedStorage,
  diskful,
  management,
  storage,
  keyRevocation,
  variation,
  concurrency: 'none',
};

/** Dell M620 blades, 1–16 nodes at once: published means of the whole, phases in proportion. */
const m620: HardwareProfile = {
  powerOnSelfTest: {
    uefi: { seconds: 169.7, source: R630_SHARE },
    linuxboot: { seconds: 61.1, source: R630_SHARE },
  },
  networkBoot: { seconds: 3.4, source: R630_SHARE },
  chainboot: { seconds: 84.9, source: R630_SHARE },
  measuredFirmwareDownload: { seconds: 16.3, source: R630_SHARE },
  measuredFirmwareBoot: { seconds: 9.5, source: R630_SHARE },
  attestationClientDownload: { seconds: 34, source: R630_SHARE },
  attestation: { seconds: 47.5, source: R630_SHARE },
  repeatedQuote,
  networkChange: { seconds: 16.95, source: R630_SHARE },
  kernelHandover: { seconds: 81.5, source: R630_SHARE },
  encryptedStorage,
  diskful,
  management,
  storage,
  keyRevocation,
  variation,
  concurrency: {
    nodes: [1, 2, 4, 8, 12, 16],
    unattestedSeconds: [258, 262, 265, 270, 278, 300],
    attestedSeconds: [395.8, 412.4, 412.8, 433.6, 459.2, 501.4],
    source: FIGURE_3,
  },
};

export const DEFAULT_CALIBRATION: Readonly<Record<string, HardwareProfile>> = { r630, m620 };
