// SPDX-License-Identifier: Apache-2.0
#include "supervisor/cli/options.hpp"

#include "engine/base/duration.hpp"

#include <boost/program_options.hpp>

#include <charconv>

namespace gale::cli {
namespace po = boost::program_options;

po::value_semantic* count_option(const char* name, std::optional<std::uint32_t>& to, std::uint32_t least,
                                 std::uint32_t most) {
  const auto read = [name, &to, least, most](const std::string& text) {
    std::uint32_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size() || number < least || number > most) {
      throw po::error("--" + std::string(name) + " '" + text + "': wants an integer of " + std::to_string(least) +
                      " to " + std::to_string(most));
    }
    to = number;
  };
  return po::value<std::string>()->value_name("N")->notifier(read);
}

po::value_semantic* time_option(const char* name, std::optional<Duration>& to) {
  const auto read = [name, &to](const std::string& text) {
    to = parse_duration(text);
    if (!to) throw po::error("--" + std::string(name) + " '" + text + "': no time; write 500ms, 10s, 5m or 2h");
  };
  return po::value<std::string>()->value_name("TIME")->notifier(read);
}

}  // namespace gale::cli
