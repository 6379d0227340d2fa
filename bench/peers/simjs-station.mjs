/**
 * A first-come-first-served station in SIM.JS (npm: simjs): waits of given customers.
 *
 * usage: simjs-station.mjs FOLDER SERVERS < CUSTOMERS > WAITS; exit code 3 where FOLDER has no
 * node_modules/simjs. Customers: one line each, "arrival service" in whole milliseconds, in order
 * of arrival. The first line of output is the CPU seconds of the simulation, then one wait a line.
 */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const [folder, servers] = process.argv.slice(2);
const program = join(folder, 'node_modules', 'simjs', 'sim.js');
if (!existsSync(program)) process.exit(3);
// The package exports to browsers alone.
globalThis.window = {};
createRequire(import.meta.url)(program);
const { Entity, Facility, Sim } = globalThis.window.Sim;

const customers = readFileSync(0, 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => line.split(' ').map(Number));
const waits = new Array(customers.length);
const sim = new Sim();
const station = new Facility('station', Facility.FCFS, Number(servers));

class Arrivals extends Entity {
  start() {
    this.await(0);
  }

  await(index) {
    if (index === customers.length) return;
    this.setTimer(customers[index][0] - this.time()).done(() => {
      const [arrival, service] = customers[index];
      this.useFacility(station, service).done(() => {
        waits[index] = this.time() - service - arrival;
      });
      this.await(index + 1);
    });
  }
}

sim.addEntity(Arrivals);
const before = process.cpuUsage();
sim.simulate(Infinity);
const { user, system } = process.cpuUsage(before);
process.stdout.write(`${(user + system) / 1e6}\n${waits.join('\n')}\n`);
