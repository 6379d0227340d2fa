import test from 'ava';
import {
  parseBoot,
  parseFields,
  parsePower,
  parseUsers,
} from '../../../../backends/bmc/ipmi/output.ts';

test('the power is read from the one line that says it', (t) => {
  t.is(parsePower('Chassis Power is on\n'), 'on');
  t.is(parsePower('Chassis Power is off\n'), 'off');
  for (const output of ['', 'Chassis Power is', 'Chassis Power is onward', 'Power is on', 'on']) {
    t.is(parsePower(output), null, output);
  }
});

for (const [data, device] of [
  ['0000000000', 'none'],
  ['8000000000', 'none'],
  ['0004000000', 'network'],
  ['8004000000', 'network'],
  ['a004000000', 'network'],
  ['8008000000', 'disk'],
  ['8014000000', 'media'],
  ['801c000000', 'other'],
  ['c004000000', 'other'],
  ['80', null],
  ['zz', null],
] as const) {
  test(`boot flags ${data} mean ${device}`, (t) => {
    const output = `Boot parameter version: 1\nBoot parameter data: ${data}\n - Boot Flag Invalid`;
    t.is(parseBoot(output), device);
  });
}

test('fields are names and values, the first of a name counts, and long lines are left out', (t) => {
  const output = ` Product Name : a : b \n Product Name : c\n x : ${'y'.repeat(300)}\nno field`;
  t.deepEqual([...parseFields(output)], [['Product Name', 'a : b']]);
});

test('users are read strictly, and who may not speak has no access', (t) => {
  const users = parseUsers(
    '1,,true,false,false,Unknown (0x00)\n2,admin,true,false,true,ADMINISTRATOR\n3,a,b,true,false,true,OPERATOR\n4,left,true,false,false,NO ACCESS\n',
  );
  t.deepEqual(users, [
    { id: '1', name: '', hasAccess: false },
    { id: '2', name: 'admin', hasAccess: true },
    { id: '3', name: 'a,b', hasAccess: true },
    { id: '4', name: 'left', hasAccess: false },
  ]);
  for (const text of ['ID  Name\n1 admin', '1,admin,yes,no,true,X', 'x,a,true,true,true,X']) {
    t.is(parseUsers(text), null, text);
  }
});
