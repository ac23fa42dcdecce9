// SPDX-License-Identifier: Apache-2.0
#include "supervisor/cli/cluster/master_call.hpp"

#include "supervisor/cli/cluster/keys_option.hpp"

#include <boost/program_options.hpp>

#include <cstdlib>
#include <utility>

namespace gale::cli {
namespace po = boost::program_options;
namespace {

std::string default_master() {
  const char* given = std::getenv("GALE_MASTER");
  return given == nullptr || *given == '\0' ? kDefaultMaster : given;
}

}  // namespace

About of_master(About about) {
  about.group = "client";
  if (about.status_1 == nullptr) about.status_1 = "the master does not answer";
  if (about.operands.word != nullptr && about.status_2 == std::string_view("bad usage"))
    about.status_2 = "bad usage, or there is no such topology";
  return about;
}

std::string endpoint_of(const std::string& master) {
  if (master.find("://") != std::string::npos) return master;
  const bool has_port = master.rfind(':') != std::string::npos && master.back() != ']';
  return "tcp://" + master + (has_port ? "" : ":6627");
}

MasterCommand::MasterCommand(bool json) {
  option()("master", po::value(&master_)->value_name("HOST:PORT"),
           "where the master is (default: GALE_MASTER, else 127.0.0.1:6627)");
  option()("keys", po::value(&keys_)->value_name("DIR"), kKeysExplain);
  if (json) option()("json", po::bool_switch(&json_), "the answer as one line of JSON");
}

std::optional<Value> MasterCommand::ask(const std::string& verb, Value args, Duration most) {
  if (!client_) {
    if (master_.empty()) master_ = default_master();
    const std::string endpoint = endpoint_of(master_);
    const Result<std::optional<keys::Security>> security =
        keys_in(keys_folder(keys_, endpoint), keys::Role::kClient, keys::Role::kMaster);
    if (!security) {
      complain(security.error());
      status_ = kUsage;
      return std::nullopt;
    }
    Result<control::RequestClient> client = control::RequestClient::connect(endpoint, *security);
    if (!client) {
      complain(client.error());
      status_ = kUsage;
      return std::nullopt;
    }
    client_.emplace(std::move(*client));
  }
  control::Reply reply = client_->call(verb, std::move(args), most);
  if (!reply.refused) return std::move(reply.value);
  complain(reply.refused->text);
  status_ = reply.refused->usage ? kUsage : kFailed;
  return std::nullopt;
}

Json to_json(const Value& value) {
  return std::visit(
      [](const auto& v) -> Json {
        using T = std::decay_t<decltype(v)>;
        if constexpr (std::is_same_v<T, Value::Array>) {
          Json array = Json::array();
          for (const Value& one : v) array.push_back(to_json(one));
          return array;
        } else if constexpr (std::is_same_v<T, Value::Map>) {
          Json map = Json::object();
          for (const auto& [key, one] : v) map[key] = to_json(one);
          return map;
        } else if constexpr (std::is_same_v<T, Bytes>) {
          return v.data;
        } else {
          return v;
        }
      },
      value.variant());
}

}  // namespace gale::cli
