// SPDX-License-Identifier: Apache-2.0
//
// gale settings [NAME...]: the table of what may stand in a topology's `config`, as the reader reads it.
#include "engine/plan/settings_table.hpp"
#include "supervisor/cli/commands.hpp"
#include "supervisor/cli/plugin_json.hpp"

#include <boost/program_options.hpp>

#include <algorithm>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

namespace gale::cli {
namespace po = boost::program_options;
namespace {

using Rows = std::vector<plan::SettingRow>;

std::string text_of(const Rows& rows) {
  std::string text;
  for (const plan::SettingRow& row : rows) {
    text += (text.empty() ? "" : "\n") + std::string(row.name) + "\n  default " + plan::default_of(row) + "; " +
            plan::limit_of(row, row.min) + " to " + plan::limit_of(row, row.max) + " " + std::string(row.unit) +
            "; in the config of: " + plan::places_of(row) + "\n  " + std::string(row.effect) + "\n  " +
            std::string(row.trade) + "\n";
  }
  return text;
}

/// A number or a switch as what it is, "none" as a text.
Json value_of(const std::string& text) {
  Json value = Json::parse(text, nullptr, false);
  return value.is_discarded() ? Json(text) : value;
}

std::string json_of(const Rows& rows) {
  Json all = Json::array();
  for (const plan::SettingRow& row : rows) {
    Json places = Json::array();
    for (const auto& [scope, name] : {std::pair{plan::kInTopology, "topology"}, std::pair{plan::kInSpout, "spout"},
                                      std::pair{plan::kInBolt, "bolt"}}) {
      if ((row.scope & scope) != 0) places.push_back(name);
    }
    all.push_back({{"name", row.name},
                   {"default", value_of(plan::default_of(row))},
                   {"unit", row.unit},
                   {"least", value_of(plan::limit_of(row, row.min))},
                   {"most", value_of(plan::limit_of(row, row.max))},
                   {"in", places},
                   {"effect", row.effect},
                   {"trade", row.trade}});
  }
  return line_of(all) + "\n";
}

class SettingsCommand final : public Command {
 public:
  SettingsCommand() {
    option()                                                                 //
        ("markdown", po::bool_switch(&markdown_), "as a table in Markdown")  //
        ("json", po::bool_switch(&json_), "as one line of JSON");
  }
  [[nodiscard]] About about() const override {
    std::vector<const char*> names;
    for (const plan::SettingRow& row : plan::setting_rows()) names.push_back(row.name.data());  // of literals
    return {.name = "settings",
            .summary = "prints what may stand in a topology's config",
            .text =
                "Prints what may stand in the 'config' of a topology, a spout or a bolt: default, limits, where,\n"
                "what it does and what it trades; of all settings, or of those named.",
            .operands = {.word = "setting", .mark = "NAME", .required = false, .many = true, .choices = names}};
  }
  int run(const std::vector<std::string>& names) override {
    if (json_ && markdown_) {
      complain("--json and --markdown are two forms of one table: one at a time");
      return kUsage;
    }
    Rows rows;
    for (const plan::SettingRow& row : plan::setting_rows()) {
      if (names.empty() || std::find(names.begin(), names.end(), row.name) != names.end()) rows.push_back(row);
    }
    std::fputs((json_ ? json_of(rows) : markdown_ ? plan::settings_table(rows) : text_of(rows)).c_str(), stdout);
    return kOk;
  }

 private:
  bool markdown_ = false, json_ = false;
};

}  // namespace

std::unique_ptr<Command> settings_command() { return std::make_unique<SettingsCommand>(); }

}  // namespace gale::cli
