// SPDX-License-Identifier: Apache-2.0
//
// Command: one verb of `gale`, with the words that say how it is used. --help, the manual pages and the completions
// are made from these words and from the options table, so that they cannot say different things.
#pragma once

#include <boost/program_options/options_description.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace gale::cli {

/// Exit statuses. What 1 means is a command's own affair, and in its `About`.
inline constexpr int kOk = 0, kFailed = 1, kUsage = 2;

/// "gale: text" on stderr. A text says what; where; what to do.
void complain(std::string_view text);

/// What stands on the command line beside options.
struct Operands {
  const char* word = nullptr;  ///< what each is, for people: "topology file"; null: there are none
  const char* mark = "";       ///< what it is called in a synopsis: FILE, PLUGIN, NAME
  bool required = true, many = false;
  std::vector<const char*> choices{};  ///< all that it may be; empty: anything
};

struct About {
  const char* name;
  const char* summary;  ///< a line of `gale --help`
  const char* text;     ///< sentences, lines within 110 columns
  Operands operands{};
  const char* status_1 = nullptr;  ///< when it ends with 1; null: never
  const char* status_2 = "bad usage";
  bool internal = false;        ///< started by gale itself: not listed
  const char* group = nullptr;  ///< of the keys of gale.yaml that stand for its options; null: it reads none
};

class Command {
 public:
  Command() = default;
  virtual ~Command() = default;
  Command(const Command&) = delete;
  Command& operator=(const Command&) = delete;

  [[nodiscard]] virtual About about() const = 0;
  /// After the options were read. Returns the exit status.
  virtual int run(const std::vector<std::string>& operands) = 0;

  [[nodiscard]] const boost::program_options::options_description& options() const { return options_; }

 protected:
  /// Where a constructor declares its options, each bound to a member.
  boost::program_options::options_description_easy_init option() { return options_.add_options(); }
  boost::program_options::options_description options_{"Options", 110, 70};
};

/// "gale run FILE [options]"
[[nodiscard]] std::string synopsis(const About& about);

/// Reads the arguments into the command's members, then runs it; answers --help and complains by itself.
int carry_out(Command& command, const std::vector<std::string>& arguments);

/// All there are, in the order of --help.
[[nodiscard]] std::vector<std::unique_ptr<Command>> all_commands();

}  // namespace gale::cli
