// SPDX-License-Identifier: Apache-2.0
//
// deep_call(): a call that needs more stack than a pool's thread has, on a thread made for it. What it throws is thrown
// to the caller. Stack is taken as it is touched, so the size costs address space alone.
#pragma once

#include <pthread.h>

#include <cstddef>
#include <exception>
#include <system_error>

namespace gale::stock::validate {

template <class Fn>
void deep_call(std::size_t stack_bytes, Fn&& fn) {
  struct Call {
    Fn& fn;
    std::exception_ptr thrown;
  } call{fn, nullptr};
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, stack_bytes);
  pthread_t thread{};
  const int failed = pthread_create(
      &thread, &attributes,
      [](void* p) -> void* {
        auto& c = *static_cast<Call*>(p);
        try {
          c.fn();
        } catch (...) {
          c.thrown = std::current_exception();
        }
        return nullptr;
      },
      &call);
  pthread_attr_destroy(&attributes);
  if (failed != 0) throw std::system_error(failed, std::generic_category(), "no thread to match a long text on");
  pthread_join(thread, nullptr);
  if (call.thrown) std::rethrow_exception(call.thrown);
}

}  // namespace gale::stock::validate
