// SPDX-License-Identifier: Apache-2.0
//
// gale man [COMMAND]: a manual page, out of the same words as --help.
#include "supervisor/cli/commands.hpp"
#include "supervisor/cli/option_table.hpp"

#include <cstdio>
#include <string>
#include <string_view>

namespace gale::cli {
namespace {

/// Text for roff: dashes are hyphens to copy, a line may begin with any character, angle and dollar stay as they are.
std::string roff(std::string_view text) {
  std::string out;
  bool begins = true;
  for (const char c : text) {
    if (begins && (c == '.' || c == '\'')) out += "\\&";
    if (c == '-') {
      out += "\\-";
    } else if (c == '\\') {
      out += "\\e";
    } else {
      out += c;
    }
    begins = c == '\n';
  }
  return out;
}

std::string header(const std::string& title, const std::string& name, std::string_view summary) {
  return ".TH " + roff(title) + " 1 \"\" \"gale " GALE_VERSION "\" \"Gale\"\n.SH NAME\n" + roff(name) + " \\- " +
         roff(summary) + "\n";
}

std::string upper(std::string text) {
  for (char& c : text) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return text;
}

std::string status(int number, const std::string& text) {
  return ".TP\n.B " + std::to_string(number) + "\n" + roff(text) + "\n";
}

std::string page_of(const Command& command) {
  const About about = command.about();
  const std::string name = "gale-" + std::string(about.name);
  std::string page = header(upper(name), name, about.summary);
  page += ".SH SYNOPSIS\n.B " + roff(synopsis(about)) + "\n.SH DESCRIPTION\n" + roff(about.text) + "\n.SH OPTIONS\n";
  for (const OptionRow& row : option_table(command)) {
    page += ".TP\n.B " + roff("--" + row.name) + (row.value.empty() ? "" : " \\fI" + roff(row.value) + "\\fR") + "\n" +
            roff(row.explain) + "\n";
  }
  page += ".SH EXIT STATUS\n" + status(0, "all went well");
  if (about.status_1 != nullptr) page += status(1, about.status_1);
  return page + status(2, about.status_2) + ".SH SEE ALSO\n.BR gale (1)\n";
}

std::string page_of_all() {
  std::string page = header("GALE", "gale", "a stream engine: spouts and bolts in C++, wired by YAML");
  page += ".SH SYNOPSIS\n.B gale\n.I COMMAND\n[arguments]\n.br\n.B gale \\-\\-version\n.SH COMMANDS\n";
  std::string also;
  for (const auto& command : all_commands()) {
    const About about = command->about();
    if (about.internal) continue;
    page += ".TP\n.BR gale\\-" + roff(about.name) + " (1)\n" + roff(about.summary) + "\n";
    also += (also.empty() ? "" : ",\n") + (".BR gale\\-" + roff(about.name)) + " (1)";
  }
  page +=
      ".SH ENVIRONMENT\n.TP\n.B GALE_PLUGINS\n"
      "folders with plugins, separated by colons, looked at after those of \\-\\-plugins\n"
      ".TP\n.B NO_COLOR\nif it is set and not empty, nothing is coloured\n";
  page += ".SH EXIT STATUS\n" + status(0, "all went well") +
          status(1, "the command's own failure; its page tells which") +
          status(2, "bad usage or input, or an output that cannot be written");
  return page + ".SH SEE ALSO\n" + also + "\n";
}

class Man final : public Command {
 public:
  [[nodiscard]] About about() const override {
    return {.name = "man",
            .summary = "prints a manual page, for man -l -",
            .text = "Prints the manual page of a command, or of gale itself: gale man run | man -l -",
            .operands = {.word = "command", .mark = "COMMAND", .required = false}};
  }
  int run(const std::vector<std::string>& names) override {
    if (names.empty()) {
      std::fputs(page_of_all().c_str(), stdout);
      return kOk;
    }
    for (const auto& command : all_commands()) {
      if (command->about().name != names.front()) continue;
      std::fputs(page_of(*command).c_str(), stdout);
      return kOk;
    }
    complain("no command '" + names.front() + "'; 'gale --help' lists them");
    return kUsage;
  }
};

}  // namespace

std::unique_ptr<Command> man_command() { return std::make_unique<Man>(); }

}  // namespace gale::cli
