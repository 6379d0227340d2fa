"""The hold model in SimPy with callbacks, its fastest way: prints events per CPU second.

usage: simpy-hold.py PENDING EVENTS; exit code 3 where SimPy is not installed.
"""

import math
import sys
import time

try:
    import simpy
except ImportError:
    sys.exit(3)


def exponential_times(count, seed):
    times = []
    state = seed
    for _ in range(count):
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        times.append(-math.log((state + 0.5) / 4294967296))
    return times


def main():
    pending, events = int(sys.argv[1]), int(sys.argv[2])
    increments = exponential_times(65536, 1)
    environment = simpy.Environment()
    counts = [0, 0, 0, 0]
    put_back = [0]

    def handler(kind):
        def handle(event):
            counts[kind] += 1
            index = put_back[0]
            put_back[0] = index + 1
            successor = simpy.Timeout(environment, increments[index & 65535])
            successor.callbacks.append(handle)

        return handle

    handlers = [handler(kind) for kind in range(4)]
    for index, delay in enumerate(exponential_times(pending, 7)):
        event = simpy.Timeout(environment, delay)
        event.callbacks.append(handlers[index & 3])
    step = environment.step
    start = time.process_time()
    for _ in range(events):
        step()
    print(events / (time.process_time() - start))


main()
