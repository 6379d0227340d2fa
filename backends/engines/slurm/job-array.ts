/**
 * Job arrays of a site's Slurm, through its own commands (`sbatch`, `squeue`): submit one, and ask
 * how many of its tasks are left. Nothing is believed of a task's success here: whoever submits it
 * looks at what it was to bring about.
 *
 * Source: manual pages of Slurm 22.05, sbatch(1) and squeue(1).
 */
import { OcxError } from '../../../core/kernel/errors.ts';
import { runProgram } from '../../processes/program.ts';

export interface JobArray {
  readonly jobId: string;
}

export interface ArrayRequest {
  /** File of the job's script. */
  readonly script: string;
  /** Tasks are numbered from 0. */
  readonly tasks: number;
  readonly name: string;
  /** Pattern of the files that take the output of the tasks, in sbatch's notation. */
  readonly log: string;
  /** More options for sbatch, each as one argument. */
  readonly options: readonly string[];
}

/** How long Slurm's commands may take to answer, ms; its own message timeout is 10 s. */
const ANSWER_MS = 60_000;
const OPTION = /^--[a-z][a-z-]*(=.*)?$/;
/** What squeue says of a job that it has forgotten, since it ended a while ago. */
const FORGOTTEN = /Invalid job id specified/;

/** @throws RESOURCE_SLURM where it was not taken; INPUT_SLURM_OPTION */
export async function submitArray(request: ArrayRequest): Promise<JobArray> {
  for (const option of request.options) checkOption(option);
  const stdout = await run('sbatch', [
    '--parsable',
    `--array=0-${request.tasks - 1}`,
    `--job-name=${request.name}`,
    `--output=${request.log}`,
    '--open-mode=append',
    '--requeue',
    ...request.options,
    request.script,
  ]);
  // "1234" or "1234;cluster"
  const jobId = /^(\d+)(;.*)?\s*$/.exec(stdout)?.[1];
  if (jobId === undefined) throw failure('sbatch', `it answered ${JSON.stringify(stdout)}`);
  return { jobId };
}

/** Tasks that wait or run. @throws RESOURCE_SLURM where nobody answers */
export async function tasksLeft({ jobId }: JobArray): Promise<number> {
  try {
    const stdout = await run('squeue', ['-h', '-r', '-j', jobId, '-o', '%T']);
    return stdout.split('\n').filter((line) => line.trim() !== '').length;
  } catch (error) {
    if (error instanceof OcxError && FORGOTTEN.test(error.message)) return 0;
    throw error;
  }
}

function checkOption(option: string): void {
  if (OPTION.test(option)) return;
  throw new OcxError({
    code: 'INPUT_SLURM_OPTION',
    message: `${JSON.stringify(option)} is no option of sbatch`,
    remedy: 'give it in its long form, as in --sbatch=--partition=short',
  });
}

async function run(program: string, options: readonly string[]): Promise<string> {
  try {
    return await runProgram(program, options, { timeoutMs: ANSWER_MS });
  } catch (error) {
    if (!(error instanceof OcxError)) throw error;
    if (error.code === 'BACKEND_PROGRAM_MISSING') throw failure(program, 'it is not installed');
    const { cause } = error;
    throw failure(program, lastLine(cause instanceof Error ? cause.message : error.message));
  }
}

/** Without what every line of it begins with. */
function lastLine(said: string): string {
  const [last = ''] = said.trim().split('\n').slice(-1);
  return last.replace(/^\w+: (error: )?/, '');
}

function failure(program: string, what: string): OcxError {
  return new OcxError({
    code: 'RESOURCE_SLURM',
    message: `${program}: ${what}`,
    remedy: 'look at sinfo and at SLURM_CONF; go on later with --resume',
  });
}
