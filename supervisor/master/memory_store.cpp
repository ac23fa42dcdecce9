// SPDX-License-Identifier: Apache-2.0
#include "engine/base/sha256.hpp"
#include "supervisor/master/store.hpp"
#include "supervisor/master/upload.hpp"

#include <map>

namespace gale::master {
namespace {

struct Plugin {
  std::uint64_t total = 0;
  std::string bytes;
  [[nodiscard]] Upload upload() const { return {total, bytes.size()}; }
};

/// Forgets nothing but what it is told to: a test ends before an hour is over.
class MemoryStore final : public Store {
 public:
  Result<std::vector<TopologyRecord>> topologies() override {
    std::vector<TopologyRecord> all;
    for (const auto& [id, record] : topologies_) all.push_back(record);
    return all;
  }

  Result<std::uint64_t> next_number() override { return ++number_; }

  Result<std::optional<control::Reply>> answer_of(const std::string& request_id) override {
    const auto at = answers_.find(request_id);
    return at == answers_.end() ? std::nullopt : std::optional(at->second);
  }

  Result<void> apply(const Change& change) override {
    for (const TopologyRecord& record : change.put) topologies_[record.revision.topology] = record;
    for (const std::string& id : change.remove) topologies_.erase(id);
    if (change.answer) answers_[change.answer->id] = *change.answer;
    return {};
  }

  Result<std::uint64_t> plugin_bytes(const std::string& sha256) override {
    const auto at = plugins_.find(sha256);
    return at == plugins_.end() ? 0 : std::uint64_t{at->second.bytes.size()};
  }

  Result<bool> has_plugin(const std::string& sha256) override {
    const auto at = plugins_.find(sha256);
    return at != plugins_.end() && at->second.upload().complete();
  }

  Result<void> put_plugin(const std::string& sha256, std::uint64_t total, std::uint64_t offset,
                          std::string_view part) override {
    const auto at = plugins_.find(sha256);
    const auto taken = take_part(sha256, at == plugins_.end() ? std::nullopt : std::optional(at->second.upload()),
                                 total, offset, part);
    if (!taken) return Failed{taken.error()};
    if (taken->fresh.empty()) return {};
    Plugin& plugin = plugins_[sha256];
    if (taken->anew) plugin = {};
    plugin.total = total;
    plugin.bytes += taken->fresh;
    if (!plugin.upload().complete()) return {};
    Sha256 sha;
    sha.add(plugin.bytes);
    const std::string found = sha.hex();
    if (found == sha256) return {};
    plugins_.erase(sha256);
    return other_hash(sha256, found);
  }

  Result<std::string> read_plugin(const std::string& sha256, std::uint64_t offset, std::size_t most) override {
    const auto at = plugins_.find(sha256);
    if (at == plugins_.end() || !at->second.upload().complete()) return no_plugin(sha256);
    const std::string& bytes = at->second.bytes;
    return offset >= bytes.size() ? std::string() : bytes.substr(offset, most);
  }

 private:
  std::map<std::string, TopologyRecord> topologies_;
  std::map<std::string, control::Reply> answers_;
  std::map<std::string, Plugin> plugins_;
  std::uint64_t number_ = 0;
};

}  // namespace

std::unique_ptr<Store> memory_store() { return std::make_unique<MemoryStore>(); }

}  // namespace gale::master
