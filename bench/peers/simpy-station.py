"""A first-come-first-served station in SimPy: waits of given customers.

usage: simpy-station.py SERVERS < CUSTOMERS > WAITS; exit code 3 where SimPy is not installed.
Customers: one line each, "arrival service" in whole milliseconds, in order of arrival. The first
line of output is the CPU seconds of the simulation, then one wait a line.
"""

import sys
import time

try:
    import simpy
except ImportError:
    sys.exit(3)


def main():
    servers = int(sys.argv[1])
    customers = [tuple(map(int, line.split())) for line in sys.stdin]
    environment = simpy.Environment()
    station = simpy.Resource(environment, capacity=servers)
    waits = [0] * len(customers)

    def customer(index, arrival, service):
        with station.request() as request:
            yield request
            waits[index] = environment.now - arrival
            yield environment.timeout(service)

    def arrivals():
        for index, (arrival, service) in enumerate(customers):
            yield environment.timeout(arrival - environment.now)
            environment.process(customer(index, arrival, service))

    environment.process(arrivals())
    start = time.process_time()
    environment.run()
    print(time.process_time() - start)
    print("\n".join(map(str, waits)))


main()
