// SPDX-License-Identifier: Apache-2.0
#include "supervisor/cli/cluster/explain.hpp"

#include "supervisor/cli/cluster/text.hpp"
#include "supervisor/control/fields.hpp"

#include <algorithm>
#include <cmath>
#include <set>

namespace gale::cli {

using control::array_in;
using control::map_in;
using control::number_in;
using control::text_in;

namespace {

constexpr double kBusy = 0.8;          // of its tasks' time: Storm's users call it capacity
constexpr double kFull = 0.9;          // of topology.max.spout.pending
constexpr std::uint64_t kRepeats = 3;  // an error that came so often

using Findings = std::vector<Finding>;

std::string quoted(const std::string& id) { return "'" + id + "'"; }
std::string percent(double part) { return std::to_string(std::lround(part * 100)) + " %"; }

void of_status(const Value& s, Findings& findings) {
  const std::string status = text_in(s, "status"), name = text_in(s, "name");
  if (status == "inactive")
    findings.push_back(
        {"it is inactive: its spouts are asked for nothing", "'gale activate " + name + "' lets them go on"});
  if (status == "killed")
    findings.push_back({"it has been killed: what is pending has " + age(number_in(s, "wait_ms")) + " to run out", ""});
  if (status == "rebalancing") {
    findings.push_back({"it is being rebalanced: its spouts stand still until nothing is pending, " +
                            age(number_in(s, "wait_ms")) + " at most",
                        ""});
  }
}

void of_workers(const Value& s, Findings& findings) {
  for (const Value& w : array_in(s, "workers")) {
    const std::string state = text_in(w, "state");
    if (state == "running") continue;
    const std::string who = "worker " + std::to_string(number_in(w, "worker"));
    std::string to_do;
    if (state == "crash-looping" || state == "restarting")
      to_do = "'gale logs " + text_in(s, "name") + " --worker " + std::to_string(number_in(w, "worker")) +
              "' shows its last words";
    if (state == "degraded") to_do = "'gale supervisors' shows hosts and slots";
    const std::string why = text_in(w, "why");
    findings.push_back({who + " is " + state + (why.empty() ? "" : ": " + why), to_do});
  }
}

/// All components that a component's tuples come to, itself included.
std::set<std::string> downstream(const Value& s, const std::string& from) {
  std::set<std::string> reached{from};
  for (std::size_t before = 0; before != reached.size();) {
    before = reached.size();
    for (const Value& c : array_in(s, "components")) {
      for (const Value& input : array_in(c, "inputs")) {
        if (reached.contains(text_in(input, "from"))) reached.insert(text_in(c, "id"));
      }
    }
  }
  return reached;
}

const Value* busiest(const Value& s, const std::set<std::string>& among) {
  const Value* most = nullptr;
  for (const Value& c : array_in(s, "components")) {
    if (text_in(c, "kind") != "bolt" || !among.contains(text_in(c, "id"))) continue;
    if (most == nullptr || real_in(c, "capacity") > real_in(*most, "capacity")) most = &c;
  }
  return most;
}

void of_limits(const Value& s, Findings& findings) {
  std::set<std::string> told;
  for (const Value& c : array_in(s, "components")) {
    const std::string id = text_in(c, "id");
    const double capacity = real_in(c, "capacity");
    if (text_in(c, "kind") != "bolt" || capacity < kBusy) continue;
    told.insert(id);
    findings.push_back({"bolt " + quoted(id) + " executes " + percent(capacity) +
                            " of its tasks' time: it limits what runs through it",
                        "more tasks ('gale rebalance " + text_in(s, "name") + " --component " + id + "=" +
                            std::to_string(number_in(c, "tasks") * 2) + "') or a faster execute"});
  }
  for (const Value& c : array_in(s, "components")) {
    const double most = real_in(c, "max_pending"), pending = real_in(c, "pending");
    if (text_in(c, "kind") != "spout" || most <= 0 || pending < most * kFull) continue;
    const std::string id = text_in(c, "id");
    const Value* slowest = busiest(s, downstream(s, id));
    std::string what = "spout " + quoted(id) + " waits: " + short_number(pending) + " of " + short_number(most) +
                       " tuples are pending";
    if (slowest != nullptr) {
      what += "; of the bolts behind it " + quoted(text_in(*slowest, "id")) + " is the busiest, " +
              percent(real_in(*slowest, "capacity")) + " of its tasks' time";
    }
    const bool known = slowest != nullptr && told.contains(text_in(*slowest, "id"));
    findings.push_back(
        {what, known ? "" : "a bolt that keeps tuples, or a larger topology.max.spout.pending, may be why"});
  }
}

void of_failures(const Value& s, Findings& findings) {
  const Value& trouble = map_in(s, "trouble");
  const auto add = [&](const char* key, const std::string& what, const std::string& to_do) {
    if (const std::uint64_t n = number_in(trouble, key); n != 0)
      findings.push_back({short_number(static_cast<double>(n)) + " " + what, to_do});
  };
  add("timed_out", "roots timed out: they were not done within topology.message.timeout.secs",
      "a slow bolt, or one that keeps tuples for longer than that");
  add("thrown", "calls of user code threw; their tuples failed",
      "'gale errors " + text_in(s, "name") + "' has the texts");
  add("forgotten", "tuples were neither acked, failed nor kept by their bolt, and failed", "ack them, or keep them");
  add("misuse", "tuples were acked twice or after their ack", "look for a second ack in the bolt");
  add("dropped", "untracked tuples were dropped", "'gale errors " + text_in(s, "name") + "' says why");
  const Value& links = map_in(s, "links");
  if (const std::uint64_t n = number_in(links, "frames_resent"); n != 0)
    findings.push_back({short_number(static_cast<double>(n)) + " frames were sent again between workers",
                        "links broke, or a worker stood still"});
  if (const std::uint64_t n = number_in(links, "garbage_refused"); n != 0)
    findings.push_back({short_number(static_cast<double>(n)) + " frames were refused as garbage",
                        "somebody who is no worker speaks to their ports"});
}

void of_errors(const Value& s, Findings& findings) {
  for (const Value& e : array_in(s, "errors")) {
    const std::uint64_t times = number_in(e, "times");
    if (times < kRepeats) continue;
    findings.push_back({"an error repeats, " + std::to_string(times) + " times: " + text_in(e, "text"),
                        "'gale errors " + text_in(s, "name") + "' shows all"});
    return;
  }
}

}  // namespace

std::vector<Finding> explain(const Value& status) {
  Findings findings;
  of_status(status, findings);
  of_workers(status, findings);
  if (const std::string why = text_in(status, "why"); !why.empty() && findings.empty()) findings.push_back({why, ""});
  of_limits(status, findings);
  of_errors(status, findings);
  of_failures(status, findings);
  if (findings.empty()) {
    const Value* most = nullptr;
    for (const Value& c : array_in(status, "components")) {
      if (text_in(c, "kind") == "bolt" && (most == nullptr || real_in(c, "capacity") > real_in(*most, "capacity")))
        most = &c;
    }
    std::string what = "nothing is wrong, and no bolt is busy: its spouts decide the rate";
    if (most != nullptr) {
      what += " (the busiest bolt is " + quoted(text_in(*most, "id")) + ", " + percent(real_in(*most, "capacity")) +
              " of its tasks' time)";
    }
    findings.push_back({what, ""});
  }
  return findings;
}

}  // namespace gale::cli
