// troupe: actors in processes. Apache-2.0, see LICENSE.
// A Semaphore lets two processes in at a time, an Event starts them together, a Barrier has them finish together.
#include <troupe/troupe.hpp>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <thread>
#include <vector>

using namespace std::chrono_literals;

void cross(troupe::Event start, troupe::Semaphore bridge, troupe::Value<int> inside, troupe::Value<int> most, troupe::Barrier finish) {
  start.wait();
  bridge.acquire();
  const int now = inside += 1;
  most.update([](int seen, int others) { return std::max(seen, others); }, now);
  std::this_thread::sleep_for(5ms);
  inside -= 1;
  bridge.release();
  finish.arrive_and_wait();
}

int main(int argc, char** argv) {
  troupe::Node node{argc, argv};
  troupe::Event start{node};
  troupe::Semaphore bridge{node, 2};
  troupe::Value<int> inside{node, 0}, most{node, 0};
  troupe::Barrier finish{node, 7};  // six walkers, and who waits for them
  std::vector<troupe::Process> walkers;
  for (int i = 0; i < 6; ++i) walkers.push_back(node.start<cross>(start, bridge, inside, most, finish));
  std::cout << "on the bridge before the start: " << inside.get() << '\n';
  start.set();
  finish.arrive_and_wait();
  std::cout << "all are over, never more than " << (most.get() <= 2 ? "two" : "allowed") << " at a time\n";
}
