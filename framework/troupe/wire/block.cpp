// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/wire/block.hpp>

#include <array>
#include <mutex>
#include <new>
#include <utility>

namespace troupe::detail {

namespace {

// A lone tell must not pin a block of 64 KiB until it is acknowledged: small frames have classes of their own.
constexpr std::array<std::size_t, 5> class_bytes{512, 4096, 16384, 72 * 1024, 1152 * 1024};
// Memory kept idle per class, in blocks: 1 MiB to 9 MiB each.
constexpr std::array<std::size_t, 5> class_kept{2048, 512, 128, 128, 8};
constexpr std::uint32_t unpooled = class_bytes.size();

#if defined(__SANITIZE_ADDRESS__)
constexpr bool pooled = false;  // a use after free would hide in the pool
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
constexpr bool pooled = false;
#else
constexpr bool pooled = true;
#endif
#else
constexpr bool pooled = true;
#endif

std::uint32_t class_for(std::size_t capacity) {
  for (std::uint32_t i = 0; i < unpooled; ++i)
    if (capacity <= class_bytes[i]) return i;
  return unpooled;
}

}  // namespace

// Lives for ever: the last block may be given back by a thread of libzmq while the process exits.
struct BlockPool {
  struct FreeList {
    std::mutex mutex;
    Block::Head* first = nullptr;
    std::size_t count = 0;
  };
  std::array<FreeList, class_bytes.size()> lists;

  static BlockPool& instance() {
    static auto* pool = new BlockPool;
    return *pool;
  }
};

// One block of the smallest class per thread: that in which each message is encoded, without the pool's lock.
struct BlockAtHand {
  // No members of an object with a destructor: they are used until the thread's very end.
  static inline thread_local Block::Head* head = nullptr;
  static inline thread_local bool open = true;  // false: the thread is ending, what comes goes to the pool

  struct Guard {
    ~Guard() {
      open = false;
      if (head != nullptr) Block::pool(std::exchange(head, nullptr));
    }
  };
  static bool put(Block::Head* block) {
    static thread_local const Guard guard;
    if (!open || head != nullptr) return false;
    head = block;
    return true;
  }
};

Block Block::make(std::size_t capacity) {
  const std::uint32_t size_class = class_for(capacity);
  Head* head = nullptr;
  if (pooled && size_class == 0) head = std::exchange(BlockAtHand::head, nullptr);
  if (pooled && head == nullptr && size_class != unpooled) {
    auto& list = BlockPool::instance().lists[size_class];
    const std::lock_guard lock{list.mutex};
    head = list.first;
    if (head != nullptr) {
      list.first = head->next;
      --list.count;
    }
  }
  if (head == nullptr) {
    const std::size_t room = size_class == unpooled ? capacity : class_bytes[size_class];
    head = new (::operator new (sizeof(Head) + room, std::align_val_t{alignof(Head)})) Head{};
    head->capacity = room;
    head->size_class = size_class;
  }
  head->size = 0;
  head->references.store(1, std::memory_order_relaxed);
  Block block;
  block.head_ = head;
  return block;
}

void Block::give_back(Head* head) noexcept {
  if (pooled && head->size_class == 0 && BlockAtHand::put(head)) return;
  pool(head);
}

void Block::pool(Head* head) noexcept {
  if (pooled && head->size_class != unpooled) {
    auto& list = BlockPool::instance().lists[head->size_class];
    const std::lock_guard lock{list.mutex};
    if (list.count < class_kept[head->size_class]) {
      head->next = list.first;
      list.first = head;
      ++list.count;
      return;
    }
  }
  head->~Head();
  ::operator delete (head, std::align_val_t{alignof(Head)});
}

}  // namespace troupe::detail
