/**
 * Kinds of switches, by what the service has to know of them: how ports are named, and whether the
 * native network has to be the first on a port and the last off it.
 *
 * Port names as the drivers of CCI-MOC/hil check them.
 */
export interface SwitchType {
  readonly portName: RegExp;
  readonly nativeFirst: boolean;
}

export const MOCK_SWITCH = 'mock';

export const SWITCH_TYPES: ReadonlyMap<string, SwitchType> = new Map([
  [MOCK_SWITCH, { portName: /^[\x21-\x7e]{1,128}$/, nativeFirst: false }],
  ['openvswitch', { portName: /^[A-Za-z][\w.-]{0,14}$/, nativeFirst: false }],
  ['dell-powerconnect', { portName: /^gi\d+\/\d+\/\d+$/, nativeFirst: true }],
  ['dell-n3000', { portName: /^gi\d+\/\d+\/\d+$/, nativeFirst: true }],
  ['dell-nos9', { portName: /^GigabitEthernet\d+\/\d+$/, nativeFirst: false }],
  ['cisco-nexus', { portName: /^(?:ethernet|Ethernet)\d+\/\d+$/, nativeFirst: true }],
  ['brocade-vdx', { portName: /^\d+\/\d+\/\d+$/, nativeFirst: true }],
]);
