// troupe: actors in processes. Apache-2.0, see LICENSE.
// A pool of worker processes: one task, a map, results as they come, futures, bound arguments, errors.
#include <troupe/troupe.hpp>

#include <iostream>
#include <stdexcept>
#include <string>
#include <vector>

int cube(int n) {
  if (n > 1000) throw std::range_error{std::to_string(n) + " is too large"};
  return n * n * n;
}

int main(int argc, char** argv) {
  troupe::Node node{argc, argv};
  troupe::Pool pool{node, {.workers = 2}};
  const std::vector<int> numbers{1, 2, 3, 4};

  std::cout << "one task: " << pool.apply<cube>(3) << '\n';
  std::cout << "a map:";
  for (const int n : pool.map<cube>(numbers)) std::cout << ' ' << n;
  int sum = 0;
  for (const int n : pool.imap_unordered<cube>(numbers)) sum += n;  // whichever is done first
  std::cout << "\ntheir sum: " << sum << '\n';

  auto later = pool.apply_async<cube>(10);                                                 // goes on while we do something else
  const auto table = pool.share(std::vector<std::string>{"zero", "one", "two", "three"});  // sent to each worker once
  for (const auto& word : pool.map([](int n, const std::vector<std::string>&names) { return names[n % 4U]; }, numbers, table))
    std::cout << word << ' ';
  std::cout << "\nand later: " << later.get() << '\n';

  try {
    pool.apply<cube>(2000);
  } catch (const std::range_error& error) {  // as it was thrown, in the other process
    std::cout << "refused: " << error.what() << '\n';
  }
  pool.close();
  pool.join();
}
