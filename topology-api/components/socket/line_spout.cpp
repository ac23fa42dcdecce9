// SPDX-License-Identifier: Apache-2.0
#include "line_spout.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace gale::stock::socket {
namespace {

using std::chrono::milliseconds;

/// A connection that is being made is readable when it is refused, not when it is made: until then it is looked at.
constexpr milliseconds kLookEvery{5};

}  // namespace

void LineSpout::describe(Describe& d) {
  d.doc("Emits the lines that a TCP server sends; connects again when the connection ends.");
  d.key("host", host_, "The server's name or address.");
  d.key("port", port_, "Its port.", {.required = true});
  d.key("on_close", on_close_, "What the end of a connection is: reconnect, or finish (the input has ended).");
  d.key("reconnect_ms", reconnect_ms_, "The first wait before another try; it doubles, with jitter.");
  d.key("reconnect_max_ms", reconnect_max_ms_, "The longest wait.");
  d.key("connect_timeout_ms", connect_timeout_ms_, "How long a server may take to accept.");
  keys_.describe(d);
  d.emits({"line"});
  if (!d.bound()) return;
  if (port_ < 1 || port_ > 65535) throw Error("key 'port' is " + std::to_string(port_) + "; it may be 1 to 65535");
  if (on_close_ != "reconnect" && on_close_ != "finish")
    throw Error("key 'on_close' is '" + on_close_ + "'; it may be reconnect or finish");
  if (reconnect_ms_ < 1 || reconnect_max_ms_ < 1 || connect_timeout_ms_ < 1 || reconnect_ms_ > 86'400'000)
    throw Error("keys 'reconnect_ms', 'reconnect_max_ms' and 'connect_timeout_ms' may not be below 1, nor above a day");
}

void LineSpout::open(Context& context) {
  context_ = &context;
  splitter_ = LineSplitter(keys_.rules());
  backoff_ = Backoff(milliseconds(reconnect_ms_), milliseconds(std::min<std::int64_t>(reconnect_max_ms_, 86'400'000)));
  random_.seed(std::random_device()());
  lines_ = context.counter("lines");
  connects_ = context.counter("connects");
  torn_ = context.counter("torn_lines");
  long_lines_ = context.counter("long_lines");
  mended_ = context.counter("mended_lines");
}

Next LineSpout::next(SpoutCollector& out) {
  for (;;) {
    switch (phase_) {
      case Phase::kResting:
        if (context_->now() < try_again_) return Next::idle_until(try_again_);
        resolve();
        break;
      case Phase::kResolving:
        if (auto resolved = pending_->take()) {
          take_addresses(std::move(*resolved));
          break;
        }
        return Next::idle_until_woken();
      case Phase::kConnecting: {
        const Connection::State state = connection_.look();
        if (state == Connection::State::kOpen) {
          connected();
        } else if (state == Connection::State::kClosed) {
          connect_next();
        } else if (const TimePoint now = context_->now(); now >= give_up_) {
          connection_.close();
          if (addresses_.empty())
            rest("no answer within " + std::to_string(connect_timeout_ms_) + " ms");
          else
            connect_next();
        } else {
          return Next::idle_until(std::min(give_up_, now + kLookEvery));
        }
        break;
      }
      case Phase::kReading:
        if (read(out)) return Next::emitted();
        if (phase_ == Phase::kReading) return Next::idle_until_woken();
        break;
      case Phase::kEnded:
        return Next::finished();
    }
  }
}

// ---- connecting

void LineSpout::resolve() {
  const std::string port = std::to_string(port_);
  if (auto resolved = resolve_digits(host_, port)) return take_addresses(std::move(*resolved));
  phase_ = Phase::kResolving;
  pending_ = resolve_later(host_, port, [waker = context_->waker()] { waker.wake(); });
}

void LineSpout::take_addresses(Resolved resolved) {
  pending_.reset();
  if (resolved.addresses.empty()) return rest(resolved.error.empty() ? "no address" : resolved.error);
  addresses_ = std::move(resolved.addresses);
  std::reverse(addresses_.begin(), addresses_.end());  // the first is taken from the end
  connect_next();
}

void LineSpout::connect_next() {
  if (addresses_.empty()) return rest(connection_.error());
  const Address address = addresses_.back();
  addresses_.pop_back();
  phase_ = Phase::kConnecting;
  give_up_ = context_->now() + milliseconds(connect_timeout_ms_);
  connection_.begin(address);
}

void LineSpout::connected() {
  phase_ = Phase::kReading;
  addresses_.clear();
  last_trouble_.clear();
  connects_.add();
  splitter_.reset();
  context_->info("connected to ", host_, " port ", port_);
  context_->watch_fd(connection_.fd());
}

/// Waits for the next try, and says why, once for each reason.
void LineSpout::rest(const std::string& why) {
  connection_.close();
  phase_ = Phase::kResting;
  const auto wait = backoff_.next(static_cast<std::uint32_t>(random_()));
  try_again_ = context_->now() + wait;
  if (why == last_trouble_) return;
  last_trouble_ = why;
  context_->warn("no connection to ", host_, " port ", port_, ": ", why, "; it is tried again, at last every ",
                 std::max(reconnect_ms_, reconnect_max_ms_), " ms");
}

// ---- reading

/// True: a line was emitted. False: there is none now; or the phase is another.
bool LineSpout::read(SpoutCollector& out) {
  std::string_view line;
  for (;;) {
    const bool has_line = ending_ ? splitter_.rest(line) : splitter_.next(line);
    long_lines_.add(splitter_.long_lines() - std::exchange(long_lines_told_, splitter_.long_lines()));
    if (has_line) {
      emit(line, out);
      return true;
    }
    if (ending_) return at_end(), false;
    std::size_t n = 0;
    switch (connection_.read(splitter_.room(), n)) {
      case Connection::Got::kBytes:
        backoff_.succeeded();
        splitter_.filled(n);
        break;
      case Connection::Got::kNothing:
        return false;
      case Connection::Got::kEnd:
        ending_ = true;
        break;
      case Connection::Got::kError:
        if (splitter_.in_line()) torn_.add();  // half a line: whether more was to come nobody knows
        rest(connection_.error());
        return false;
    }
  }
}

void LineSpout::at_end() {
  ending_ = false;
  connection_.close();
  if (on_close_ == "finish") {
    phase_ = Phase::kEnded;
  } else {
    rest("the server closed the connection");
  }
}

void LineSpout::emit(std::string_view line, SpoutCollector& out) {
  const bool mended = keys_.encoded(line, [&](auto text) { out.emit({.id = number_++}, text); });
  if (mended) mended_.add();
  lines_.add();
}

void LineSpout::close() {
  connection_.close();
  pending_.reset();
}

}  // namespace gale::stock::socket
