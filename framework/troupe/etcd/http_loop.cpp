// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/etcd/http_loop.hpp>

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <new>
#include <utility>

#include <troupe/node/signals.hpp>

namespace troupe::etcd::detail {

using namespace troupe::detail;

namespace {

constexpr std::size_t largest_answer = 64 << 20;  // guards memory: 10,000 names have some 10 MiB

void* make_multi() {
  static const CURLcode ready = ::curl_global_init(CURL_GLOBAL_DEFAULT);
  void* multi = ready == CURLE_OK ? ::curl_multi_init() : nullptr;
  if (multi == nullptr) throw std::bad_alloc{};
  return multi;
}

long milliseconds(Duration duration) {
  return std::max(1L, static_cast<long>(std::chrono::ceil<std::chrono::milliseconds>(duration).count()));
}

}  // namespace

struct HttpLoop::Transfer {
  explicit Transfer(void* of) : multi{of}, easy{::curl_easy_init()} {
    if (easy == nullptr) throw std::bad_alloc{};
    headers = ::curl_slist_append(headers, "Content-Type: application/json");
    headers = ::curl_slist_append(headers, "Expect:");
  }
  ~Transfer() {
    ::curl_multi_remove_handle(multi, easy);
    ::curl_easy_cleanup(easy);
    ::curl_slist_free_all(headers);
  }
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  static std::size_t write(char* bytes, std::size_t, std::size_t size, void* self) {
    auto& body = static_cast<Transfer*>(self)->answer.body;
    if (body.size() + size > largest_answer) return 0;
    body.append(bytes, size);
    return size;
  }

  void* const multi;
  void* const easy;
  curl_slist* headers = nullptr;
  std::array<char, CURL_ERROR_SIZE> error{};
  std::string body;
  HttpAnswer answer;
  Piece piece;
  Done done;
  std::uint64_t number = 0;
};

HttpLoop::HttpLoop(const Options& options) : options_{options}, multi_{make_multi()}, thread_{quiet_thread([this] { run(); })} {}

HttpLoop::~HttpLoop() {
  stop();
  transfers_.clear();
  ::curl_multi_cleanup(multi_);
}

void HttpLoop::post(std::function<void()> work) {
  {
    const std::lock_guard lock{mutex_};
    posted_.push_back(std::move(work));
  }
  ::curl_multi_wakeup(multi_);
}

void HttpLoop::stop() {
  {
    const std::lock_guard lock{mutex_};
    stopped_ = true;
  }
  ::curl_multi_wakeup(multi_);
  if (thread_.joinable()) thread_.join();
}

void HttpLoop::after(Duration pause, std::function<void()> work) {
  later_.emplace(troupe::detail::after(Clock::steady().now(), pause), std::move(work));
}

void HttpLoop::send(const std::string& url, std::string body, Duration patience, Done done) {
  ::curl_easy_setopt(begin(url, std::move(body), patience, std::move(done)).easy, CURLOPT_TIMEOUT_MS, milliseconds(patience));
}

std::uint64_t HttpLoop::open_stream(const std::string& url, std::string body, Duration patience, Piece piece, Done done) {
  Transfer& transfer = begin(url, std::move(body), patience, std::move(done));
  transfer.piece = std::move(piece);
  return transfer.number;
}

void HttpLoop::close_stream(std::uint64_t number) { transfers_.erase(number); }

HttpLoop::Transfer& HttpLoop::begin(const std::string& url, std::string body, Duration patience, Done done) {
  auto made = std::make_unique<Transfer>(multi_);
  Transfer& transfer = *made;
  transfer.body = std::move(body);
  transfer.done = std::move(done);
  transfer.number = ++last_number_;
  const auto set = [&](CURLoption option, auto value) { ::curl_easy_setopt(transfer.easy, option, value); };
  set(CURLOPT_URL, url.c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(CURLOPT_NOPROXY, "*");  // etcd stands beside us; a proxy of the environment is for the way out
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_QUICK_EXIT, 1L);  // a resolver that hangs is not waited for
  set(CURLOPT_CONNECTTIMEOUT_MS, milliseconds(patience));
  set(CURLOPT_HTTPHEADER, transfer.headers);
  set(CURLOPT_POSTFIELDSIZE, static_cast<long>(transfer.body.size()));
  set(CURLOPT_POSTFIELDS, transfer.body.c_str());
  set(CURLOPT_ERRORBUFFER, transfer.error.data());
  set(CURLOPT_WRITEFUNCTION, &Transfer::write);
  set(CURLOPT_WRITEDATA, &transfer);
  set(CURLOPT_PRIVATE, &transfer);
  if (!options_.ca_file.empty()) set(CURLOPT_CAINFO, options_.ca_file.c_str());
  if (!options_.certificate_file.empty()) set(CURLOPT_SSLCERT, options_.certificate_file.c_str());
  if (!options_.key_file.empty()) set(CURLOPT_SSLKEY, options_.key_file.c_str());
  transfers_.emplace(transfer.number, std::move(made));
  ::curl_multi_add_handle(multi_, transfer.easy);
  return transfer;
}

void HttpLoop::run() {
  while (true) {
    {
      const std::lock_guard lock{mutex_};
      if (stopped_) return;
    }
    run_posted();
    run_due();
    int running = 0;
    ::curl_multi_perform(multi_, &running);
    hand_out_pieces();
    finish_transfers();
    ::curl_multi_poll(multi_, nullptr, 0, next_wait_ms(), nullptr);
  }
}

void HttpLoop::run_posted() {
  std::vector<std::function<void()>> posted;
  {
    const std::lock_guard lock{mutex_};
    posted.swap(posted_);
  }
  for (const auto& work : posted) work();
}

void HttpLoop::run_due() {
  const TimePoint now = Clock::steady().now();
  while (!later_.empty() && later_.begin()->first <= now) later_.extract(later_.begin()).mapped()();
}

// Here and not in curl's callback, where nothing may be sent.
void HttpLoop::hand_out_pieces() {
  std::vector<std::uint64_t> with_pieces;
  for (const auto& [number, transfer] : transfers_)
    if (transfer->piece && !transfer->answer.body.empty()) with_pieces.push_back(number);
  for (const std::uint64_t number : with_pieces) {
    const auto found = transfers_.find(number);
    if (found == transfers_.end()) continue;
    const Piece piece = found->second->piece;
    piece(std::exchange(found->second->answer.body, {}));
  }
}

void HttpLoop::finish_transfers() {
  int left = 0;
  while (const CURLMsg* message = ::curl_multi_info_read(multi_, &left)) {
    void* given = nullptr;
    ::curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &given);
    auto& transfer = *static_cast<Transfer*>(given);
    HttpAnswer answer = std::move(transfer.answer);
    ::curl_easy_getinfo(transfer.easy, CURLINFO_RESPONSE_CODE, &answer.status);
    if (message->data.result == CURLE_OPERATION_TIMEDOUT) {
      answer.problem = "no answer in time";
      answer.late = true;
    } else if (message->data.result != CURLE_OK) {
      answer.problem = transfer.error.front() != '\0' ? transfer.error.data() : ::curl_easy_strerror(message->data.result);
    }
    const Done done = std::move(transfer.done);
    transfers_.erase(transfer.number);
    done(answer);
  }
}

// In milliseconds, as curl wants it: it wakes up for its own timers by itself.
int HttpLoop::next_wait_ms() const {
  if (later_.empty()) return 60'000;
  const auto wait = std::chrono::ceil<std::chrono::milliseconds>(later_.begin()->first - Clock::steady().now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(wait, 0, 60'000));
}

}  // namespace troupe::etcd::detail
