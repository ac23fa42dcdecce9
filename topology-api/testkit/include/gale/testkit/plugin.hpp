// SPDX-License-Identifier: Apache-2.0
//
// Plugin: a built plugin, opened by its path, whose components a test runs as it runs classes of its own program.
// A library is never unloaded: its code may stand on any stack. The engine looks at the file before any of its code
// runs; a test opens what it has just built, so here its constructors run first.
#pragma once

#include "gale/abi.h"
#include "gale/testkit/description.hpp"
#include "gale/testkit/failure.hpp"

#include <dlfcn.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gale::testkit {

class Plugin {
 public:
  /// Throws TestFailure with the file and what is wrong with it.
  explicit Plugin(std::string file) : file_(std::move(file)) {
    void* const library = ::dlopen(file_.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) {
      const char* const why = ::dlerror();
      fail(std::string("cannot be loaded: ") + (why == nullptr ? "unknown error" : why));
    }
    const auto entry = reinterpret_cast<gale_plugin_entry_fn>(::dlsym(library, GALE_ABI_ENTRY));
    if (entry == nullptr) fail("is no Gale plugin: it exports no " GALE_ABI_ENTRY "; it wants GALE_PLUGIN(...)");
    table_ = entry(GALE_ABI_MAJOR, GALE_ABI_MINOR);
    if (table_ == nullptr) fail("refuses to work with this test kit: its " GALE_ABI_ENTRY " returned null");
    if (table_->size < sizeof *table_) fail("has a plugin table that is too short; rebuild it");
    if (table_->major != GALE_ABI_MAJOR)
      fail("speaks plugin ABI " + std::to_string(table_->major) + ", this test kit " + std::to_string(GALE_ABI_MAJOR) +
           "; rebuild it with the SDK of this test kit");
  }

  /// Throws TestFailure when there is none of this name.
  [[nodiscard]] const gale_component& operator[](std::string_view component) const {
    std::vector<std::string> names;
    for (std::uint32_t i = 0; i < table_->count; ++i) {
      const gale_component& one = check(table_->components[i]);
      names.push_back(detail::owned(one.name));
      if (names.back() == component) return one;
    }
    fail("has no component '" + std::string(component) + "'; it has: " + detail::joined(names));
  }
  [[nodiscard]] std::string name() const { return detail::owned(table_->name); }
  [[nodiscard]] std::string version() const { return detail::owned(table_->version); }

 private:
  [[noreturn]] void fail(const std::string& what) const { throw TestFailure("plugin '" + file_ + "' " + what); }
  const gale_component& check(const gale_component* one) const {
    constexpr std::size_t kFirst = offsetof(gale_component, watermark) + sizeof(void*);  // what ABI 1.0 had
    if (one == nullptr || one->size < kFirst || one->describe == nullptr || one->create == nullptr ||
        one->destroy == nullptr)
      fail("has a damaged component table; rebuild it");
    return *one;
  }

  std::string file_;
  const gale_plugin* table_ = nullptr;
};

}  // namespace gale::testkit
