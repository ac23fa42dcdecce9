// SPDX-License-Identifier: Apache-2.0
//
// StateFolder: a supervisor's own folder, and all that it keeps there (README.md has the table). What is installed is
// verified, read-only and never written again; what cannot be read is set aside with a note, never fatal. A full disk
// is an error to whoever asked, and leaves all as it was. Names that come from elsewhere are encoded, so that none
// leads out of the folder. Owned by one thread; `lock` keeps a second supervisor out.
#pragma once

#include "engine/base/result.hpp"
#include "supervisor/control/cluster.hpp"
#include "supervisor/node/durable.hpp"
#include "supervisor/node/reconcile.hpp"
#include "supervisor/node/slot_record.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace gale::node {

class StateFolder {
 public:
  /// How files are written; a test has one that fails.
  using Write = std::function<Result<void>(const std::filesystem::path&, std::string_view, mode_t)>;

  /// Makes what is missing. The error says whose it is when another supervisor has it.
  static Result<StateFolder> open(const std::filesystem::path& path, Write write = write_durably);
  StateFolder(StateFolder&& other) noexcept;
  StateFolder& operator=(StateFolder&&) = delete;
  ~StateFolder();

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
  /// Of this host, for ever: made at random when the folder was.
  [[nodiscard]] const std::string& host() const noexcept { return host_; }
  /// What was set aside since the last call, for the log.
  [[nodiscard]] std::vector<std::string> take_notes() { return std::exchange(notes_, {}); }
  [[nodiscard]] std::uint64_t free_bytes() const;

  /// A record that cannot be read counts as the one before it and a life more, which nobody knows to have ended.
  [[nodiscard]] std::optional<SlotRecord> record(std::uint16_t port);
  Result<void> write_record(std::uint16_t port, const SlotRecord& record);
  Result<void> write_launch(std::uint16_t port, std::string_view bytes);
  [[nodiscard]] std::filesystem::path launch_file(std::uint16_t port) const;
  /// What a worker leaves behind when it ends is there.
  [[nodiscard]] std::filesystem::path home(std::uint16_t port) const { return launch_file(port).parent_path(); }
  /// Tuples that have crashed workers of a topology, as crash::Suspects writes them; it goes with the topology's files.
  [[nodiscard]] std::filesystem::path suspects_file(const std::string& topology) const;
  [[nodiscard]] std::string suspects(const std::string& topology) const;
  Result<void> write_suspects(const std::string& topology, std::string_view text);
  /// Made when it is missing: where the sockets of a revision's workers are, and the control socket's folder.
  Result<std::filesystem::path> run_folder_of(const std::string& topology, std::uint32_t revision);
  [[nodiscard]] std::filesystem::path run() const { return path_ / "run"; }
  [[nodiscard]] std::filesystem::path logs() const { return path_ / "logs"; }
  /// The logs of topologies that are not among these go when nothing was written to them for `age`.
  void remove_old_logs(const std::set<std::string>& topologies, std::chrono::hours age);
  Result<std::filesystem::path> log_file(const std::string& topology, WorkerId place);

  [[nodiscard]] bool has_plugin(const std::string& sha256) const;
  /// How much of it has come.
  [[nodiscard]] std::uint64_t part_of(const std::string& sha256) const;
  /// The next bytes. With the last of them it is verified and installed; what does not add up begins anew.
  Result<void> add_to_plugin(const control::PluginFile& plugin, std::uint64_t offset, std::string_view bytes);
  /// All that are here, whole or in part.
  [[nodiscard]] std::vector<std::string> plugins() const;
  void remove_plugin(const std::string& sha256);

  /// Once its plugins are here. A plugin that is no longer what its name says is set aside: it has to come again.
  Result<void> install(const control::Revision& revision);
  [[nodiscard]] const std::set<RevisionId>& installed() const noexcept { return installed_; }
  [[nodiscard]] std::filesystem::path topology_file(const std::string& topology, std::uint32_t revision) const;
  [[nodiscard]] std::filesystem::path plugin_folder(const std::string& topology, std::uint32_t revision) const;
  void remove(const RevisionId& revision);

 private:
  StateFolder(std::filesystem::path path, int lock, Write write)
      : path_(std::move(path)), lock_(lock), write_(std::move(write)) {}
  Result<void> prepare();
  [[nodiscard]] std::filesystem::path plugin_file(const std::string& sha256) const;
  [[nodiscard]] std::filesystem::path revision_folder(const RevisionId& id) const;
  Result<void> check_plugin(const control::PluginFile& plugin);
  void find_installed();

  std::filesystem::path path_;
  int lock_ = -1;
  Write write_;
  std::string host_;
  std::set<RevisionId> installed_;
  std::vector<std::string> notes_;
};

}  // namespace gale::node
