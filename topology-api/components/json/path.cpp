// SPDX-License-Identifier: Apache-2.0
#include "path.hpp"

#include <gale/error.hpp>

#include <nlohmann/json.hpp>

#include <charconv>
#include <optional>

namespace gale::stock::json {
namespace {

[[noreturn]] void no_path(std::string_view text, const char* why) {
  throw Error("'" + std::string(text) + "' is no path: " + why + "; write user.name, items[0].price or /user/name");
}

std::optional<std::size_t> index_of(std::string_view digits) {
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), index);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return index;
}

}  // namespace

Path::Path(std::string_view text) : text_(text) {
  if (text.empty()) no_path(text, "it is empty");
  pointer_ = text.front() == '/';
  if (pointer_)
    read_pointer(text);
  else
    read_names(text);
  for (const Step& step : steps_) {
    if (const auto* name = std::get_if<std::string>(&step)) name_ = *name;
  }
}

void Path::read_pointer(std::string_view text) {
  std::string name;
  for (std::size_t i = 1; i <= text.size(); ++i) {
    if (i == text.size() || text[i] == '/') {
      steps_.emplace_back(std::exchange(name, {}));
    } else if (text[i] != '~') {
      name += text[i];
    } else if (++i < text.size() && (text[i] == '0' || text[i] == '1')) {
      name += text[i] == '0' ? '~' : '/';
    } else {
      no_path(text, "in a pointer a ~ stands as ~0 and a / in a name as ~1");
    }
  }
}

void Path::read_names(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] == '[') {
      at = read_index(text, at);
    } else {
      const std::size_t end = std::min(text.find_first_of(".[", at), text.size());
      if (end == at) no_path(text, "a name in it is empty");
      steps_.emplace_back(std::string(text.substr(at, end - at)));
      at = end;
    }
    if (at == text.size() || text[at] == '[') continue;
    if (text[at] != '.' || at + 1 == text.size()) no_path(text, "a name in it is empty");
    ++at;
  }
}

/// "[12]" at `at`; what stands behind it.
std::size_t Path::read_index(std::string_view text, std::size_t at) {
  const std::size_t end = text.find(']', at);
  const auto index = end == std::string_view::npos ? std::nullopt : index_of(text.substr(at + 1, end - at - 1));
  if (!index) no_path(text, "[ ] wants a number");
  steps_.emplace_back(*index);
  return end + 1;
}

const nlohmann::json* Path::find(const nlohmann::json& document) const {
  const nlohmann::json* at = &document;
  for (const Step& step : steps_) {
    const auto* name = std::get_if<std::string>(&step);
    if (name != nullptr && at->is_object()) {
      const auto found = at->find(*name);
      if (found == at->end()) return nullptr;
      at = &*found;
      continue;
    }
    const auto index = name == nullptr ? std::optional(std::get<std::size_t>(step))
                       : pointer_      ? index_of(*name)
                                       : std::nullopt;
    if (!index || !at->is_array() || *index >= at->size()) return nullptr;
    at = &(*at)[*index];
  }
  return at;
}

}  // namespace gale::stock::json
