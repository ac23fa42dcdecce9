// SPDX-License-Identifier: Apache-2.0
//
// gale completion bash|zsh: what a shell offers after `gale`, out of the same tables as --help.
#include "supervisor/cli/commands.hpp"
#include "supervisor/cli/option_table.hpp"

#include <cstdio>
#include <string>
#include <string_view>

namespace gale::cli {
namespace {

/// What may stand where a value or an operand is wanted.
enum class Offer { kFiles, kTopologies, kFolders, kPlugins, kCommands, kChoices, kNothing };

Offer offer_for(std::string_view mark) {
  if (mark == "DIR") return Offer::kFolders;
  if (mark == "FILE") return Offer::kFiles;
  return Offer::kNothing;
}

Offer offer_for(const Operands& operands) {
  const std::string_view mark = operands.mark;
  if (!operands.choices.empty()) return Offer::kChoices;
  if (mark == "FILE") return Offer::kTopologies;
  if (mark == "DIR") return Offer::kFolders;
  if (mark == "PLUGIN") return Offer::kPlugins;
  if (mark == "COMMAND") return Offer::kCommands;
  return Offer::kNothing;
}

std::string words_of(const std::vector<const char*>& words) {
  std::string all;
  for (const char* word : words) all += (all.empty() ? "" : " ") + std::string(word);
  return all;
}

std::string command_names() {
  std::string names;
  for (const auto& command : all_commands()) {
    if (!command->about().internal) names += (names.empty() ? "" : " ") + std::string(command->about().name);
  }
  return names;
}

// --- bash

/// A command that fills COMPREPLY.
std::string bash_offer(Offer offer, const Operands& operands) {
  switch (offer) {
    case Offer::kFiles:
      return "mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")";
    case Offer::kTopologies:
      return "mapfile -t COMPREPLY < <(compgen -d -- \"$cur\"; compgen -f -X '!*.yaml' -- \"$cur\"; compgen -f -X "
             "'!*.yml' -- \"$cur\")";
    case Offer::kFolders:
      return "mapfile -t COMPREPLY < <(compgen -d -- \"$cur\")";
    case Offer::kPlugins:
      return "mapfile -t COMPREPLY < <(compgen -d -- \"$cur\"; compgen -f -X '!*.so' -- \"$cur\")";
    case Offer::kCommands:
      return "mapfile -t COMPREPLY < <(compgen -W '" + command_names() + "' -- \"$cur\")";
    case Offer::kChoices:
      return "mapfile -t COMPREPLY < <(compgen -W '" + words_of(operands.choices) + "' -- \"$cur\")";
    case Offer::kNothing:
      break;
  }
  return ":";
}

std::string bash_case(const Command& command) {
  const About about = command.about();
  std::string options, values;
  for (const OptionRow& row : option_table(command)) {
    options += (options.empty() ? "" : " ") + ("--" + row.name);
    if (!row.value.empty())
      values += "        --" + row.name + ") " + bash_offer(offer_for(row.value), {}) + "; return ;;\n";
  }
  std::string text = "    " + std::string(about.name) + ")\n";
  if (!values.empty()) text += "      case $prev in\n" + values + "      esac\n";
  return text + "      options='" + options + "'\n      if [[ $cur != -* ]]; then " +
         bash_offer(offer_for(about.operands), about.operands) + "; fi\n      ;;\n";
}

std::string bash() {
  std::string text =
      "# bash completion for gale; made by 'gale completion bash'\n"
      "_gale() {\n"
      "  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} options=''\n"
      "  COMPREPLY=()\n"
      "  if ((COMP_CWORD == 1)); then\n"
      "    mapfile -t COMPREPLY < <(compgen -W '" +
      command_names() +
      " --help --version' -- \"$cur\")\n"
      "    return\n"
      "  fi\n"
      "  _gale_command\n"
      "  if [[ $cur == -* && -n $options ]]; then mapfile -t COMPREPLY < <(compgen -W \"$options\" -- \"$cur\"); fi\n"
      "}\n"
      "_gale_command() {\n"
      "  case ${COMP_WORDS[1]} in\n";
  for (const auto& command : all_commands()) {
    if (!command->about().internal) text += bash_case(*command);
  }
  return text + "  esac\n}\ncomplete -o filenames -F _gale gale\n";
}

// --- zsh

/// Within '...' and before a colon or bracket.
std::string zsh_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\'') {
      out += "'\\''";
      continue;
    }
    if (c == '[' || c == ']' || c == ':' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

std::string zsh_offer(Offer offer, const Operands& operands) {
  switch (offer) {
    case Offer::kFiles:
      return "_files";
    case Offer::kTopologies:
      return "_files -g \"*.(yaml|yml)\"";
    case Offer::kFolders:
      return "_files -/";
    case Offer::kPlugins:
      return "_files -g \"*.so\"";
    case Offer::kCommands:
      return "(" + command_names() + ")";
    case Offer::kChoices:
      return "(" + words_of(operands.choices) + ")";
    case Offer::kNothing:
      break;
  }
  return " ";
}

std::string zsh_case(const Command& command) {
  const About about = command.about();
  std::string text = "    " + std::string(about.name) + ")\n      _arguments";
  for (const OptionRow& row : option_table(command)) {
    text += " \\\n        '" + std::string(row.repeats ? "*" : "") + "--" + row.name + "[" + zsh_text(row.explain) +
            "]" + (row.value.empty() ? "" : ":" + zsh_text(row.value) + ":" + zsh_offer(offer_for(row.value), {})) +
            "'";
  }
  if (about.operands.word != nullptr) {
    text += std::string(" \\\n        '") + (about.operands.many ? "*" : "1") + ":" + zsh_text(about.operands.word) +
            ":" + zsh_offer(offer_for(about.operands), about.operands) + "'";
  }
  return text + "\n      ;;\n";
}

std::string zsh() {
  std::string text =
      "#compdef gale\n"
      "# made by 'gale completion zsh'\n"
      "_gale() {\n"
      "  local curcontext=$curcontext state line\n"
      "  _arguments -C '(- *)--help[tells how it is used]' '(- *)--version[tells which version it is]' "
      "'1:command:->command' '*::argument:->argument'\n"
      "  if [[ $state == command ]]; then\n"
      "    local -a commands=(";
  for (const auto& command : all_commands()) {
    const About about = command->about();
    if (!about.internal) text += "\n      '" + std::string(about.name) + ":" + zsh_text(about.summary) + "'";
  }
  text += ")\n    _describe command commands\n    return\n  fi\n  case $words[1] in\n";
  for (const auto& command : all_commands()) {
    if (!command->about().internal) text += zsh_case(*command);
  }
  return text + "  esac\n}\nif [[ $funcstack[1] == _gale ]]; then _gale \"$@\"; else compdef _gale gale; fi\n";
}

class Completion final : public Command {
 public:
  [[nodiscard]] About about() const override {
    return {
        .name = "completion",
        .summary = "prints a completion script for a shell",
        .text =
            "Prints what a shell needs to complete gale's commands and options. An installed gale has them in place;\n"
            "else put this into your ~/.bashrc: source <(gale completion bash)",
        .operands = {.word = "shell", .mark = "SHELL", .choices = {"bash", "zsh"}}};
  }
  int run(const std::vector<std::string>& shells) override {
    std::fputs((shells.front() == "bash" ? bash() : zsh()).c_str(), stdout);
    return kOk;
  }
};

}  // namespace

std::unique_ptr<Command> completion_command() { return std::make_unique<Completion>(); }

}  // namespace gale::cli
