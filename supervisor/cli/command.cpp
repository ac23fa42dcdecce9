// SPDX-License-Identifier: Apache-2.0
#include "supervisor/cli/command.hpp"

#include "engine/base/hint.hpp"
#include "supervisor/cli/config_file.hpp"

#include <boost/program_options.hpp>

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <optional>
#include <string>
#include <utility>

namespace gale::cli {
namespace po = boost::program_options;
namespace {

constexpr const char* kHelp = "help,h";

void print_help(const Command& command, const About& about) {
  po::options_description options(command.options());
  if (about.group != nullptr)
    options.add_options()(kConfigOption, po::value<std::string>()->value_name("FILE"), kConfigExplain);
  options.add_options()(kHelp, "tells how it is used, and ends");
  std::cout << "Usage: " << synopsis(about) << "\n" << about.text << "\n\n" << options;
  std::cout << "\nExit status: 0 ok";
  if (about.status_1 != nullptr) std::cout << ", 1 " << about.status_1;
  std::cout << ", 2 " << about.status_2 << ".\n";
}

/// What is wrong with the operands, if anything is.
std::optional<std::string> wrong(const About& about, const std::vector<std::string>& given) {
  const Operands& wanted = about.operands;
  const std::string usage = "; usage: " + synopsis(about);
  if (wanted.word == nullptr)
    return given.empty() ? std::nullopt : std::optional("what is '" + given.front() + "' for?" + usage);
  if (given.empty())
    return wanted.required ? std::optional("no " + std::string(wanted.word) + " given" + usage) : std::nullopt;
  if (given.size() > 1 && !wanted.many)
    return "one " + std::string(wanted.word) + " at a time, not " + std::to_string(given.size()) + usage;
  for (const std::string& one : given) {
    if (one.empty()) return "the " + std::string(wanted.word) + " is empty" + usage;
    const Names choices(wanted.choices.begin(), wanted.choices.end());
    if (!choices.empty() && std::find(choices.begin(), choices.end(), one) == choices.end())
      return "no " + std::string(wanted.word) + " '" + one + "'" + suggest(one, choices);
  }
  return std::nullopt;
}

/// What gale.yaml says of a command's options that the command line does not.
void add_configured(const About& about, const po::options_description& all, po::variables_map& given) {
  const std::string file = given.count(kConfigOption) == 0 ? std::string() : given[kConfigOption].as<std::string>();
  const auto values = read_config(file, about.group);
  if (!values) throw po::error(values.error());
  po::parsed_options parsed(&all);
  for (const auto& [option, value] : *values) {
    const bool is_switch = all.find(option, false).semantic()->max_tokens() == 0;
    if (is_switch && value != "true" && value != "false")
      throw po::error(std::string(about.group) + "." + option + " wants true or false");
    if (is_switch && value == "false") continue;
    parsed.options.emplace_back(option, is_switch ? std::vector<std::string>{} : std::vector<std::string>{value});
  }
  po::store(parsed, given);  // what the command line gave stays
}

}  // namespace

void complain(std::string_view text) {
  std::fprintf(stderr, "gale: %.*s\n", static_cast<int>(text.size()), text.data());
}

std::string synopsis(const About& about) {
  std::string text = "gale " + std::string(about.name);
  const Operands& operands = about.operands;
  if (operands.word != nullptr) {
    const std::string mark = std::string(operands.mark) + (operands.many ? "..." : "");
    text += operands.required ? " " + mark : " [" + mark + "]";
  }
  return text + " [options]";
}

int carry_out(Command& command, const std::vector<std::string>& arguments) {
  const About about = command.about();
  std::vector<std::string> operands;
  po::options_description all;
  all.add(command.options());
  all.add_options()(kHelp, "")("operand", po::value(&operands));
  if (about.group != nullptr) all.add_options()(kConfigOption, po::value<std::string>(), "");
  po::positional_options_description places;
  places.add("operand", -1);
  try {
    po::variables_map given;
    po::store(po::command_line_parser(arguments).options(all).positional(places).run(), given);
    if (given.count("help") != 0) {
      print_help(command, about);
      return kOk;
    }
    if (about.group != nullptr) add_configured(about, all, given);
    po::notify(given);
  } catch (const po::error& e) {
    complain(std::string(e.what()) + "; see 'gale " + about.name + " --help'");
    return kUsage;
  }
  if (const auto fault = wrong(about, operands)) {
    complain(*fault);
    return kUsage;
  }
  return command.run(operands);
}

}  // namespace gale::cli
