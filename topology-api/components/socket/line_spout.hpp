// SPDX-License-Identifier: Apache-2.0
//
// socket.LineSpout: the lines that a TCP server sends. It connects, and connects again when the connection ends. The
// engine sends a line again that failed; but what the spout's own worker had in flight when it died is gone, since a
// socket cannot be read twice. While the topology takes no more, nothing is read, so TCP holds the sender.
// It never blocks: names are resolved on a thread, the rest waits on the file descriptor.
#pragma once

#include "../common/line_keys.hpp"
#include "backoff.hpp"
#include "connection.hpp"
#include "resolve.hpp"

#include <gale/component.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace gale::stock::socket {

class LineSpout final : public Spout {
 public:
  void describe(Describe& d) override;
  void open(Context& context) override;
  Next next(SpoutCollector& out) override;
  void close() override;

 private:
  enum class Phase : std::uint8_t { kResting, kResolving, kConnecting, kReading, kEnded };

  void resolve();
  void take_addresses(Resolved resolved);
  void connect_next();
  void connected();
  bool read(SpoutCollector& out);
  void at_end();
  void rest(const std::string& why);
  void emit(std::string_view line, SpoutCollector& out);

  LineKeys keys_;
  std::string host_ = "127.0.0.1", on_close_ = "reconnect";
  std::int64_t port_ = 0, reconnect_ms_ = 100, reconnect_max_ms_ = 10'000, connect_timeout_ms_ = 5'000;

  Context* context_ = nullptr;
  Phase phase_ = Phase::kResting;
  Connection connection_;
  LineSplitter splitter_;
  Backoff backoff_{std::chrono::milliseconds(100), std::chrono::milliseconds(10'000)};
  std::minstd_rand random_;
  std::shared_ptr<Pending> pending_;  // shared with the thread that resolves
  std::vector<Address> addresses_;    // to be tried yet
  TimePoint try_again_{}, give_up_{};
  bool ending_ = false;       // the connection has ended, what is in the splitter has not been said
  std::string last_trouble_;  // so that the same is not told at every try
  MessageId number_ = 0;
  std::uint64_t long_lines_told_ = 0;
  Counter lines_, connects_, torn_, long_lines_, mended_;
};

}  // namespace gale::stock::socket
