// SPDX-License-Identifier: Apache-2.0
//
// Verbs: what may be asked of the master (control/PROTOCOL.md), from arguments to an answer. A request that changes
// something is answered once: asked again with the same id, it gets the stored answer.
#pragma once

#include "supervisor/control/rpc.hpp"
#include "supervisor/master/checks.hpp"
#include "supervisor/master/cluster.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace gale::master {

class Verbs {
 public:
  Verbs(Cluster& cluster, Store& store, Checks& checks, const Clock& clock);

  struct Answer {
    std::string peer;
    control::Reply reply;
  };
  /// Takes a request; its answer, and those that have become ready by it, are in answers().
  void ask(const control::Asked& asked);
  /// Answers what has become due: checks that have ended, beats that waited.
  void tick();
  /// Those ready to be sent; taken.
  [[nodiscard]] std::vector<Answer> answers() { return std::exchange(answers_, {}); }
  /// When the next beat has to be answered.
  [[nodiscard]] TimePoint next_due() const;

 private:
  using Reply = std::optional<control::Reply>;  // nothing: later
  struct Verb {
    Reply (Verbs::*call)(const control::Asked&);
    bool changes = false;  // done once for each request, however often it is asked
  };

  Reply beat(const control::Asked& asked);
  Reply plugin(const control::Asked& asked);
  Reply have(const control::Asked& asked);
  Reply upload(const control::Asked& asked);
  Reply submit(const control::Asked& asked);
  Reply rebalance(const control::Asked& asked);
  Reply kill(const control::Asked& asked);
  Reply activate(const control::Asked& asked);
  Reply list(const control::Asked& asked);
  Reply status(const control::Asked& asked);
  Reply top(const control::Asked& asked);
  Reply errors(const control::Asked& asked);
  Reply supervisors(const control::Asked& asked);
  Reply logs(const control::Asked& asked);
  Reply told(const control::Asked& asked);

  Reply done_before(const control::Asked& asked);
  void checked(Checked checked);
  [[nodiscard]] const Topology* named(const control::Asked& asked, Reply& wrong) const;

  struct Waiting {  // a beat that waits for news
    std::string peer, request;
    std::uint64_t seen = 0;
    TimePoint until{};
  };
  struct Pending {  // a request whose check runs
    control::Request request;
    std::set<std::string> peers;
  };
  struct Ask {  // of a host, for somebody who waits
    std::string host, peer, request;
    Value::Map what;
    bool sent = false;
    TimePoint until{};
  };
  [[nodiscard]] Value answer_to(const std::string& host);
  [[nodiscard]] bool has_news(const std::string& host, const Waiting& waiting, TimePoint now) const;
  void give_up_asks(TimePoint now);
  static const std::map<std::string, Verb, std::less<>>& table();

  Cluster& cluster_;
  Store& store_;
  Checks& checks_;
  const Clock& clock_;
  std::map<std::string, Waiting> waiting_;  // by host
  std::map<std::string, Pending> pending_;  // by request
  std::map<std::string, Ask> asks_;         // by id
  std::vector<Answer> answers_;
};

}  // namespace gale::master
