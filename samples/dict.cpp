// troupe: actors in processes. Apache-2.0, see LICENSE.
// A Dict that a hundred processes take from: half of them under a Lock, half by a step of the Dict's own, which needs none.
#include <troupe/troupe.hpp>

#include <iostream>
#include <mutex>
#include <string>
#include <vector>

using Stock = troupe::Dict<std::string, int>;

void take_locked(Stock stock, troupe::Lock lock) {
  const std::scoped_lock held{lock};  // should its holder be killed, the next one gets it, and is told
  stock.set("apples", stock.get("apples") - 1);
}

void take(Stock stock) { stock["apples"] -= 1; }

int main(int argc, char** argv) {
  troupe::Node node{argc, argv};
  Stock stock{node, {{"apples", 100}, {"pears", 7}}};
  troupe::Lock lock{node};
  std::vector<troupe::Process> buyers;
  for (int i = 0; i < 50; ++i) buyers.push_back(node.start<take_locked>(stock, lock));
  for (const auto& buyer : buyers) buyer.join();
  std::cout << "apples: " << stock.get("apples") << '\n';

  buyers.clear();
  for (int i = 0; i < 50; ++i) buyers.push_back(node.start<take>(stock));
  for (const auto& buyer : buyers) buyer.join();
  for (const auto& [name, count] : stock.items()) std::cout << name << ": " << count << '\n';
}
