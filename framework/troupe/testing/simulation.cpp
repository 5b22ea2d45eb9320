// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/testing/simulation.hpp>

#include <algorithm>
#include <utility>

#include <troupe/node/context.hpp>
#include <troupe/node/core.hpp>
#include <troupe/node/executor.hpp>

namespace troupe::detail {

namespace {
constexpr Duration step_time = std::chrono::microseconds{1};  // so that who never rests sees deadlines pass
constexpr unsigned most_waits = 200;                          // each takes some of the stack
}  // namespace

Stand::Stand(std::string of, std::uint64_t stands_at) : name{std::move(of)}, number{stands_at} {}
Stand::~Stand() = default;

Simulation::Simulation(std::uint64_t seed) : state_{seed}, network_{*this} {}

Simulation::~Simulation() {
  for (const auto& stand : stands_)
    if (stand->node != nullptr && stand->living) end(*stand);
  for (const auto& stand : stands_)
    if (stand->node != nullptr) {  // what a killed process would have taken along
      stand->running = true;
      for (const auto& root : stand->core->roots()) root->kill();
      end(*stand);
    }
  if (!stands_.empty()) stands_.front()->core->flush_thread();  // nothing that this thread has put off points to them any more
}

// --- Chance ---------------------------------------------------------------------------------------------------------------

// splitmix64: the same everywhere, unlike the distributions of the standard library.
std::uint64_t Simulation::random() noexcept {
  std::uint64_t z = (state_ += 0x9E3779B97F4A7C15);
  z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9;
  z = (z ^ (z >> 27U)) * 0x94D049BB133111EB;
  return z ^ (z >> 31U);
}

bool Simulation::chance(double probability) noexcept {
  constexpr double numbers = 1U << 30U;
  return probability > 0 && static_cast<double>(random() >> 34U) < probability * numbers;
}

Duration Simulation::up_to(Duration longest) noexcept {
  if (longest <= Duration::zero()) return Duration::zero();
  return Duration{static_cast<Duration::rep>(below(static_cast<std::uint64_t>(longest.count()) + 1))};
}

// --- Nodes ----------------------------------------------------------------------------------------------------------------

Stand& Simulation::add(const std::string& name, NodeOptions options) {
  options.handle_signals = false;
  options.shared_memory = false;
  stands_.push_back(std::make_unique<Stand>(name, stands_.size()));
  Stand& stand = *stands_.back();
  stand.node = std::make_unique<Node>(simulated_surroundings(*this, stand), std::move(options));
  stand.core = &stand.node->core();
  return stand;
}

Stand* Simulation::find(std::string_view name) noexcept {
  const auto is = [&](const auto& stand) { return stand->living && stand->node != nullptr && stand->name == name; };
  const auto found = std::find_if(stands_.begin(), stands_.end(), is);
  return found == stands_.end() ? nullptr : found->get();
}

void Simulation::end(Stand& stand) {
  stand.node = nullptr;
  stand.remains = take_core(*stand.core);
  stand.living = false;
  stand.running = false;
}

void Simulation::kill(Stand& stand) {
  stand.living = false;
  stand.running = false;
  network_.kill(stand);
}

// --- Steps ----------------------------------------------------------------------------------------------------------------

void Simulation::collect() {
  choices_.clear();
  for (const auto& each : stands_) {
    Stand& stand = *each;
    if (!stand.running) continue;
    for (std::size_t i = 0; i < stand.ready.size(); ++i) choices_.push_back({&stand, Kind::turn, i});
    if (stand.woken || stand.next_timer <= clock_.now()) choices_.push_back({&stand, Kind::settle, 0});
    if (stand.callbacks != 0) choices_.push_back({&stand, Kind::callback, 0});
    if (network_.frame_waits(stand)) choices_.push_back({&stand, Kind::frames, 0});
    for (const int descriptor : network_.news_for(stand))
      if (stand.watched.contains(descriptor)) choices_.push_back({&stand, Kind::link, static_cast<std::size_t>(descriptor)});
  }
}

bool Simulation::step_now() {
  collect();
  if (choices_.empty()) return false;
  const Choice choice = choices_[below(choices_.size())];
  ++steps_;
  note(choice);
  const ContextScope outside_of_actors{nullptr, nullptr};
  take(choice);
  if (choice.stand->client != nullptr) choice.stand->client->flush_thread();
  clock_.set(clock_.now() + step_time);
  return true;
}

void Simulation::take(const Choice& choice) {
  Stand& stand = *choice.stand;
  switch (choice.kind) {
    case Kind::turn:
      turn(stand, choice.which);
      return;
    case Kind::frames:
      stand.client->drain();
      stand.woken = true;  // to acknowledge
      return;
    case Kind::settle:
      stand.woken = false;
      stand.client->settle();
      stand.next_timer = stand.timers->advance();
      stand.client->acknowledge();
      return;
    case Kind::callback:
      --stand.callbacks;
      (void)stand.core->callbacks().run_one();
      return;
    case Kind::link: {
      const auto ready = stand.watched.at(static_cast<int>(choice.which));
      ready();
      return;
    }
  }
}

void Simulation::turn(Stand& stand, std::size_t place) {
  LocalCell* cell = stand.ready[place];
  stand.ready[place] = stand.ready.back();
  stand.ready.pop_back();
  switch (cell->run(1)) {
    case LocalCell::Run::more:
      stand.ready.push_back(cell);
      return;
    case LocalCell::Run::ended:
      cell->drop();
      return;
    case LocalCell::Run::idle:
      return;
  }
}

void Simulation::note(const Choice& choice) {
  const bool turns = choice.kind == Kind::turn;
  const std::uint64_t what = turns ? choice.stand->ready[choice.which]->id() : choice.which;
  const auto since_start = clock_.now().time_since_epoch().count();
  for (const std::uint64_t each :
       {choice.stand->number, static_cast<std::uint64_t>(choice.kind), what, static_cast<std::uint64_t>(since_start)})
    fingerprint_ = (fingerprint_ ^ each) * 0x100000001b3;
  if (!narrator) return;
  constexpr std::string_view kinds[]{"turn of ", "frames come", "looks around", "callback", "news of connection "};
  std::string line = std::to_string((clock_.now() - VirtualClock{}.now()).count() / 1000) + " us " + choice.stand->name + ": ";
  line += kinds[static_cast<std::size_t>(choice.kind)];
  if (turns) line += choice.stand->ready[choice.which]->label();
  if (choice.kind == Kind::link) line += std::to_string(choice.which);
  narrator(line);
}

bool Simulation::advance(TimePoint until) {
  TimePoint next = network_.next_event();
  for (const auto& stand : stands_)
    if (stand->running) next = std::min(next, stand->next_timer);
  if (next == TimePoint::max() || next > until) {
    if (until != TimePoint::max()) clock_.set(std::max(clock_.now(), until));
    return false;
  }
  clock_.set(std::max(clock_.now(), next));
  return true;
}

bool Simulation::drive(const std::function<bool()>& done, TimePoint until) {
  struct Within {
    unsigned& waits;
    explicit Within(unsigned& of) : waits{of} { ++waits; }
    ~Within() { --waits; }
  } const within{waits_};
  if (waits_ > most_waits) throw Misuse{"200 waits lie within each other in one World: let handlers co_await instead of blocking"};
  while (!done() && clock_.now() < until) {
    if (step_now() || advance(until)) continue;
    if (until == TimePoint::max())
      throw Misuse{"the World has come to rest, and somebody waits without a deadline: it would wait for ever"};
  }
  return done();
}

bool Simulation::anything_under_way() const {
  if (network_.anything_under_way()) return true;
  for (const auto& stand : stands_) {
    if (!stand->running) continue;
    for (const auto& session : stand->core->links().all())
      if (!session->unsent().empty()) return true;
  }
  return false;
}

}  // namespace troupe::detail
