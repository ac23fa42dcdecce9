// SPDX-License-Identifier: Apache-2.0
//
// Store: what outlives the master: topologies with their places, plugins by the SHA-256 of their bytes, answers to
// requests that changed something. An interface, so that another kind (ZooKeeper, etcd) can stand in; every kind passes
// the contract suite in tests/contract/store_test.cpp. A call that fails has changed nothing, but for one: when a sync
// of the disk has failed, whether the change is there is known when the store is opened anew, and it takes no more
// until then; its text says so. Threads: one.
#pragma once

#include "engine/base/result.hpp"
#include "supervisor/control/request.hpp"
#include "supervisor/master/record.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gale::master {

/// One change, done wholly or not at all.
struct Change {
  std::vector<TopologyRecord> put;       // by id
  std::vector<std::string> remove;       // ids, after what is put; one that is not there is none
  std::optional<control::Reply> answer;  // to the request that asked for it
  std::int64_t now_ms = 0;               // wall clock: old answers are forgotten by it
};

class Store {
 public:
  virtual ~Store() = default;

  /// In the order of their ids.
  virtual Result<std::vector<TopologyRecord>> topologies() = 0;
  /// The N of the next id NAME-N: never told twice, whatever was removed or lost.
  virtual Result<std::uint64_t> next_number() = 0;
  /// The answer that was given to a request. Kept for an hour at least.
  virtual Result<std::optional<control::Reply>> answer_of(const std::string& request_id) = 0;
  /// On disk when it returns. Plugins that no topology names any more may be forgotten after an hour.
  virtual Result<void> apply(const Change& change) = 0;

  /// Bytes of an unfinished plugin that are there already: where the next part begins. All of them: it is complete.
  virtual Result<std::uint64_t> plugin_bytes(const std::string& sha256) = 0;
  virtual Result<bool> has_plugin(const std::string& sha256) = 0;
  /// Part of a plugin of `total` bytes. A part that is there already changes nothing. The last one is refused, and all
  /// of it forgotten, when the whole has another hash.
  virtual Result<void> put_plugin(const std::string& sha256, std::uint64_t total, std::uint64_t offset,
                                  std::string_view part) = 0;
  /// At most `most` bytes of a complete plugin, from `offset`; fewer at its end.
  virtual Result<std::string> read_plugin(const std::string& sha256, std::uint64_t offset, std::size_t most) = 0;
};

/// In this process only: for tests.
[[nodiscard]] std::unique_ptr<Store> memory_store();

/// SQLite in one file (WAL), made when it is not there, its integrity checked. A corrupt file is set aside, named in
/// `notes`, and the store begins empty; what a damaged log has lost is told there as well. Only one process at a time
/// opens it (README.md, the store).
[[nodiscard]] Result<std::unique_ptr<Store>> open_sqlite_store(const std::string& file,
                                                               std::vector<std::string>& notes);

}  // namespace gale::master
