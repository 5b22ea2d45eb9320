// troupe: actors in processes. Apache-2.0, see LICENSE.
// A function as a process: started with arguments, joined, signalled, its exit code.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <vector>

#include <troupe/actor/spawn.hpp>
#include <troupe/node/bells.hpp>
#include <troupe/node/clock.hpp>
#include <troupe/node/entry.hpp>
#include <troupe/node/node.hpp>
#include <troupe/node/process_options.hpp>
#include <troupe/wire/archive.hpp>
#include <troupe/wire/message.hpp>
#include <troupe/wire/result.hpp>

namespace troupe {

namespace detail {
class ProcessState;
}

/// A process that runs one function on its main thread, started by `Node::start`:
///
///     troupe::Process counter = node.start<count>(queue, 2'000);            // a function, or a static member: start<&Work::send>
///     node.start({.daemon = true}, [](troupe::Queue<int> queue) { ... }, queue);  // a lambda that captures nothing
///
/// The arguments travel as messages do, converted to the types of the parameters; a first parameter `troupe::Node&` is the node of
/// the new process and takes no argument. Its exit code is what the function returns, if that is an int, else 0; 1 after an
/// exception, whose text is on its stderr and in `result`; that of exit and _Exit; minus the signal that killed it. `start` returns
/// once the process runs, after about 6 ms.
///
/// Lifetime: the process is its node's: the end of the handle detaches it, the end of the node waits for it, or ends it if it is
///           a daemon. It ends with its parent's process, however that ends. The handle may outlive the node.
/// Threads:  safe, but for `close` and moves.
/// Empty (default constructed, moved from, closed): every member but `close` and `bool` throws Misuse.
class Process {
 public:
  Process() noexcept = default;
  explicit Process(std::shared_ptr<detail::ProcessState> state) noexcept;
  Process(Process&& other) noexcept = default;
  Process& operator=(Process&& other) noexcept = default;

  /// Waits until it has ended and what it printed has been passed on. Without limit; after 30 s a line says so.
  /// @throws Closed  its node has ended and could not end it
  void join() const;
  /// @returns whether it ended within `patience`; zero or less: whether it has
  [[nodiscard]] bool join_for(Duration patience) const;
  /// As `join`, without blocking: for `co_await`.
  [[nodiscard]] Future<void> join_async() const;
  /// As `join`, and then how it went: an ActorDied with exit code, signal, last lines of stderr and, as cause, what it threw.
  [[nodiscard]] Result<void> result() const;

  [[nodiscard]] bool is_alive() const;
  /// Nothing while it lives; minus the signal that killed it.
  [[nodiscard]] std::optional<int> exit_code() const;
  /// Sends SIGTERM; if it has ended already, nothing. Returns at once.
  void terminate() const;
  /// The same with SIGKILL.
  void kill() const;

  [[nodiscard]] int pid() const;
  [[nodiscard]] const std::string& name() const;
  [[nodiscard]] bool daemon() const;
  /// What it has written to stdout so far. @throws Misuse  started without `.output = Output::captured`
  [[nodiscard]] std::string output() const;
  /// The same of stderr.
  [[nodiscard]] std::string errors() const;

  /// Empties the handle of a process that has ended. Again: no effect. @throws Misuse  it lives
  void close();
  explicit operator bool() const noexcept { return static_cast<bool>(state_); }

  // For `wait_any`: ready when `join` would not wait.
  [[nodiscard]] detail::NodeCore& troupe_node() const;
  [[nodiscard]] bool troupe_ready() const;
  void troupe_ring(const detail::Bell& bell) const;

 private:
  [[nodiscard]] detail::ProcessState& state() const;

  std::shared_ptr<detail::ProcessState> state_;
};

/// The living processes that `node` has started to run functions.
[[nodiscard]] std::vector<ProcessInfo> active_children(const Node& node);
/// Who started this process; nothing: it is the first.
[[nodiscard]] std::optional<ProcessInfo> parent_process(const Node& node);
/// Processors that this process may use, at least 1.
[[nodiscard]] std::size_t cpu_count();

namespace detail {

template <class Function>
struct Signature;
template <class R, class... P>
struct Signature<R (*)(P...)> {
  using Returned = R;
  using Parameters = TypeList<P...>;
};
template <class R, class... P>
struct Signature<R (*)(P...) noexcept> : Signature<R (*)(P...)> {};
template <class R, class C, class... P>
struct Signature<R (C::*)(P...)> : Signature<R (*)(P...)> {};
template <class R, class C, class... P>
struct Signature<R (C::*)(P...) const> : Signature<R (*)(P...)> {};
template <class R, class C, class... P>
struct Signature<R (C::*)(P...) noexcept> : Signature<R (*)(P...)> {};
template <class R, class C, class... P>
struct Signature<R (C::*)(P...) const noexcept> : Signature<R (*)(P...)> {};

/// What the parameters travel as, whether there is a node before them.
template <class... P>
struct Travellers {
  static constexpr bool node_first = false;
  using Tuple = std::tuple<std::decay_t<P>...>;
};
template <class... P>
struct Travellers<Node&, P...> {
  static constexpr bool node_first = true;
  using Tuple = std::tuple<std::decay_t<P>...>;
};
template <class Parameters>
struct TravellersOf;
template <class... P>
struct TravellersOf<TypeList<P...>> : Travellers<P...> {};

/// A function that is a constant.
template <auto function>
struct NamedFunction {
  using Type = decltype(function);
  static constexpr bool has_signature = true;
  template <class... Args>
  static decltype(auto) call(Args&&... args) {
    return function(std::forward<Args>(args)...);
  }
};
/// A lambda that captures nothing: made anew in the other process.
template <class Function>
struct Lambda {
  static constexpr bool has_signature = requires { &Function::operator(); };
  template <class... Args>
  static decltype(auto) call(Args&&... args) {
    return Function{}(std::forward<Args>(args)...);
  }
};
template <class Callee>
struct SignatureOf;
template <auto function>
struct SignatureOf<NamedFunction<function>> : Signature<decltype(function)> {};
template <class Function>
requires(Lambda<Function>::has_signature) struct SignatureOf<Lambda<Function>> : Signature<decltype(&Function::operator())> {
};

/// A lambda with `auto` parameters takes the arguments as they are.
template <class Callee, class... Args>
struct TravelsAs {
  static constexpr bool node_first =
      std::is_invocable_v<decltype(&Callee::template call<Node&, Travelling<Args>...>), Node&, Travelling<Args>...>;
  using Tuple = std::tuple<Travelling<Args>...>;
};
template <class Callee, class... Args>
requires(Callee::has_signature) struct TravelsAs<Callee, Args...> : TravellersOf<typename SignatureOf<Callee>::Parameters> {
};

/// What a child runs: `Callee` with arguments that travelled as `Tuple`.
template <class Callee, bool node_first, class Tuple>
struct ProcessFunction {
  static int run(NodeCore& node, std::span<const std::byte> encoded);
  static inline const Entry entry{&run};
};

[[nodiscard]] Node& node_behind(NodeCore& core);
[[nodiscard]] std::shared_ptr<ProcessState> start_process(NodeCore& node, EntryFunction entry, const Encoded& arguments,
                                                          const ProcessOptions& options);
/// The name of a function as a reader would write it, out of what the compiler says.
[[nodiscard]] std::string function_name(std::string_view spelled);
[[nodiscard]] std::string lambda_name(const std::type_info& type);

template <auto function>
constexpr std::string_view spelled_value() {
  return __PRETTY_FUNCTION__;
}

template <class Callee, bool node_first, class Tuple>
int ProcessFunction<Callee, node_first, Tuple>::run(NodeCore& node, std::span<const std::byte> encoded) {
  auto arguments = decode<Tuple>(encoded);
  const auto call = [&]() -> decltype(auto) {
    return std::apply(
        [&](auto&... each) -> decltype(auto) {
          if constexpr (node_first) {
            return Callee::call(node_behind(node), std::move(each)...);
          } else {
            return Callee::call(std::move(each)...);
          }
        },
        arguments);
  };
  using Returned = decltype(call());
  static_assert(std::is_void_v<Returned> || std::is_same_v<Returned, int>,
                "start: the function returns void, or its exit code as an int; results go through a Queue, a Value or an actor");
  if constexpr (std::is_same_v<Returned, int>) {
    return call();
  } else {
    call();
    return 0;
  }
}

template <class Tuple, class... Args>
constexpr bool converts_to = false;
template <class... Each, class... Args>
requires(sizeof...(Each) ==
         sizeof...(Args)) constexpr bool converts_to<std::tuple<Each...>, Args...> = (std::is_constructible_v<Each, Args> && ...);

template <class Callee, class... Args>
Process start(Node& node, ProcessOptions options, std::string (*name)(), Args&&... args) {
  using How = TravelsAs<Callee, Args...>;
  using Tuple = typename How::Tuple;
  static_assert(std::tuple_size_v<Tuple> == sizeof...(Args), "start: the function takes another number of arguments");
  static_assert(std::tuple_size_v<Tuple> != sizeof...(Args) || converts_to<Tuple, Args...>,
                "start: an argument does not convert to the function's parameter");
  if constexpr (converts_to<Tuple, Args...>) {
    check_message<Tuple>();
    using Function = ProcessFunction<Callee, How::node_first, Tuple>;
    static_cast<void>(&Function::entry);
    if (options.name.empty()) options.name = name();
    Encoded arguments;
    encode(arguments, Tuple(std::forward<Args>(args)...));
    return Process{start_process(node.core(), &Function::run, arguments, options)};
  } else {
    return Process{};
  }
}

template <class Function, class... Args>
Process start_lambda(Node& node, ProcessOptions options, Args&&... args) {
  constexpr bool captures = !(std::is_empty_v<Function> && std::is_default_constructible_v<Function>);
  static_assert(!captures,
                "start: this lambda captures something, which would not be the same in another process; give it as an argument: "
                "start([](int n) { ... }, n)");
  if constexpr (captures) {
    return Process{};
  } else {
    return start<Lambda<Function>>(
        node, std::move(options), [] { return lambda_name(typeid(Function)); }, std::forward<Args>(args)...);
  }
}

template <auto function, class... Args>
Process start_function(Node& node, ProcessOptions options, Args&&... args) {
  static_assert(!std::is_member_function_pointer_v<decltype(function)>,
                "start: this member function needs an object; make it static, or let a lambda call it on an object that is its argument");
  if constexpr (std::is_member_function_pointer_v<decltype(function)>) {
    return Process{};
  } else {
    return start<NamedFunction<function>>(
        node, std::move(options), [] { return function_name(spelled_value<function>()); }, std::forward<Args>(args)...);
  }
}

}  // namespace detail

template <auto function, class... Args>
Process Node::start(Args&&... args) {
  return detail::start_function<function>(*this, {}, std::forward<Args>(args)...);
}
template <auto function, class... Args>
Process Node::start(ProcessOptions options, Args&&... args) {
  return detail::start_function<function>(*this, std::move(options), std::forward<Args>(args)...);
}
template <class Function, class... Args>
requires std::is_class_v<std::remove_cvref_t<Function>> Process Node::start(Function&&, Args&&... args) {
  return detail::start_lambda<std::remove_cvref_t<Function>>(*this, {}, std::forward<Args>(args)...);
}
template <class Function, class... Args>
requires std::is_class_v<std::remove_cvref_t<Function>> Process Node::start(ProcessOptions options, Function&&, Args&&... args) {
  return detail::start_lambda<std::remove_cvref_t<Function>>(*this, std::move(options), std::forward<Args>(args)...);
}

}  // namespace troupe
