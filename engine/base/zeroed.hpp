// SPDX-License-Identifier: Apache-2.0
//
// Zeroed<T>: an array of fixed size, zero at first, that takes memory only where it was written: for tables made for
// the worst case (a ledger's slots), of which most never see it. T is trivially destructible, and all zero bytes are
// one.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>
#include <type_traits>

namespace gale {

template <class T>
class Zeroed {
  static_assert(std::is_trivially_destructible_v<T>);

 public:
  explicit Zeroed(std::size_t count) : at_(static_cast<T*>(std::calloc(count, sizeof(T)))) {
    if (at_ == nullptr) throw std::bad_alloc();
  }
  [[nodiscard]] T& operator[](std::size_t i) const noexcept { return at_.get()[i]; }
  [[nodiscard]] T* get() const noexcept { return at_.get(); }

 private:
  struct Free {
    void operator()(T* at) const noexcept { std::free(static_cast<void*>(at)); }
  };
  std::unique_ptr<T, Free> at_;
};

}  // namespace gale
