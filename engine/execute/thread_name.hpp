// SPDX-License-Identifier: Apache-2.0
//
// The name of a thread, as debuggers, top and core dumps show it: at most 15 characters of it.
#pragma once

#include <pthread.h>

#include <string>

namespace gale::execute {

/// The end of a long name is what tells tasks apart: "component#12" keeps its number.
inline std::string thread_name(const std::string& name) {
  constexpr std::size_t kMost = 15;
  if (name.size() <= kMost) return name;
  const std::size_t number = name.rfind('#');
  if (number == std::string::npos || name.size() - number > 8) return name.substr(0, kMost);
  const std::string end = name.substr(number);
  return name.substr(0, kMost - end.size()) + end;
}
inline void name_thread(pthread_t thread, const std::string& name) {
  ::pthread_setname_np(thread, thread_name(name).c_str());
}
inline void name_thread(const std::string& name) { name_thread(::pthread_self(), name); }

}  // namespace gale::execute
