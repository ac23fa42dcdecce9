// SPDX-License-Identifier: Apache-2.0
#include "supervisor/node/plugin_fetch.hpp"

#include "supervisor/control/fields.hpp"

#include <algorithm>
#include <cstdio>

namespace gale::node {
namespace {

constexpr Duration kMostPause = std::chrono::seconds(30);

std::string mebibytes(std::uint64_t bytes) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f", static_cast<double>(bytes) / (1u << 20));
  return text;
}

}  // namespace

void PluginFetch::go_on(const control::Revision& revision, TimePoint now) {
  const RevisionId id{revision.topology, revision.number};
  if (waiting_ || now < not_before_) return;
  for (const control::PluginFile& plugin : revision.plugins) {
    if (state_.has_plugin(plugin.sha256)) continue;
    ask(plugin, id, now);
    return;
  }
  if (const Result<void> installed = state_.install(revision); !installed) {
    trouble_ = installed.error();
    failed(id, installed.error(), now);
    return;
  }
  trouble_.clear();
  last_error_.clear();
  failures_ = wrong_ = 0;
  why_.erase(id);
}

void PluginFetch::ask(const control::PluginFile& plugin, const RevisionId& revision, TimePoint now) {
  std::uint64_t offset = state_.part_of(plugin.sha256);
  if (offset > plugin.bytes) offset = 0;
  std::string& why = why_[revision];
  why = "plugin '" + plugin.name + "': " + mebibytes(offset) + " of " + mebibytes(plugin.bytes) + " MiB";
  if (!last_error_.empty()) why += "; before that: " + last_error_;
  waiting_ = true;
  const auto done = [this, plugin, revision, offset, now](const std::optional<control::Reply>& reply) {
    waiting_ = false;
    if (!reply) {
      failed(revision, "plugin '" + plugin.name + "': the master does not answer", now + MasterLink::kAnswer);
    } else if (reply->refused) {
      failed(revision, "plugin '" + plugin.name + "': " + reply->refused->text, now);
    } else {
      take(plugin, revision, offset, *reply, now);
    }
  };
  master_.ask("plugin", Value::Map{{"sha256", plugin.sha256}, {"offset", offset}}, now, done);
}

void PluginFetch::take(const control::PluginFile& plugin, const RevisionId& revision, std::uint64_t offset,
                       const control::Reply& reply, TimePoint now) {
  const Value* data = reply.value.find("data");
  const Bytes* bytes = data == nullptr ? nullptr : data->get_if<Bytes>();
  const std::uint64_t total = control::number_in(reply.value, "bytes");
  if (bytes == nullptr || total != plugin.bytes || bytes->data.size() > total - offset ||
      (bytes->data.empty() && offset != total)) {
    failed(revision, "plugin '" + plugin.name + "': the master's answer makes no sense", now);
    return;
  }
  if (const Result<void> added = state_.add_to_plugin(plugin, offset, bytes->data); !added) {
    trouble_ = added.error();
    failures_ = ++wrong_;  // bytes that came well do not forgive that they were the wrong ones
    failed(revision, added.error(), now);
    return;
  }
  trouble_.clear();
  failures_ = 0;
}

void PluginFetch::failed(const RevisionId& revision, const std::string& why, TimePoint now) {
  why_[revision] = last_error_ = why;
  not_before_ = now + std::min<Duration>(std::chrono::seconds(1) * (1u << std::min(failures_, 5u)), kMostPause);
  ++failures_;
}

std::string PluginFetch::why(const RevisionId& revision) const {
  const auto it = why_.find(revision);
  return it == why_.end() ? "its files are being fetched" : it->second;
}

}  // namespace gale::node
