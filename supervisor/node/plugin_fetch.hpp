// SPDX-License-Identifier: Apache-2.0
//
// PluginFetch: brings the files of revisions here: plugins from the master, a mebibyte at a time, each where the last
// attempt ended; then the revision is installed. One request is under way at a time. A refusal, a silent master or a
// full disk is told and tried again with growing pauses.
#pragma once

#include "engine/base/clock.hpp"
#include "supervisor/control/cluster.hpp"
#include "supervisor/node/master_link.hpp"
#include "supervisor/node/reconcile.hpp"
#include "supervisor/node/state_folder.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace gale::node {

class PluginFetch {
 public:
  PluginFetch(StateFolder& state, MasterLink& master) : state_(state), master_(master) {}

  /// Until it is installed, or another call asks for something else: goes on with this revision.
  void go_on(const control::Revision& revision, TimePoint now);
  /// What keeps a revision from being installed: "plugin words: 3 of 12 MiB", or what went wrong. For people.
  [[nodiscard]] std::string why(const RevisionId& revision) const;
  /// What the folder refused last; empty when it takes what it is given.
  [[nodiscard]] const std::string& trouble() const noexcept { return trouble_; }
  /// When go_on() has something to do again.
  [[nodiscard]] TimePoint next() const noexcept { return waiting_ ? TimePoint::max() : not_before_; }

 private:
  void ask(const control::PluginFile& plugin, const RevisionId& revision, TimePoint now);
  void take(const control::PluginFile& plugin, const RevisionId& revision, std::uint64_t offset,
            const control::Reply& reply, TimePoint now);
  void failed(const RevisionId& revision, const std::string& why, TimePoint now);

  StateFolder& state_;
  MasterLink& master_;
  std::map<RevisionId, std::string> why_;
  std::string trouble_, last_error_;
  bool waiting_ = false;
  std::uint32_t failures_ = 0, wrong_ = 0;  // in a row; with bytes that could not be taken
  TimePoint not_before_{};
};

}  // namespace gale::node
