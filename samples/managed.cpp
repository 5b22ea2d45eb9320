// troupe: actors in processes. Apache-2.0, see LICENSE.
// Any class as an object that several processes use: it is an actor, and lives in a process of its own.
#include <troupe/troupe.hpp>

#include <iostream>
#include <map>
#include <stdexcept>
#include <string>

struct Deposit {
  std::string owner;
  int amount = 0;
};
struct Balance {
  std::string owner;
};

class Bank : public troupe::Actor<Bank, Deposit, Balance> {
 public:
  int on(const Deposit& deposit) { return accounts_[deposit.owner] += deposit.amount; }
  int on(const Balance& of) const { return accounts_.at(of.owner); }  // what it throws, the asker catches

 private:
  std::map<std::string, int> accounts_;  // one message at a time: no lock
};

void save(troupe::Ref<Bank> bank, std::string owner) {
  for (int i = 0; i < 100; ++i) bank.tell(Deposit{owner, 1});
}

int main(int argc, char** argv) {
  troupe::Node node{argc, argv};
  const auto bank = node.spawn<Bank>(troupe::own_process);
  troupe::Process anna = node.start<save>(bank, "Anna"), both = node.start<save>(bank, "Anna");
  anna.join();
  both.join();
  std::cout << "Anna has " << bank.ask(Balance{"Anna"}).get() << '\n';
  try {
    (void)bank.ask(Balance{"Bert"}).get();
  } catch (const std::out_of_range&) {
    std::cout << "Bert has no account\n";
  }
}
