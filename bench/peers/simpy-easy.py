"""EASY backfilling in SimPy: waits of given jobs.

usage: simpy-easy.py PROCESSORS < JOBS > WAITS; exit code 3 where SimPy is not installed.
Jobs: one line each, "submit run estimate processors" in whole seconds, in order of submission. The
first line of output is the CPU seconds of the simulation, then one wait a line.
"""

import sys
import time

try:
    import simpy
except ImportError:
    sys.exit(3)


def main():
    processors = int(sys.argv[1])
    jobs = [tuple(map(int, line.split())) for line in sys.stdin]
    environment = simpy.Environment()
    waits = [0] * len(jobs)
    queue = []
    running = {}

    def start(index):
        submit, run, estimate, need = jobs[index]
        now = environment.now
        waits[index] = now - submit
        running[index] = (now + estimate, need)
        end = simpy.Timeout(environment, min(run, estimate))
        end.callbacks.append(lambda _: finish(index))
        return need

    def finish(index):
        del running[index]
        schedule()

    def schedule():
        now = environment.now
        # Whose estimate is used up counts as gone.
        later = [entry for entry in running.values() if entry[0] > now]
        free = processors - sum(need for _, need in later)
        started = 0
        while started < len(queue) and jobs[queue[started]][3] <= free:
            free -= start(queue[started])
            started += 1
        del queue[:started]
        if not queue:
            return
        shadow, extra = reservation(jobs[queue[0]][3], free, now)
        waiting = []
        for position, index in enumerate(queue):
            _, _, estimate, need = jobs[index]
            ends_before = now + estimate <= shadow
            if position > 0 and need <= free and (ends_before or need <= extra):
                free -= start(index)
                if not ends_before:
                    extra -= need
            else:
                waiting.append(index)
        queue[:] = waiting

    def reservation(need, free, now):
        ends = sorted(entry for entry in running.values() if entry[0] > now)
        shadow = None
        for end, released in ends:
            if shadow is not None and end > shadow:
                break
            free += released
            if shadow is None and free >= need:
                shadow = end
        return shadow, free - need

    def submission(index):
        def submit(_):
            queue.append(index)
            schedule()

        return submit

    # Scheduled first, so that at equal times submissions come before ends.
    for index, (submit, _, _, _) in enumerate(jobs):
        arrival = simpy.Timeout(environment, submit)
        arrival.callbacks.append(submission(index))
    begin = time.process_time()
    environment.run()
    print(time.process_time() - begin)
    print("\n".join(map(str, waits)))


main()
