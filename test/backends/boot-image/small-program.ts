/** A program for UEFI, made here. */

/** The smallest program for UEFI that is one: a header of 1 KiB and a section of code. */
export function smallProgram(code = 'code'): Buffer {
  const program = Buffer.alloc(0x600);
  program.write('MZ', 0, 'latin1');
  program.writeUInt32LE(0x80, 0x3c);
  program.write('PE\0\0', 0x80, 'latin1');
  program.writeUInt16LE(1, 0x86); // one section
  program.writeUInt16LE(0xf0, 0x94); // bytes of the optional header
  program.writeUInt16LE(0x20b, 0x98); // PE32+
  program.writeUInt32LE(0x200, 0x98 + 32);
  program.writeUInt32LE(0x200, 0x98 + 36);
  program.writeUInt32LE(0x2000, 0x98 + 56);
  program.writeUInt32LE(0x400, 0x98 + 60);
  program.writeUInt32LE(0x1234, 0x98 + 64); // checksum
  const section = 0x98 + 0xf0;
  program.write('.text', section, 'latin1');
  for (const [at, value] of [
    [8, 0x200],
    [12, 0x1000],
    [16, 0x200],
    [20, 0x400],
  ] as const) {
    program.writeUInt32LE(value, section + at);
  }
  program.write(code, 0x400, 'latin1');
  return program;
}
