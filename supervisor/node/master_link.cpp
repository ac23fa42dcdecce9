// SPDX-License-Identifier: Apache-2.0
#include "supervisor/node/master_link.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace gale::node {
namespace {

constexpr std::size_t kMostBeaten = 16;

}  // namespace

void MasterLink::step(TimePoint now) {
  while (const std::optional<control::Reply> reply = requests_.receive()) take(*reply, now);
  if (!beaten_.empty() && now >= beaten_.front().at + kAnswer) fell_silent("does not answer", now);
  std::vector<Done> late;
  for (auto it = asked_.begin(); it != asked_.end();) {
    if (now < it->second.at + kAnswer) {
      ++it;
      continue;
    }
    late.push_back(std::move(it->second.done));
    it = asked_.erase(it);
  }
  for (const Done& done : late) done(std::nullopt);
}

void MasterLink::take(const control::Reply& reply, TimePoint now) {
  if (const auto asked = asked_.find(reply.id); asked != asked_.end()) {
    const Done done = std::move(asked->second.done);
    asked_.erase(asked);
    done(reply);
    return;
  }
  const auto it = std::find_if(beaten_.begin(), beaten_.end(), [&](const Beaten& b) { return b.id == reply.id; });
  if (it == beaten_.end()) return;
  const Beaten beaten = *it;
  beaten_.erase(beaten_.begin(), std::next(it));  // those before it are overtaken
  if (reply.refused) {
    fell_silent("refuses this host: " + reply.refused->text, now);
    return;
  }
  silences_ = 0;
  silent_.clear();
  Answer answer{control::to_wanted(reply.value), beaten.events, reply.value};
  if (answer_) answer.events = std::max(answer.events, answer_->events);
  answer_ = std::move(answer);
}

void MasterLink::fell_silent(const std::string& why, TimePoint now) {
  silent_ = why;
  beaten_.clear();
  const Duration pause = std::min<Duration>(std::chrono::milliseconds(500) * (1u << std::min(silences_, 4u)), kAnswer);
  not_before_ = now + std::chrono::duration_cast<Duration>(pause * (0.8 + 0.4 * chance_()));
  ++silences_;
  requests_.reconnect();
}

bool MasterLink::beat_due(TimePoint now, bool news) const {
  if (now < not_before_) return false;
  return news || (beaten_.empty() && now >= last_ + kApart);
}

void MasterLink::beat(const control::Beat& beat, TimePoint now) {
  const std::uint64_t events = beat.events.empty() ? 0 : beat.events.back().number;
  Beaten beaten{control::fresh_id(), events, now};
  last_ = now;
  requests_.send({beaten.id, "beat", control::to_value(beat)});  // a full queue is silence
  beaten_.push_back(std::move(beaten));
  if (beaten_.size() > kMostBeaten) beaten_.pop_front();
}

TimePoint MasterLink::next() const {
  TimePoint at = beaten_.empty() ? std::max(not_before_, last_ + kApart) : beaten_.front().at + kAnswer;
  for (const auto& [id, asked] : asked_) at = std::min(at, asked.at + kAnswer);
  return at;
}

std::optional<MasterLink::Answer> MasterLink::take_answer() { return std::exchange(answer_, std::nullopt); }

void MasterLink::ask(const std::string& verb, Value args, TimePoint now, Done done) {
  const std::string id = control::fresh_id();
  asked_.emplace(id, Asked{now, std::move(done)});
  requests_.send({id, verb, std::move(args)});
}

}  // namespace gale::node
