// SPDX-License-Identifier: Apache-2.0
//
// Names to addresses without waiting: the system's resolver waits for seconds when it must, so it runs on a thread of
// its own, which the asker may outlive or not.
#pragma once

#include <sys/socket.h>

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace gale::stock::socket {

struct Address {
  sockaddr_storage bytes{};
  socklen_t size = 0;
};

struct Resolved {
  std::vector<Address> addresses;
  std::string error;  // why there are none
};

/// Of an address in digits; nothing for a name. Never waits.
std::optional<Resolved> resolve_digits(const std::string& host, const std::string& port);

/// An answer to come. One thread asks take(), another fills it.
class Pending {
 public:
  std::optional<Resolved> take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(answer_, std::nullopt);
  }
  void put(Resolved answer) {
    const std::lock_guard lock(mutex_);
    answer_ = std::move(answer);
  }

 private:
  std::mutex mutex_;
  std::optional<Resolved> answer_;
};

/// Resolves on another thread, then calls `done` there. The thread may outlive the caller: `done` may not refer to it.
std::shared_ptr<Pending> resolve_later(std::string host, std::string port, std::function<void()> done);

}  // namespace gale::stock::socket
