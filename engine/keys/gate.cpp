// SPDX-License-Identifier: Apache-2.0
#include "engine/keys/gate.hpp"

#include "engine/base/assert.hpp"
#include "engine/base/clock.hpp"
#include "engine/base/log.hpp"
#include "engine/base/note_limiter.hpp"
#include "engine/keys/allow_list.hpp"
#include "engine/keys/connections.hpp"
#include "engine/keys/endpoint.hpp"

#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>
#include <zmq.hpp>

namespace gale::keys {
namespace {

constexpr int kEnforceDomain = 93;  // ZMQ_ZAP_ENFORCE_DOMAIN: of the draft interface, and in Debian's build
constexpr std::string_view kDomain = "gale:";
constexpr std::uint32_t kChanges =
    IN_CREATE | IN_DELETE | IN_MOVED_TO | IN_MOVED_FROM | IN_CLOSE_WRITE | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF;
constexpr std::chrono::milliseconds kHandshake{2000};
constexpr std::chrono::milliseconds kSoon{100}, kFaultyAgain{1000};
constexpr std::chrono::milliseconds kForEver{-1};

std::string text_of(const zmq::message_t& message) {
  return {static_cast<const char*>(message.data()), message.size()};
}

Failed zmq_failed(const char* doing) {
  return {std::string("cannot ") + doing + ": " + zmq_strerror(zmq_errno()) + advice_for(zmq_errno())};
}

/// A descriptor that is ours.
struct Descriptor {
  int fd = -1;
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
};

[[noreturn]] void end_process(std::string_view why) {
  log::error("keys", "the thread that checks keys has ended (" + std::string(why) +
                         "): ending the process, since "
                         "nobody could be refused any more");
  std::abort();
}

/// All frames of a message, at most so many; the rest is dropped. Empty: there is none now.
std::vector<zmq::message_t> receive(zmq::socket_t& socket) {
  constexpr std::size_t kMostFrames = 16;
  std::vector<zmq::message_t> frames;
  bool more = true;
  while (more) {
    zmq::message_t frame;
    if (!socket.recv(frame, zmq::recv_flags::dontwait)) break;
    more = frame.more();
    if (frames.size() < kMostFrames) frames.push_back(std::move(frame));
  }
  return frames;
}

}  // namespace

struct Gate::Impl {
  Impl(zmq::context_t& context_, GateOptions options_)
      : context(context_),
        options(std::move(options_)),
        list(options.authorized),
        connections(Connections::share_of_limit()) {
    if (!options.died) options.died = end_process;
  }

  [[nodiscard]] bool with_keys() const { return !options.authorized.empty(); }

  // --- the thread
  void run();
  void loop();
  void answer();
  void hear(zmq::socket_t& monitor);
  AllowList::Change reread();
  void watch_folders();
  void look_for_changes();
  void look_again();
  void take_newcomers();
  [[nodiscard]] std::chrono::milliseconds patience() const;
  void warn(std::string_view text) {
    if (auto note = limiter.note(text, clock.now())) log::warn("keys", *note);
  }

  // --- from any thread
  Result<void> monitor(zmq::socket_t& socket);
  void wake() const {
    const std::uint64_t one = 1;
    static_cast<void>(!::write(waker.fd, &one, sizeof one));
  }

  zmq::context_t& context;
  GateOptions options;
  SteadyClock clock;
  AllowList list;
  Connections connections;  // the thread's
  NoteLimiter limiter;      // the thread's
  bool faulty = false;      // the thread's: something of the list could not be read
  Descriptor waker, notify;
  zmq::socket_t zap;                    // the thread's
  std::vector<zmq::socket_t> monitors;  // the thread's
  std::mutex mutex;
  std::vector<zmq::socket_t> newcomers;  // monitors on their way to the thread; under mutex
  std::map<std::string, Roles> domains;  // under mutex
  std::uint64_t monitors_made = 0;       // under mutex
  std::atomic<bool> stopping{false};
  std::atomic<std::uint64_t> let_in{0}, refused{0}, cut{0}, reloads{0};
  std::thread thread;
};

Gate::Gate(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<std::unique_ptr<Gate>> Gate::open(zmq::context_t& context, GateOptions options) {
  auto impl = std::make_unique<Impl>(context, std::move(options));
  impl->waker.fd = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (impl->waker.fd < 0)
    return Failed{std::string("cannot guard sockets: ") + std::strerror(errno) + advice_for(errno)};
  if (impl->with_keys()) {
    impl->notify.fd = ::inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (impl->notify.fd < 0)
      return Failed{"cannot watch " + impl->options.authorized.string() + ": " + std::strerror(errno) +
                    advice_for(errno)};
    impl->watch_folders();
    impl->reread();
    try {
      impl->zap = zmq::socket_t(impl->context, zmq::socket_type::rep);
      impl->zap.set(zmq::sockopt::linger, 0);
      impl->zap.bind("inproc://zeromq.zap.01");
    } catch (const zmq::error_t& error) {
      return Failed{std::string("cannot check keys: ") + error.what() + advice_for(error.num())};
    }
  }
  impl->thread = std::thread([self = impl.get()] { self->run(); });
  return std::unique_ptr<Gate>(new Gate(std::move(impl)));
}

Gate::~Gate() {
  impl_->stopping = true;
  impl_->wake();
  impl_->thread.join();
}

void Gate::Impl::run() {
  ::pthread_setname_np(::pthread_self(), "gale-keys");
  std::string why = "it was cancelled";
  struct Last {  // also when the thread is cancelled
    Impl& self;
    const std::string& why;
    ~Last() {
      self.zap.close();
      self.monitors.clear();
      if (!self.stopping) self.options.died(why);
    }
  } const last{*this, why};
  try {
    loop();
  } catch (const std::exception& error) {
    why = error.what();
  }
}

std::chrono::milliseconds Gate::Impl::patience() const {
  if (connections.shedding()) return kSoon;
  return faulty ? kFaultyAgain : kForEver;
}

void Gate::Impl::loop() {
  while (!stopping) {
    std::vector<zmq::pollitem_t> items = {{nullptr, waker.fd, ZMQ_POLLIN, 0}};
    if (with_keys()) {
      items.push_back({nullptr, notify.fd, ZMQ_POLLIN, 0});
      items.push_back({zap.handle(), 0, ZMQ_POLLIN, 0});
    }
    for (zmq::socket_t& one : monitors) items.push_back({one.handle(), 0, ZMQ_POLLIN, 0});
    int ready = 0;
    try {
      ready = zmq::poll(items, patience());
    } catch (const zmq::error_t& error) {
      if (error.num() != EINTR) throw;
    }
    std::uint64_t ignored = 0;
    static_cast<void>(!::read(waker.fd, &ignored, sizeof ignored));
    if (with_keys()) {
      if (ready == 0 && faulty) look_again();
      look_for_changes();
      answer();
    }
    for (zmq::socket_t& one : monitors) hear(one);
    if (connections.shedding()) connections.try_restore();
    cut = connections.cut();
    take_newcomers();
  }
}

void Gate::Impl::take_newcomers() {
  const std::lock_guard lock(mutex);
  for (zmq::socket_t& one : newcomers) monitors.push_back(std::move(one));
  newcomers.clear();
}

/// ZAP, RFC 27: version, request id, domain, address, identity, mechanism, key.
void Gate::Impl::answer() {
  while (true) {
    const std::vector<zmq::message_t> asked = receive(zap);
    if (asked.empty()) return;
    std::optional<std::string> name;
    std::string key;
    if (asked.size() == 7 && text_of(asked[0]) == "1.0" && text_of(asked[5]) == "CURVE" && asked[6].size() == 32) {
      std::array<char, kKeyChars + 1> z85{};
      zmq_z85_encode(z85.data(), static_cast<const std::uint8_t*>(asked[6].data()), 32);
      key = z85.data();
      const std::lock_guard lock(mutex);
      const auto domain = domains.find(text_of(asked[2]));
      if (domain != domains.end()) name = list.admits(key, domain->second);
    }
    ++(name ? let_in : refused);
    if (!name) {
      warn("refused " + (asked.size() > 3 ? text_of(asked[3]) : "somebody") + " at the door '" +
           (asked.size() > 2 ? text_of(asked[2]) : "") + "': its key" + (key.empty() ? "" : " " + key) + " is not in " +
           list.folder().string());
    }
    // 300 and not 400: told 'never', a ZeroMQ client would not try again, so a key that is let in later would be of no
    // use.
    const std::string id = asked.size() > 1 ? text_of(asked[1]) : "";
    const std::array<std::string, 6> reply = {"1.0",           id, name ? "200" : "300", name ? "" : "not known here",
                                              name ? key : "", ""};
    for (std::size_t i = 0; i < reply.size(); ++i) {
      zap.send(zmq::buffer(reply[i]),
               i + 1 < reply.size() ? zmq::send_flags::sndmore | zmq::send_flags::dontwait : zmq::send_flags::dontwait);
    }
  }
}

void Gate::Impl::hear(zmq::socket_t& monitor) {
  while (true) {
    const std::vector<zmq::message_t> event = receive(monitor);
    if (event.empty()) return;
    if (event[0].size() != 6) continue;
    std::uint16_t what = 0;
    std::uint32_t value = 0;
    std::memcpy(&what, event[0].data(), sizeof what);
    std::memcpy(&value, static_cast<const std::uint8_t*>(event[0].data()) + 2, sizeof value);
    const int number = static_cast<int>(value);
    const std::uint64_t before = connections.cut();
    if (what == ZMQ_EVENT_LISTENING) connections.listening(number);
    if (what == ZMQ_EVENT_ACCEPTED) connections.accepted(number, clock.now());
    if (what == ZMQ_EVENT_ACCEPT_FAILED) connections.accept_failed(number, clock.now());
    if (connections.cut() != before)
      warn("cut a connection that had not said who it is: too many of them, or no file descriptors left");
  }
}

void Gate::Impl::watch_folders() {  // of a folder that is not there the parent tells when it comes
  const auto folder = options.authorized.has_parent_path() ? options.authorized.parent_path() : ".";
  ::inotify_add_watch(notify.fd, folder.c_str(), kChanges);
  ::inotify_add_watch(notify.fd, options.authorized.c_str(), kChanges | IN_ONLYDIR);
}

void Gate::Impl::look_for_changes() {
  alignas(inotify_event) std::array<char, 4096> events;
  bool changed = false;
  while (::read(notify.fd, events.data(), events.size()) > 0) changed = true;
  if (!changed) return;
  watch_folders();  // before reading: what changes meanwhile is told again
  look_again();
}

AllowList::Change Gate::Impl::reread() {
  AllowList::Change change = list.reload();
  for (const std::string& fault : change.faults) log::warn("keys", fault);
  faulty = list.faulty();
  return change;
}

void Gate::Impl::look_again() {
  const AllowList::Change change = reread();
  for (const std::string& name : change.added) log::info("keys", "lets in " + name);
  for (const std::string& name : change.removed) log::warn("keys", "does not let in " + name + " any more");
  if (!change.added.empty() || !change.removed.empty()) ++reloads;
  if (!change.removed.empty()) connections.cut_all();
}

Result<void> Gate::Impl::monitor(zmq::socket_t& socket) {
  constexpr int kEvents = ZMQ_EVENT_LISTENING | ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_ACCEPT_FAILED;
  const std::lock_guard lock(mutex);
  const std::string name = "inproc://gale.gate." + std::to_string(monitors_made++);
  if (zmq_socket_monitor(socket.handle(), name.c_str(), kEvents) != 0) return zmq_failed("watch a socket");
  try {
    zmq::socket_t& one = newcomers.emplace_back(context, zmq::socket_type::pair);
    one.set(zmq::sockopt::linger, 0);
    one.connect(name);
  } catch (const zmq::error_t& error) {
    return Failed{std::string("cannot watch a socket: ") + error.what() + advice_for(error.num())};
  }
  wake();
  return {};
}

Result<void> Gate::watch(zmq::socket_t& socket) { return impl_->monitor(socket); }

Result<void> Gate::secure_server(zmq::socket_t& socket, const KeyPair& own, Roles admitted) {
  ASSERT(impl_->with_keys(), "a gate without an allow-list lets nobody in");
  const std::string domain = std::string(kDomain) + admitted.text();
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->domains.emplace(domain, admitted);
  }
  const int on = 1, handshake = static_cast<int>(kHandshake.count());
  if (zmq_setsockopt(socket.handle(), ZMQ_ZAP_DOMAIN, domain.data(), domain.size()) != 0 ||
      zmq_setsockopt(socket.handle(), kEnforceDomain, &on, sizeof on) != 0) {
    return Failed{std::string("this ZeroMQ cannot be made to ask for keys (ZMQ_ZAP_ENFORCE_DOMAIN: ") +
                  zmq_strerror(zmq_errno()) + "): use Debian's libzmq5"};
  }
  if (zmq_setsockopt(socket.handle(), ZMQ_HANDSHAKE_IVL, &handshake, sizeof handshake) != 0 ||
      zmq_setsockopt(socket.handle(), ZMQ_CURVE_SERVER, &on, sizeof on) != 0 ||
      zmq_setsockopt(socket.handle(), ZMQ_CURVE_SECRETKEY, own.secret_key.c_str(), kKeyChars + 1) != 0)
    return zmq_failed("use the secret key of this side");
  return impl_->monitor(socket);
}

std::optional<std::string> Gate::admits(std::string_view key, Roles roles) const {
  return key.empty() ? std::nullopt : impl_->list.admits(key, roles);
}

Gate::Counters Gate::counters() const { return {impl_->let_in, impl_->refused, impl_->cut, impl_->reloads}; }

Result<void> secure_client(zmq::socket_t& socket, const KeyPair& own, const std::string& server_key) {
  if (!well_formed(server_key)) return Failed{"the public key of the other side is no key: copy its .pub file anew"};
  if (zmq_setsockopt(socket.handle(), ZMQ_CURVE_SERVERKEY, server_key.c_str(), kKeyChars + 1) != 0 ||
      zmq_setsockopt(socket.handle(), ZMQ_CURVE_PUBLICKEY, own.public_key.c_str(), kKeyChars + 1) != 0 ||
      zmq_setsockopt(socket.handle(), ZMQ_CURVE_SECRETKEY, own.secret_key.c_str(), kKeyChars + 1) != 0)
    return zmq_failed("use the keys of this side");
  return {};
}

std::string_view user_of(zmq::message_t& message) {
  const char* id = zmq_msg_gets(message.handle(), "User-Id");
  return id == nullptr ? std::string_view() : std::string_view(id);
}

}  // namespace gale::keys
