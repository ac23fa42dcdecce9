// SPDX-License-Identifier: Apache-2.0
#include "supervisor/control/request.hpp"

#include "engine/keys/key_file.hpp"
#include "engine/keys/security.hpp"
#include "supervisor/control/rpc.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace gale::control {
namespace {

std::string hex(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    text += "0123456789abcdef"[static_cast<unsigned char>(c) >> 4];
    text += "0123456789abcdef"[static_cast<unsigned char>(c) & 15];
  }
  return text;
}

TEST_CASE("request: its bytes") {
  const Request request{"a1", "kill", Value::Map{{"name", "wc"}, {"within_ms", 500}}};
  CHECK(hex(encode(request)) ==
        "84"
        "a461726773"
        "82"
        "a46e616d65a27763"
        "a977697468696e5f6d73cd01f4"
        "a467616c6501"
        "a26964a26131"
        "a476657262a46b696c6c");
  const Result<Request> back = decode_request(encode(request));
  REQUIRE(back);
  CHECK(back->id == "a1");
  CHECK(back->verb == "kill");
  CHECK(back->args == request.args);
}

TEST_CASE("reply: its bytes, given and refused") {
  CHECK(hex(encode(Reply{"a1", Value::Map{{"name", "wc"}}, {}})) ==
        "83"
        "a467616c6501"
        "a26964a26131"
        "a26f6b81a46e616d65a27763");
  const Reply no{"a1", {}, Refused{"no", true}};
  CHECK(hex(encode(no)) ==
        "83"
        "a467616c6501"
        "a26964a26131"
        "a77265667573656482a474657874a26e6fa57573616765c3");
  const Result<Reply> back = decode_reply(encode(no));
  REQUIRE(back);
  REQUIRE(back->refused);
  CHECK(back->refused->text == "no");
  CHECK(back->refused->usage);
}

TEST_CASE("request: what is none is refused with a reason") {
  CHECK_FALSE(decode_request(""));
  CHECK_FALSE(decode_request("\x93"));
  CHECK_FALSE(decode_request(encode(Request{"", "list", Value::Map{}})));
  CHECK_FALSE(decode_request(encode(Request{std::string(65, 'a'), "list", Value::Map{}})));
  CHECK_FALSE(decode_request(encode(Request{"a", "", Value::Map{}})));
  CHECK_FALSE(decode_request(encode(Request{"a", "list", Value::Map{}}) + "x"));
  CHECK_FALSE(decode_reply(encode(Request{"a", "list", Value::Map{}})));
  std::string other = encode(Request{"a", "list", Value::Map{}});
  other[other.find("gale") + 4] = 2;
  const Result<Request> newer = decode_request(other);
  REQUIRE_FALSE(newer);
  CHECK(newer.error() == "speaks protocol 2, this is 1");
}

TEST_CASE("request: ids differ") {
  std::set<std::string> ids;
  for (int i = 0; i < 1000; ++i) ids.insert(fresh_id());
  CHECK(ids.size() == 1000);
  CHECK(ids.begin()->size() == 32);
}

TEST_CASE("rpc: a request comes, its answer goes back; garbage is counted") {
  Result<RequestServer> server = RequestServer::bind("tcp://127.0.0.1:*");
  REQUIRE(server);
  Result<RequestClient> client = RequestClient::connect(server->endpoint());
  REQUIRE(client);
  const Request request{fresh_id(), "list", Value::Map{{"n", 1}}};
  REQUIRE(client->send(request));
  std::optional<Asked> asked;
  for (int i = 0; i < 100 && !asked; ++i) {
    server->wait({}, std::chrono::milliseconds(100));
    asked = server->receive();
  }
  REQUIRE(asked);
  CHECK(asked->request.id == request.id);
  CHECK(asked->request.args == request.args);
  server->answer(asked->peer, {request.id, Value("fine"), {}});
  std::optional<Reply> reply;
  for (int i = 0; i < 100 && !reply; ++i) {
    client->wait({}, std::chrono::milliseconds(100));
    reply = client->receive();
  }
  REQUIRE(reply);
  CHECK(reply->value == Value("fine"));
  CHECK(server->refused() == 0);
}

/// A master's folder of keys that lets in what `gale keygen` makes.
struct Folder {
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "gale-rpc-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path = name;
    for (const keys::Role role : keys::kRoles) {
      const keys::KeyPair pair = keys::generate();
      REQUIRE(keys::write_pair(path, role, pair));
      REQUIRE(keys::authorize(path, std::string(keys::text_of(role)), pair.public_key));
    }
  }
  ~Folder() { std::filesystem::remove_all(path); }
  [[nodiscard]] keys::Security of(keys::Role role) const {
    Result<keys::Security> read = keys::read_security(path, role, keys::Role::kMaster);
    REQUIRE_MESSAGE(read, read.error());
    return *read;
  }
  std::filesystem::path path;
};

TEST_CASE("rpc: with keys supervisors and clients are let in, by their names; nobody else is heard") {
  const Folder folder;
  Result<RequestServer> server = RequestServer::bind("tcp://127.0.0.1:*", folder.of(keys::Role::kMaster));
  REQUIRE_MESSAGE(server, server.error());
  keys::Security stranger = folder.of(keys::Role::kClient);
  stranger.own = keys::generate();
  std::vector<RequestClient> clients;
  const auto ask = [&](const std::string& verb, const std::optional<keys::Security>& security) {
    Result<RequestClient> client = RequestClient::connect(server->endpoint(), security);
    REQUIRE_MESSAGE(client, client.error());
    REQUIRE(client->send({fresh_id(), verb, Value::Map{}}));
    clients.push_back(std::move(*client));
  };
  ask("plain", {});
  ask("stranger", stranger);
  ask("worker", folder.of(keys::Role::kWorker));  // listed, but not for this door
  ask("client", folder.of(keys::Role::kClient));
  ask("supervisor", folder.of(keys::Role::kSupervisor));
  std::set<std::string> heard;
  for (int i = 0; i < 200 && heard.size() < 2; ++i) {
    server->wait({}, std::chrono::milliseconds(100));
    while (const std::optional<Asked> asked = server->receive()) {
      CHECK(asked->who == asked->request.verb);
      heard.insert(asked->request.verb);
    }
  }
  CHECK(heard == std::set<std::string>{"client", "supervisor"});
}

TEST_CASE("rpc: without keys only this host may be listened at") {
  const Result<RequestServer> open = RequestServer::bind("tcp://0.0.0.0:*");
  REQUIRE_FALSE(open);
  CHECK(open.error().find("'gale keygen'") != std::string::npos);
  const Folder folder;
  CHECK(RequestServer::bind("tcp://0.0.0.0:*", folder.of(keys::Role::kMaster)));
}

TEST_CASE("rpc: who does not answer is named, with what to do") {
  Result<RequestClient> client = RequestClient::connect("tcp://127.0.0.1:1");
  REQUIRE(client);
  const Reply reply = client->call("list", Value::Map{}, std::chrono::milliseconds(50));
  REQUIRE(reply.refused);
  CHECK(reply.refused->text == "master at 127.0.0.1:1 does not answer: is it running? start it with 'gale master'");
  CHECK_FALSE(reply.refused->usage);
}

TEST_CASE("rpc: an address that is none, a port that is taken") {
  CHECK_FALSE(RequestClient::connect("nonsense"));
  Result<RequestServer> one = RequestServer::bind("tcp://127.0.0.1:*");
  REQUIRE(one);
  const Result<RequestServer> two = RequestServer::bind(one->endpoint());
  REQUIRE_FALSE(two);
  CHECK(two.error().find("does another one run there already?") != std::string::npos);
}

}  // namespace
}  // namespace gale::control
