// troupe: actors in processes. Apache-2.0, see LICENSE.
// Refs to whoever takes a message: sent along, told, asked.
#include "stage.hpp"

#include <stdexcept>
#include <string>
#include <vector>

using troupe::Recipient;

namespace {

struct News {
  std::string text;
};
struct Seen {};
/// Answers with something that a Recipient leaves out.
class Reader : public troupe::Actor<Reader, News, Seen> {
 public:
  std::string on(const News& news) {
    if (news.text.empty()) throw std::invalid_argument{"no news"};
    seen_.push_back(news.text);
    return "thank you";
  }
  std::vector<std::string> on(const Seen&) const { return seen_; }

 private:
  std::vector<std::string> seen_;
};

struct Call {
  Recipient<News> reader;
  std::string text;
};
struct Echo {
  Recipient<News> reader;
};
/// Calls whom it is told to, from wherever it is.
class Caller : public troupe::Actor<Caller, Call, Echo> {
 public:
  void on(const Call& call) { call.reader.ask({call.text}).get(); }
  Recipient<News> on(const Echo& echo) const { return echo.reader; }
};

}  // namespace

TEST_CASE("a Recipient travels, and reaches its actor from there, in every place") {
  Stage stage{GENERATE(every_place)};
  const auto caller = stage.spawn<Caller>();
  for (const auto& reader : {stage.node.spawn<Reader>(), stage.spawn<Reader>()}) {
    caller.ask(Call{reader, "tea"}).get();

    CHECK(reader.ask(Seen{}).get() == std::vector<std::string>{"tea"});
  }
}

TEST_CASE("a Recipient that comes back is the same, in every place") {
  Stage stage{GENERATE(every_place)};
  const auto caller = stage.spawn<Caller>();
  const Recipient<News> mine{stage.node.spawn<Reader>()};
  const auto reader = stage.spawn<Reader>();

  CHECK(caller.ask(Echo{mine}).get() == mine);
  const auto back = caller.ask(Echo{reader}).get();
  back.tell({"milk"});

  CHECK(back == Recipient<News>{reader});
  CHECK(reader.ask(Seen{}).get() == std::vector<std::string>{"milk"});
  CHECK_FALSE(caller.ask(Echo{}).get());
}

TEST_CASE("an ask of a Recipient ends when the message was handled, or with what the handler threw") {
  Stage stage{GENERATE(every_place)};
  const auto reader = stage.spawn<Reader>();
  const Recipient<News> recipient{reader};

  recipient.ask({"tea"}).get(5s);
  CHECK(reader.ask(Seen{}).get() == std::vector<std::string>{"tea"});
  CHECK_THROWS_AS(recipient.ask({""}).get(5s), std::invalid_argument);
  reader.stop();
  CHECK(error_of(recipient.ask({"late"})).type == troupe::ErrorType::closed);
  CHECK_THROWS_AS(Recipient<News>{}.ask({"nobody"}), troupe::Misuse);
}
