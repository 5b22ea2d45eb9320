// troupe: actors in processes. Apache-2.0, see LICENSE.
// A Value and an Array in shared memory, changed by children: each step is whole, several become one under a lock.
#include <troupe/troupe.hpp>

#include <iostream>
#include <vector>

void halve(troupe::Value<double> number, troupe::Array<int> numbers) {
  number = number.get() / 2;
  const auto held = numbers.lock();  // nobody sees it half done
  for (auto&& each : numbers) each = -each;
}

void add(troupe::Value<int> total, int times) {
  for (int i = 0; i < times; ++i) total += 1;  // one step: no addition is lost, and no lock is needed
}

int main(int argc, char** argv) {
  troupe::Node node{argc, argv};
  troupe::Value<double> number{node, 6.5};
  troupe::Array<int> numbers{node, {1, 2, 3, 4, 5}};
  node.start<halve>(number, numbers).join();
  std::cout << number.get() << ':';
  for (const int each : numbers.get()) std::cout << ' ' << each;
  std::cout << '\n';

  troupe::Value<int> total{node, 0};
  std::vector<troupe::Process> adders;
  for (int i = 0; i < 4; ++i) adders.push_back(node.start<add>(total, 10'000));
  for (const auto& adder : adders) adder.join();
  std::cout << total.get() << '\n';
}
