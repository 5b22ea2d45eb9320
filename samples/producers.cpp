// troupe: actors in processes. Apache-2.0, see LICENSE.
// Two producers and a consumer without an end of its own: the queue's close ends it, and nobody is killed.
#include <troupe/troupe.hpp>

#include <iostream>
#include <map>
#include <string>

struct Loaf {
  std::string baker;
  int number = 0;
};

struct Bakery {  // static members run in processes, too
  static void bake(troupe::Queue<Loaf> counter, std::string baker, int loaves) {
    for (int i = 1; i <= loaves; ++i) counter.put({baker, i});
  }
  static void sell(troupe::Queue<Loaf> counter) {
    std::map<std::string, int> sold;
    bool in_order = true;
    for (const Loaf& loaf : counter) in_order = loaf.number == ++sold[loaf.baker] && in_order;
    for (const auto& [baker, loaves] : sold) std::cout << baker << ": " << loaves << std::endl;
    std::cout << (in_order ? "each baker's in order" : "out of order") << std::endl;
  }
};

int main(int argc, char** argv) {
  troupe::Node node{argc, argv};
  troupe::Queue<Loaf> counter{node, {.capacity = 20}};
  troupe::Process seller = node.start<&Bakery::sell>(counter);
  troupe::Process anna = node.start<&Bakery::bake>(counter, "Anna", 300), bert = node.start<&Bakery::bake>(counter, "Bert", 20);
  anna.join();
  bert.join();
  counter.close();
  seller.join();
}
