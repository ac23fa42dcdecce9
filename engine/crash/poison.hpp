// SPDX-License-Identifier: Apache-2.0
//
// Suspects: which tuples were executed when workers crashed, and how often. One that was in three crashes is poison: it
// fails for good without being run again. Kept by whoever starts workers, over all workers of a topology, and given to
// their next lives, and to the living, as text.
// Pure. A tuple is known by its component, the stream that it came by, and the hash of its values: it comes again with
// another root, in another batch, to another task.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace gale::crash {

struct Suspect {
  std::string component, from;  // who executed it; "lines/default"
  std::uint64_t hash = 0;       // of its values
  friend auto operator<=>(const Suspect&, const Suspect&) = default;
};

class Suspects {
 public:
  static constexpr unsigned kCrashes = 3;     // then it is poison
  static constexpr std::size_t kMost = 4096;  // beyond it, one that crashed but once is forgotten for a new one

  /// Returns in how many crashes it was. `shown`: what a person is told of it.
  unsigned crashed(const Suspect& suspect, std::string_view shown);
  /// It was executed when the kernel killed the process for want of memory, which may be another's fault: it runs by
  /// itself from now on, and is not poison for that.
  void doubt(const Suspect& suspect, std::string_view shown);
  /// A component crashed without saying with which tuple: from now on its tuples are run one a call, so that the next
  /// crash tells. False: it was known already.
  bool unsure(const std::string& component) { return alone_.insert(component).second; }

  struct Known {
    unsigned crashes = 0;
    std::string shown;
  };
  [[nodiscard]] const std::map<Suspect, Known>& all() const noexcept { return all_; }
  [[nodiscard]] bool alone(const std::string& component) const { return alone_.count(component) != 0; }
  /// Nothing that a worker would do otherwise.
  [[nodiscard]] bool idle() const noexcept { return alone_.empty() && all_.empty(); }

  /// A line each. What is no such line is passed over when it is read.
  [[nodiscard]] std::string to_text() const;
  [[nodiscard]] static Suspects from_text(std::string_view text);

 private:
  void make_room();
  std::map<Suspect, Known> all_;
  std::set<std::string> alone_;
};

}  // namespace gale::crash
