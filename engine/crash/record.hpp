// SPDX-License-Identifier: Apache-2.0
//
// Exit records: how a worker process ended, in a file of its own, since whoever started it may be gone by then, and who
// comes after cannot ask for the exit status of a process that is not its child. The worker writes one at every ending,
// the crash handler in a crash; README.md has the grammar. After a SIGKILL there is none, and the page tells the rest.
// Threads: any.
#pragma once

#include "engine/base/ids.hpp"
#include "engine/base/result.hpp"
#include "engine/crash/poison.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gale::crash {

/// Where a worker's files are: one folder a place, a name a life.
struct Files {
  std::string folder;
  Incarnation incarnation;
  [[nodiscard]] std::string exit() const { return name("exit"); }
  [[nodiscard]] std::string page() const { return name("page"); }
  void remove() const;

 private:
  [[nodiscard]] std::string name(const char* what) const {
    return folder + "/" + what + "." + std::to_string(incarnation.value);
  }
};

/// kDrained: after a TERM. kStopped: its starter said so.
enum class Ending { kUnknown, kFinished, kDrained, kStopped, kCannotStart, kFailed, kCrash };

/// A tuple that was executed, as its record tells it.
struct Tuple {
  std::string from;  // "lines/default"
  std::uint64_t root = 0, hash = 0;
  std::uint64_t size = 0;  // of the values
  std::string bytes;       // of those the first
  /// `(777, "text")`, cut where the bytes end.
  [[nodiscard]] std::string text() const;
};

/// A call of user code that a thread was in.
struct Running {
  std::string task;                    // "bolt split#3"; empty: it was in no call
  std::string call;                    // "execute"
  std::string source;                  // of execute: the task whose batch it is
  std::uint64_t of = 0;                // ...how many tuples the batch has
  std::optional<std::uint64_t> input;  // ...which of them, from 0, when the plugin's SDK says so
  std::optional<Tuple> tuple;
  double seconds = 0;  // how long, of what a page tells
  /// "in bolt split#3, executing tuple (777) of stream default from lines".
  [[nodiscard]] std::string text() const;
};

struct Frame {
  std::uint64_t offset = 0;
  std::string module;  // empty: offset is an address
  /// Demangled, when the module's symbols can be read. `returns`: it is where a call returns to, behind the call.
  [[nodiscard]] std::string text(bool returns) const;
};

struct Exit {
  Ending ending = Ending::kUnknown;
  int status = 0;   // what it meant to exit with
  int signal = 0;   // kCrash
  std::string why;  // kCannotStart, kFailed
  std::string thread;
  bool hung = false;  // it was ended because the call did not return
  Running running;
  std::vector<Frame> stack;
};

/// "SIGSEGV"
[[nodiscard]] std::string signal_name(int signal);

[[nodiscard]] Result<void> write_exit(const std::string& path, Ending ending, int status, const std::string& why);
/// A failure: there is none, or it is no record.
[[nodiscard]] Result<Exit> read_exit(const std::string& path);
/// The same of its bytes. What is cut off is missing, and no fault.
[[nodiscard]] Result<Exit> parse_exit(std::string_view text);

/// The calls that a page's process was in when it ended, the longest first.
[[nodiscard]] std::vector<Running> read_running(const std::string& page);

/// The tuple that this crash speaks against, if it names one.
[[nodiscard]] std::optional<Suspect> suspect_of(const Exit& exit);
/// The tuple that a call was executing, if it is known.
[[nodiscard]] std::optional<Suspect> tuple_of(const Running& running);
/// The component that has crashed with a batch, without saying which of its tuples it was: plugins before ABI 1.5.
[[nodiscard]] std::optional<std::string> unsure_of(const Exit& exit);

/// For people: the stack and all else that is known, a line each.
[[nodiscard]] std::string report(const Exit& exit);

}  // namespace gale::crash
