// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/node/memory.hpp>

#include <array>
#include <mutex>
#include <new>
#include <vector>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define TROUPE_PLAIN_MEMORY 1  // a use after free, or a race over a reused piece, would hide in the magazines
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define TROUPE_PLAIN_MEMORY 1
#endif
#endif

namespace troupe::detail {

#ifdef TROUPE_PLAIN_MEMORY

void* take_memory(std::size_t bytes) { return ::operator new (bytes, std::align_val_t{16}); }
void give_memory(void* memory, std::size_t) noexcept { ::operator delete (memory, std::align_val_t{16}); }

#else

namespace {

constexpr std::size_t classes = 8;            // 32, 64, 96, ... 256 bytes
constexpr std::size_t step = 32;              // bytes between two classes
constexpr std::size_t magazine_pieces = 128;  // Bonwick and Adams, "Magazines and Vmem", 2001
constexpr std::size_t depot_magazines = 256;  // kept per class: 1 MiB of the smallest, 8 MiB of the largest pieces

struct Piece {
  Piece* next;
};

struct Magazine {
  Piece* first = nullptr;
  std::size_t count = 0;
};

struct Depot {
  std::mutex mutex;
  std::vector<Piece*> full;  // chains of `magazine_pieces`
};

// Lives for ever: threads give back while the process exits.
std::array<Depot, classes>& depots() {
  static auto* all = new std::array<Depot, classes>;
  return *all;
}

void free_chain(Piece* piece) {
  while (piece != nullptr) {
    Piece* next = piece->next;
    ::operator delete (piece, std::align_val_t{16});
    piece = next;
  }
}

void store_full(std::size_t size_class, Magazine& magazine) {
  Depot& depot = depots()[size_class];
  Piece* chain = magazine.first;
  magazine = {};
  {
    const std::lock_guard lock{depot.mutex};
    if (depot.full.size() < depot_magazines) {
      depot.full.push_back(chain);
      return;
    }
  }
  free_chain(chain);
}

struct Magazines {
  std::array<std::array<Magazine, 2>, classes> loaded;
  ~Magazines() {
    for (auto& pair : loaded)
      for (auto& magazine : pair) {
        free_chain(magazine.first);
        magazine = {};
      }
    gone = true;
  }
  static thread_local bool gone;  // the thread ends: its magazines have been emptied
};
thread_local bool Magazines::gone = false;
thread_local Magazines magazines;

void* refill(std::size_t size_class, std::array<Magazine, 2>& pair) {
  std::swap(pair[0], pair[1]);
  if (pair[0].first == nullptr) {
    Depot& depot = depots()[size_class];
    const std::lock_guard lock{depot.mutex};
    if (!depot.full.empty()) {
      pair[0] = {depot.full.back(), magazine_pieces};
      depot.full.pop_back();
    }
  }
  Piece* piece = pair[0].first;
  if (piece == nullptr) return ::operator new ((size_class + 1) * step, std::align_val_t{16});
  pair[0].first = piece->next;
  --pair[0].count;
  return piece;
}

}  // namespace

void* take_memory(std::size_t bytes) {
  const std::size_t size_class = (bytes - 1) / step;
  if (size_class >= classes) return ::operator new (bytes, std::align_val_t{16});
  if (Magazines::gone) return ::operator new ((size_class + 1) * step, std::align_val_t{16});
  auto& pair = magazines.loaded[size_class];
  Piece* piece = pair[0].first;
  if (piece == nullptr) return refill(size_class, pair);
  pair[0].first = piece->next;
  --pair[0].count;
  return piece;
}

void give_memory(void* memory, std::size_t bytes) noexcept {
  const std::size_t size_class = (bytes - 1) / step;
  if (size_class >= classes || Magazines::gone) {
    ::operator delete (memory, std::align_val_t{16});
    return;
  }
  auto& pair = magazines.loaded[size_class];
  if (pair[0].count == magazine_pieces) {
    if (pair[1].count == magazine_pieces) store_full(size_class, pair[1]);
    std::swap(pair[0], pair[1]);
  }
  pair[0].first = new (memory) Piece{pair[0].first};
  ++pair[0].count;
}

#endif

}  // namespace troupe::detail
