import test from 'ava';
import { MOST_EVENTS, parseEventLog, replay } from '../../../backends/tpm/event-log.ts';
import { NO_ACTION, logBytes, madeEvent, profileEvents } from './made-log.ts';
import { bytes, codeOf, valueOf, vectors } from './vectors.ts';

for (const { name, bank, eventLog, pcrs } of vectors) {
  test(`the log of ${name} replays to what the TPM holds in ${bank}`, (t) => {
    const log = valueOf(parseEventLog(bytes(eventLog)));
    const values = valueOf(replay(log, bank, Object.keys(pcrs).map(Number)));
    for (const [pcr, value] of Object.entries(pcrs)) {
      t.is(values.get(Number(pcr))!.toString('hex'), value, pcr);
    }
  });
}

test('any event that is changed, left out or moved past another of its PCR changes the replay', (t) => {
  const events = profileEvents();
  const values = (changed: typeof events) => {
    const log = valueOf(parseEventLog(logBytes(changed)));
    const replayed = valueOf(replay(log, 'sha256', [0, 1, 2, 3, 4, 5, 6, 7, 9, 11]));
    return [...replayed].map(([pcr, value]) => `${pcr}:${value.toString('hex')}`).join();
  };
  const good = values(events);
  events.forEach((event, place) => {
    const other = madeEvent(event.pcr, event.type, Buffer.from('something else'));
    t.not(values(events.with(place, other)), good);
    t.not(values(events.toSpliced(place, 1)), good);
  });
  t.not(values([events[1]!, events[0]!, ...events.slice(2)]), good);
});

test('PCRs that nothing was measured into are as after a reset', (t) => {
  const log = valueOf(parseEventLog(logBytes([])));
  const values = valueOf(replay(log, 'sha384', [8, 16, 17, 22, 23]));
  const shown = [...values.values()].map((value) => value.toString('hex'));
  t.deepEqual(
    shown,
    ['00', '00', 'ff', 'ff', '00'].map((byte) => byte.repeat(48)),
  );
});

test('a start from locality 3 stands in PCR 0 before all else, and nowhere else', (t) => {
  const start = (locality: number) =>
    madeEvent(
      0,
      NO_ACTION,
      Buffer.concat([Buffer.from('StartupLocality\0'), Buffer.from([locality])]),
    );
  const replayed = (events: Parameters<typeof logBytes>[0]) =>
    replay(valueOf(parseEventLog(logBytes(events))), 'sha256', [0]);
  const alone = valueOf(replayed([start(3)])).get(0)!;
  t.is(alone.toString('hex'), '03'.padStart(64, '0'));
  t.is(codeOf(replayed([start(9)])), 'ATTEST_LOG_MISMATCH');
  t.is(codeOf(replayed([...profileEvents(), start(3)])), 'ATTEST_LOG_MISMATCH');
});

test('a log without the bank of the quote does not replay', (t) => {
  const log = valueOf(parseEventLog(logBytes(profileEvents(), ['sha256'])));
  t.is(codeOf(replay(log, 'sha384', [0])), 'ATTEST_LOG_MISMATCH');
});

test('a log that is cut off anywhere but between events is refused', (t) => {
  const events = profileEvents();
  const whole = logBytes(events);
  const ends = new Set(events.map((_, count) => logBytes(events.slice(0, count)).length));
  for (let length = 0; length < whole.length; length += 1) {
    const code = codeOf(parseEventLog(whole.subarray(0, length)));
    t.is(code, ends.has(length) ? null : 'ATTEST_MALFORMED', `${length}`);
  }
});

test('a log of too many events or bytes is refused', (t) => {
  const small = madeEvent(0, 1, Buffer.alloc(0));
  const many = logBytes(new Array<typeof small>(MOST_EVENTS + 1).fill(small));
  t.is(codeOf(parseEventLog(many)), 'ATTEST_MALFORMED');
  t.is(codeOf(parseEventLog(Buffer.alloc(1024 * 1024 + 1))), 'ATTEST_MALFORMED');
});
