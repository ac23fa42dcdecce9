// SPDX-License-Identifier: Apache-2.0
#include "engine/keys/endpoint.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cerrno>

namespace gale::keys {
namespace {

constexpr std::string_view kTcp = "tcp://", kIpc = "ipc://";
constexpr std::size_t kLongestIpcPath = 107;  // sun_path, less its NUL

/// Of tcp://ADDRESS:PORT, without brackets.
std::string address_of(std::string_view endpoint) {
  std::string_view host = endpoint.substr(kTcp.size());
  host = host.substr(0, host.rfind(':'));
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  return std::string(host);
}

Result<void> known_form(const std::string& endpoint) {
  const std::string_view view = endpoint;
  if (view.starts_with(kIpc) && view.size() > kIpc.size()) {
    if (view.size() - kIpc.size() <= kLongestIpcPath) return {};
    return Failed{"the path of " + endpoint + " has " + std::to_string(view.size() - kIpc.size()) +
                  " bytes, a unix socket takes at most " + std::to_string(kLongestIpcPath) +
                  ": use a shorter run directory"};
  }
  if (is_tcp(view) && view.find(':', kTcp.size()) != std::string_view::npos) return {};
  return Failed{"'" + endpoint + "' is no endpoint: one is ipc:///path or tcp://address:port"};
}

}  // namespace

bool is_tcp(std::string_view endpoint) { return endpoint.starts_with(kTcp); }

bool is_local(std::string_view endpoint) {
  if (endpoint.starts_with(kIpc)) return true;
  if (!is_tcp(endpoint)) return false;
  const std::string address = address_of(endpoint);
  in_addr four{};
  in6_addr six{};
  // Read as an address, not compared as text: 127.0.0.1.example.org is a name that leads anywhere.
  if (::inet_pton(AF_INET, address.c_str(), &four) == 1) return (ntohl(four.s_addr) >> 24) == 127;
  return ::inet_pton(AF_INET6, address.c_str(), &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}

Result<void> may_listen(const std::string& endpoint, bool with_keys) {
  if (Result<void> form = known_form(endpoint); !form) return form;
  if (with_keys || is_local(endpoint)) return {};
  return Failed{endpoint +
                " can be reached from other hosts and there are no keys, so anybody could send to it: make "
                "keys with 'gale keygen' and name their folder (--keys DIR), or listen at 127.0.0.1"};
}

Result<void> may_connect(const std::string& endpoint) { return known_form(endpoint); }

std::string advice_for(int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return "; create its folder first";
    case EACCES:
    case EPERM:
      return "; the folder must be writable for this user, a port below 1024 needs root";
    case EADDRINUSE:
      return "; another process listens there: stop it or take another port";
    case EADDRNOTAVAIL:
    case ENODEV:
      return "; this host has no such address";
    case EMFILE:
    case ENFILE:
      return "; too many open files: raise the limit (ulimit -n)";
    case EINVAL:
    case EPROTONOSUPPORT:
      return "; an endpoint is ipc:///path or tcp://address:port";
    default:
      return "";
  }
}

}  // namespace gale::keys
