// A first-come-first-served station in SimGrid: waits of given customers.
//
// usage: simgrid-station SERVERS < CUSTOMERS > WAITS
// Customers: one line each, "arrival service" in whole milliseconds, in order of arrival. The first
// line of output is the CPU seconds of the simulation, then one wait a line.

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <simgrid/s4u.hpp>
#include <vector>

namespace s4u = simgrid::s4u;

struct Customer {
  double arrival;
  double service;
  double wait;
};

static std::vector<Customer> customers;

static void serve(s4u::SemaphorePtr servers, size_t index)
{
  Customer& customer = customers[index];
  servers->acquire();
  customer.wait = s4u::Engine::get_clock() - customer.arrival;
  s4u::this_actor::sleep_for(customer.service);
  servers->release();
}

static void arrive(s4u::SemaphorePtr servers, s4u::Host* host)
{
  for (size_t index = 0; index < customers.size(); index++) {
    s4u::this_actor::sleep_until(customers[index].arrival);
    s4u::Actor::create("customer", host, serve, servers, index);
  }
}

int main(int argc, char** argv)
{
  s4u::Engine engine(&argc, argv);
  const unsigned int servers = static_cast<unsigned int>(std::atoi(argv[1]));
  long long arrival;
  long long service;
  while (std::scanf("%lld %lld", &arrival, &service) == 2)
    customers.push_back({static_cast<double>(arrival), static_cast<double>(service), 0});
  auto* zone = s4u::create_full_zone("world");
  auto* host = zone->create_host("host", 1e9);
  zone->seal();
  s4u::Actor::create("arrivals", host, arrive, s4u::Semaphore::create(servers), host);
  const std::clock_t start = std::clock();
  engine.run();
  std::printf("%f\n", static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC);
  for (const Customer& customer : customers)
    std::printf("%lld\n", std::llround(customer.wait));
  return 0;
}
