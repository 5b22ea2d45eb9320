// troupe: actors in processes. Apache-2.0, see LICENSE.
// A process and a queue: what one puts the other gets, in order, until the queue is closed.
#include <troupe/troupe.hpp>

#include <iostream>
#include <string>

void greet(troupe::Queue<std::string> letters) { std::cout << "the child got: " << letters.get() << std::endl; }

void count(troupe::Queue<int> numbers, int to) {
  for (int i = 1; i <= to; ++i) numbers.put(i);  // waits while the queue is full
  numbers.close();                               // what was put is still taken
}

int main(int argc, char** argv) {
  troupe::Node node{argc, argv};

  troupe::Queue<std::string> letters{node};
  troupe::Process child = node.start<greet>(letters);
  letters.put("hello from the parent");
  child.join();

  troupe::Queue<int> numbers{node, {.capacity = 10}};
  troupe::Process counter = node.start<count>(numbers, 1000);
  long sum = 0;
  for (const int number : numbers) sum += number;  // ends when the queue is closed and empty
  counter.join();
  std::cout << "the sum is " << sum << ", the child's exit code " << counter.exit_code().value() << '\n';
}
