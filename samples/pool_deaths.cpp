// troupe: actors in processes. Apache-2.0, see LICENSE.
// Workers that die: the task says how, or is tried again; the others never notice. What hangs can be cancelled.
#include <troupe/troupe.hpp>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <thread>

int fragile(int n) {
  if (n == 3) std::abort();
  return 10 * n;
}
int lucky_at_third(const troupe::Value<int>& tries) {
  if (tries++ < 2) std::_Exit(1);
  return 7;
}
void hang() { std::this_thread::sleep_for(std::chrono::hours{1}); }

int main(int argc, char** argv) {
  troupe::Node node{argc, argv};
  troupe::Pool pool{node, {.workers = 2}};

  auto results = pool.imap<fragile>(std::vector<int>{1, 2, 3, 4, 5});
  for (int n = 1; n <= 5; ++n) {
    try {
      std::cout << *results.next() << '\n';
    } catch (const troupe::WorkerDied& died) {
      std::cout << "its worker died by signal " << died.signal().value_or(0) << '\n';
    }
  }
  const troupe::Value<int> tries{node, 0};
  std::cout << "tried again: " << pool.with({.retries = 5}).apply<lucky_at_third>(tries) << '\n';

  auto hanging = pool.apply_async<hang>();
  hanging.cancel();  // and its worker, if it had begun, is replaced
  std::cout << "workers: " << pool.size() << '\n';
}
