// SPDX-License-Identifier: Apache-2.0
#include "engine/plan/substitute.hpp"

#include "engine/base/hint.hpp"

#include <algorithm>
#include <cstdlib>
#include <optional>

namespace gale::plan {
namespace {

constexpr std::size_t kMostWritten = std::size_t{16} << 20;  // a large value named often must not fill the memory
constexpr std::string_view kEnvironmentPrefix = "ENV-";

bool is_name(std::string_view text) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
           c == '-';
  };
  return !text.empty() && std::all_of(text.begin(), text.end(), fits);
}

bool is_wholly_one(std::string_view text) { return text.starts_with("${") && text.find('}') == text.size() - 1; }

}  // namespace

Environment process_environment() {
  return [](const std::string& name) -> const char* { return std::getenv(name.c_str()); };
}

Result<std::pair<std::string, std::string>> parse_set(std::string_view argument) {
  const std::size_t equals = argument.find('=');
  const std::string_view key = argument.substr(0, equals);
  if (equals == std::string_view::npos || !is_name(key)) {
    return Failed{"--set wants key=value, where a key has letters, digits, '_', '.' and '-'; it got '" +
                  std::string(argument) + "'"};
  }
  return std::pair(std::string(key), std::string(argument.substr(equals + 1)));
}

void Substitution::apply(yaml::Node& node, Faults& faults) {
  if (node.kind == yaml::Kind::kScalar) return apply_scalar(node, faults);
  for (yaml::Node& item : node.items) apply(item, faults);  // as deep as the parser lets it be
  for (yaml::Entry& entry : node.entries) apply(entry.value, faults);
}

void Substitution::apply_scalar(yaml::Node& scalar, Faults& faults) {
  std::string_view rest = scalar.text;
  if (rest.find("${") == std::string_view::npos) return;
  const bool whole = is_wholly_one(rest);
  std::string text;
  for (std::size_t at = rest.find("${"); at != std::string_view::npos; at = rest.find("${")) {
    const bool literal = at > 0 && rest[at - 1] == '$';
    text += rest.substr(0, literal ? at - 1 : at);
    rest.remove_prefix(at + 2);
    if (literal) {
      text += "${";
      continue;
    }
    const std::size_t end = rest.find('}');
    if (end == std::string_view::npos) {
      faults.push_back({scalar.at, "'${' without its '}'; write $${ for a plain '${'"});
      return;
    }
    text += value_of(rest.substr(0, end), scalar.at, faults);
    rest.remove_prefix(end + 1);
  }
  scalar.text = text + std::string(rest);
  scalar.substituted = whole;
  if (!whole) scalar.quoted = true;
}

std::string Substitution::value_of(std::string_view inside, Position at, Faults& faults) {
  const std::size_t mark = inside.find(":-");
  const std::string name(inside.substr(0, mark));
  const bool has_default = mark != std::string_view::npos;
  const std::string_view otherwise = has_default ? inside.substr(mark + 2) : std::string_view();
  if (!is_name(name)) {
    faults.push_back({at, "'${" + std::string(inside) + "}': a name has letters, digits, '_', '.' and '-'"});
    return {};
  }
  std::string value;
  if (name.starts_with(kEnvironmentPrefix)) {
    const std::string variable = name.substr(kEnvironmentPrefix.size());
    const auto set = sets_.find(name);
    const char* found = set != sets_.end() ? set->second.c_str() : environment_ ? environment_(variable) : nullptr;
    if (set != sets_.end()) asked_.insert(name);
    if (found == nullptr && !has_default) {
      faults.push_back({at, "the environment has no variable " + variable + " for ${" + name +
                                "}; set it, or write ${" + name + ":-a default}"});
    }
    value = found != nullptr ? std::string(found) : std::string(otherwise);
  } else {
    asked_.insert(name);
    const auto set = sets_.find(name);
    if (set == sets_.end() && !has_default) {
      faults.push_back({at, "nothing was given for ${" + name + "}: give it with --set " + name + "=..."});
    }
    value = set != sets_.end() ? set->second : std::string(otherwise);
  }
  written_ += value.size();
  if (written_ <= kMostWritten) return value;
  if (written_ - value.size() <= kMostWritten) {
    faults.push_back({at, "what is put in for ${...} is more than " + std::to_string(kMostWritten) + " bytes in all"});
  }
  return {};
}

void Substitution::tell_unused(Faults& faults) const {
  const Names names(asked_.begin(), asked_.end());
  for (const auto& [name, value] : sets_) {
    if (asked_.contains(name)) continue;
    const std::string nothing = "--set " + name + ": the file has no ${" + name + "}";
    faults.push_back({{}, names.empty() ? nothing : nothing + suggest(name, names)});
  }
}

}  // namespace gale::plan
