// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/supervisor/node/fake_master.hpp"

#include "engine/base/sha256.hpp"
#include "supervisor/control/fields.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <utility>

namespace gale::node {
namespace {

control::RequestServer bound(const std::string& endpoint) {
  Result<control::RequestServer> server = control::RequestServer::bind(endpoint);
  REQUIRE_MESSAGE(server, server.error());
  return std::move(*server);
}

}  // namespace

FakeMaster::FakeMaster(const std::string& endpoint) : server_(bound(endpoint)) { wanted_.version = 1; }

std::string FakeMaster::address() const { return server_.endpoint().substr(6); }

control::PluginFile FakeMaster::add_plugin(const std::string& name, const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  REQUIRE_MESSAGE(in.good(), file);
  const std::string bytes{std::istreambuf_iterator<char>(in), {}};
  const std::string sum = sha256_hex(bytes);
  plugins_[sum] = bytes;
  return {name, sum, bytes.size()};
}

void FakeMaster::want(std::vector<control::WantedTopology> topologies) {
  ++wanted_.version;
  wanted_.topologies = std::move(topologies);
}

bool FakeMaster::pump(const std::function<bool()>& true_now, Duration most) {
  const TimePoint deadline = clock_.now() + most;
  while (!true_now()) {
    if (clock_.now() >= deadline) return false;
    server_.wait({}, std::chrono::milliseconds(10));
    while (std::optional<control::Asked> asked = server_.receive()) take(std::move(*asked));
    answer_held();
  }
  return true;
}

void FakeMaster::pump_for(Duration time) {
  const TimePoint until = clock_.now() + time;
  pump([&] { return clock_.now() >= until; }, time + std::chrono::seconds(5));
}

const control::SlotReport* FakeMaster::slot(std::uint16_t port) const {
  if (!beat_) return nullptr;
  for (const control::SlotReport& s : beat_->slots) {
    if (s.port == port) return &s;
  }
  return nullptr;
}

bool FakeMaster::told(const std::string& part) const {
  return std::any_of(events_.begin(), events_.end(),
                     [&](const control::Event& e) { return e.text.find(part) != std::string::npos; });
}

void FakeMaster::take(control::Asked asked) {
  if (asked.request.verb == "plugin") {
    give_plugin(asked);
    return;
  }
  REQUIRE(asked.request.verb == "beat");
  control::Beat beat = control::to_beat(asked.request.args);
  ++beats;
  if (beat_ && beat_->boot != beat.boot) events_.clear();
  for (const control::Event& e : beat.events) {
    if (events_.empty() || e.number > events_.back().number) events_.push_back(e);
  }
  beat_ = std::move(beat);
  held_.push_back({std::move(asked), clock_.now() + std::chrono::seconds(1)});
}

void FakeMaster::answer_held() {
  for (auto it = held_.begin(); it != held_.end();) {
    const control::Beat beat = control::to_beat(it->asked.request.args);
    if (beat.seen == wanted_.version && clock_.now() < it->until && it + 1 == held_.end()) {
      ++it;
      continue;
    }
    server_.answer(it->asked.peer, {it->asked.request.id, control::to_value(wanted_), {}});
    it = held_.erase(it);
  }
}

void FakeMaster::give_plugin(const control::Asked& asked) {
  control::Reply reply{asked.request.id, {}, {}};
  const auto it = plugins_.find(control::text_in(asked.request.args, "sha256"));
  if (!refuse_plugins.empty() || it == plugins_.end()) {
    reply.refused = control::Refused{refuse_plugins.empty() ? "no such plugin" : refuse_plugins};
  } else {
    const std::uint64_t offset = control::number_in(asked.request.args, "offset");
    REQUIRE(offset <= it->second.size());
    std::string part = it->second.substr(offset, chunk);
    if (plugins_are_wrong && !part.empty()) part[0] = static_cast<char>(part[0] + 1);
    reply.value = Value::Map{{"bytes", it->second.size()}, {"data", Bytes{part}}};
  }
  server_.answer(asked.peer, reply);
}

}  // namespace gale::node
