// troupe: actors in processes. Apache-2.0, see LICENSE.
#include <troupe/node/build_id.hpp>
#include <troupe/wire/error.hpp>

#include <link.h>
#include <sys/auxv.h>

#include <algorithm>
#include <cstring>
#include <mutex>
#include <span>
#include <vector>

namespace troupe::detail {

namespace {

struct Segment {
  std::uintptr_t begin = 0;
  std::uintptr_t end = 0;
  std::size_t module = 0;
};

struct Module {
  std::uintptr_t base = 0;
  std::string name;  // empty: the main program
  CodeKey key;       // with offset 0; build_bytes 0: none
};

// Rebuilt whenever a library was loaded or unloaded: another module may lie at an address seen before.
struct Modules {
  std::mutex mutex;
  unsigned long long loaded = 0;
  unsigned long long unloaded = 0;
  std::vector<Module> modules;
  std::vector<Segment> segments;

  static Modules& instance() {
    static auto* modules = new Modules;  // for ever: statics of the user's may ask while the process exits
    return *modules;
  }
};

void read_notes(std::span<const std::byte> notes, std::size_t alignment, CodeKey& key) {
  const auto padded = [&](std::size_t bytes) { return (bytes + alignment - 1) / alignment * alignment; };
  while (notes.size() >= sizeof(ElfW(Nhdr))) {
    ElfW(Nhdr) head;
    std::memcpy(&head, notes.data(), sizeof head);
    const std::size_t text = padded(sizeof head + head.n_namesz);
    const std::size_t whole = padded(text + head.n_descsz);
    if (text + head.n_descsz > notes.size()) return;
    const bool gnu = head.n_namesz == 4 && std::memcmp(notes.data() + sizeof head, "GNU", 4) == 0;
    if (gnu && head.n_type == NT_GNU_BUILD_ID && head.n_descsz > 0) {
      for (std::size_t i = 0; i < head.n_descsz; ++i) key.build[i % key.build.size()] ^= static_cast<std::uint8_t>(notes[text + i]);
      key.build_bytes = static_cast<std::uint8_t>(std::min<std::size_t>(head.n_descsz, key.build.size()));
      return;
    }
    notes = notes.subspan(std::min(whole, notes.size()));
  }
}

int note_counters(dl_phdr_info* info, std::size_t, void* result) {
  auto& counters = *static_cast<std::pair<unsigned long long, unsigned long long>*>(result);
  counters = {info->dlpi_adds, info->dlpi_subs};
  return 1;  // the first module says it for all
}

int note_module(dl_phdr_info* info, std::size_t, void* result) {
  auto& all = *static_cast<Modules*>(result);
  all.loaded = info->dlpi_adds;
  all.unloaded = info->dlpi_subs;
  Module module{.base = info->dlpi_addr, .name = info->dlpi_name == nullptr ? "" : info->dlpi_name, .key = {}};
  for (const auto& header : std::span{info->dlpi_phdr, info->dlpi_phnum}) {
    const std::uintptr_t begin = info->dlpi_addr + header.p_vaddr;
    if (header.p_type == PT_LOAD) all.segments.push_back({begin, begin + header.p_memsz, all.modules.size()});
    if (header.p_type == PT_NOTE && module.key.build_bytes == 0)
      read_notes({reinterpret_cast<const std::byte*>(begin), header.p_memsz}, header.p_align == 8 ? 8 : 4, module.key);
  }
  all.modules.push_back(std::move(module));
  return 0;
}

}  // namespace

CodeKey code_key(const void* address) {
  auto& all = Modules::instance();
  const std::lock_guard lock{all.mutex};
  std::pair<unsigned long long, unsigned long long> counters;
  ::dl_iterate_phdr(note_counters, &counters);
  if (all.modules.empty() || counters != std::pair{all.loaded, all.unloaded}) {
    all.modules.clear();
    all.segments.clear();
    ::dl_iterate_phdr(note_module, &all);
  }
  const auto place = reinterpret_cast<std::uintptr_t>(address);
  for (const auto& segment : all.segments) {
    if (place < segment.begin || place >= segment.end) continue;
    const auto& module = all.modules[segment.module];
    if (module.key.build_bytes == 0)
      raise(ErrorType::misuse, (module.name.empty() ? "the program" : module.name) +
                                   " has no build id, by which its functions are known in other processes; link it with -Wl,--build-id");
    CodeKey key = module.key;
    key.offset = place - module.base;
    return key;
  }
  raise(ErrorType::misuse, "this address lies in no loaded program or library");
}

std::string build_id() {
  // The program headers lie in the main program itself, whoever asks.
  const auto key = code_key(reinterpret_cast<const void*>(::getauxval(AT_PHDR)));
  std::string digits;
  for (std::size_t i = 0; i < key.build_bytes; ++i) {
    digits += "0123456789abcdef"[key.build[i] >> 4];
    digits += "0123456789abcdef"[key.build[i] & 15];
  }
  return digits;
}

}  // namespace troupe::detail

std::size_t std::hash<troupe::detail::CodeKey>::operator()(const troupe::detail::CodeKey& key) const noexcept {
  std::uint64_t build = 0;
  std::memcpy(&build, key.build.data(), sizeof build);  // a digest: any eight bytes of it are as good as all
  return static_cast<std::size_t>((build ^ key.offset) * 0x9e3779b97f4a7c15u);
}
