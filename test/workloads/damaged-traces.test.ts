/** Every reader of text against damage: a file is read or refused in one line, never anything else. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { OcxError } from '../../core/kernel/errors.ts';
import { randomStream } from '../../core/kernel/random.ts';
import { TRACE_FILES } from '../../workloads/formats/registry.ts';
import { testFolder } from './files.ts';

const HASH = 'abcdefghijklmnopqrstuvwxyz0123+/==';

/** A small file of every format that is read from text. */
const SAMPLES: Readonly<Record<string, string>> = {
  gwf: `# JobID SubmitTime\n1 5 0 60 2 -1 -1 4 120 -1 1 u g e q p\n2 6 0 60 2 -1 -1 4 120 -1 1 u g e q p\n`,
  swf: `; MaxProcs: 8\n1 0 5 60 2 -1 -1 2 120 -1 1 3 -1 -1 -1 -1 -1 -1\n`,
  sacct:
    'JobID|JobName|Submit|Start|End|Elapsed|Timelimit|NNodes|NCPUS|ReqMem|State\n' +
    '1|a|2022-03-07T10:00:00|2022-03-07T10:00:00|Unknown|1-00:00:00|UNLIMITED|2|8|4Gn|COMPLETED\n' +
    '2_[1-3]|b|c|2022-03-07T10:00:00|Unknown|Unknown|00:00|10:00|2|8|4Gc|CANCELLED by 5\n',
  eagle:
    'job_id,user,account,partition,qos,wallclock_req,nodes_req,processors_req,gpus_req,mem_req,submit_time,start_time,end_time,run_time,state\n' +
    '5,u,a,p,q,60.0,1,36,0,0.0,2019-01-01 10:00:00,2019-01-01 10:00:05,,600.0,COMPLETED\n',
  batsim:
    '{"nb_res": 4, "jobs": [{"id": 1, "subtime": 0, "res": 1, "profile": "d"}], "profiles": {"d": {"type": "delay", "delay": 5}}}',
  'alibaba-2018': 'M1,10,j_1,1,Terminated,86400,86500,50,0.2\n',
  csv: 'job,submitSeconds,waitSeconds,runSeconds,id\n1,0,5,60,"x"\n',
  'azure-vms': `${HASH},${HASH},${HASH},0,600,1,1,1,Interactive,>24,1.75\n`,
  'alibaba-gpu-2023':
    'name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,deletion_time,scheduled_time\np,1,1,1,1,,LS,Running,0,500,10\n',
  'google-2011':
    '700000000,,1,0,5,1,u,3,9,0.5,0.25,0.1,0\n800000000,,1,0,5,4,u,3,9,0.5,0.25,0.1,0\n',
  'google-2019':
    '{"time":"700000000","type":"SCHEDULE","collection_id":"1","instance_index":"0","resource_request":{"cpus":0.1,"memory":0.2}}\n',
  'google-2011-usage': `1,2,1,0,5,0.5${',0'.repeat(14)}\n`,
  'google-2011-machines': '0,10,0,x=,0.5,0.25\n5,10,1,x=,0.5,0.25\n',
  'ec2-spot': 'SPOTINSTANCEPRICE\t0.08\t2012-05-07T10:00:00-0800\tm1\tLinux\tz\n',
  skypilot: '{"metadata": {"gap_seconds": 600}, "data": [1, 0, 16]}',
  'day-ahead': 'date,time_from,time_to,price_eur_mwh\n2021-03-28,00:00,01:00,45.5\n',
  bitbrains: 'Timestamp [ms];\tCPU cores;\tCPU usage [%]\n1376314846;\t2;\t12.5\n',
  'azure-readings': `0,${HASH},2,4,3\n`,
  planetlab: '1\n2\n3\n',
};

const BYTES = '\n\r\t |,;"\'{}[]:.-+0123456789eE\\\u0000\u001b\u00ff\u2028aZ_#';

test('whatever a byte is changed to, a trace is read or refused in one line', (t) => {
  const folder = testFolder(t);
  for (const [name, text] of Object.entries(SAMPLES)) {
    const format = TRACE_FILES.find((each) => each.name === name)!;
    const path = join(folder, `${name}.txt`);
    writeFileSync(path, text);
    t.true(format.inspect(path, {}).records > 0, name);
    const stream = randomStream({ seed: 1, replication: 0, entity: name, purpose: 'test.damage' });
    for (let round = 0; round < 120; round++) {
      const at = stream.integer(text.length);
      const length = stream.integer(4);
      const byte = BYTES[stream.integer(BYTES.length)]!.repeat(1 + stream.integer(3));
      const damaged =
        round % 10 === 0 ? text.slice(0, at) : text.slice(0, at) + byte + text.slice(at + length);
      writeFileSync(path, damaged);
      try {
        const { records, dropped } = format.inspect(path, {});
        t.true(records >= 0 && Object.values(dropped).every((count) => count > 0));
        format.columns(path, {});
        format.swf?.(path, {});
      } catch (error) {
        if (!(error instanceof OcxError))
          t.fail(`${name}: ${JSON.stringify(damaged)}: ${String(error)}`);
        else t.regex(error.code, /^INPUT_/, `${name}: ${JSON.stringify(damaged)}`);
      }
    }
  }
});

test('every format that is read from text has a sample here', (t) => {
  const elsewhere = ['azure-v1', 'fema', 'deadlines', 'needs-csv', 'opendc', 'opendc-fragments'];
  const known = [...Object.keys(SAMPLES), ...elsewhere].sort();
  t.deepEqual(known, TRACE_FILES.map(({ name }) => name).sort());
});

/** Texts that a careless pattern needs quadratic time for. */
const ENDLESS: readonly string[] = [
  'a['.repeat(30_000),
  '1'.repeat(60_000),
  `${'"'.repeat(60_001)}`,
  `${'|'.repeat(190)}\n`.repeat(300),
  '['.repeat(60_000),
  'a=b,'.repeat(15_000),
  '1 '.repeat(30_000),
  'Timestamp'.repeat(7_000),
];

test('endless texts behind the beginning of a trace are read or refused within a second', (t) => {
  const path = join(testFolder(t), 'a.txt');
  for (const [name, text] of Object.entries(SAMPLES)) {
    const format = TRACE_FILES.find((each) => each.name === name)!;
    const first = text.slice(0, text.indexOf('\n') + 1);
    for (const body of ENDLESS) {
      writeFileSync(path, `${first}${body}\n${body}\n`);
      const started = performance.now();
      format.recognises('a.txt', `${first}${body}`.slice(0, 16_384));
      try {
        format.inspect(path, {});
      } catch (error) {
        t.true(error instanceof OcxError, `${name}: ${String(error)}`);
      }
      t.true(performance.now() - started < 1_000, name);
    }
  }
});
