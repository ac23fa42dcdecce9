// SPDX-License-Identifier: Apache-2.0
//
// Field<T> and Row<T>: names resolved once, when the task is made, so that execute reads by position.
//   gale::Field<double> price_;   describe: d.reads(price_, "price");   execute: tuple.get(price_)
//   GALE_FIELDS(Order, id, card, price)   gale::Row<Order> order_;   d.reads(order_);   tuple.get(order_)
#pragma once

#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

namespace gale {

/// A field wherever each input has it. Bound by Describe::reads; a task whose inputs lack it does not start.
template <class T>
class Field {
 public:
  [[nodiscard]] std::uint16_t position(std::uint32_t input) const noexcept { return positions_[input]; }

 private:
  friend class Describe;
  std::vector<std::uint16_t> positions_;  // by input number
};

/// A struct mapped by GALE_FIELDS, read by name in whatever order the stream has the fields.
template <class T>
class Row {
 public:
  [[nodiscard]] const std::uint16_t* positions(std::uint32_t input) const noexcept { return positions_[input].data(); }

 private:
  friend class Describe;
  std::vector<std::vector<std::uint16_t>> positions_;  // by input number, then by member
};

template <class Struct, class T>
struct Member {
  const char* name;
  T Struct::*pointer;
};
template <class Struct, class T>
constexpr Member<Struct, T> member(const char* name, T Struct::*pointer) {
  return {name, pointer};
}

}  // namespace gale

#define GALE_DETAIL_PARENS ()
#define GALE_DETAIL_EXPAND(...) \
  GALE_DETAIL_EXPAND3(GALE_DETAIL_EXPAND3(GALE_DETAIL_EXPAND3(GALE_DETAIL_EXPAND3(__VA_ARGS__))))
#define GALE_DETAIL_EXPAND3(...) \
  GALE_DETAIL_EXPAND2(GALE_DETAIL_EXPAND2(GALE_DETAIL_EXPAND2(GALE_DETAIL_EXPAND2(__VA_ARGS__))))
#define GALE_DETAIL_EXPAND2(...) __VA_ARGS__
#define GALE_DETAIL_EACH2(macro, first, a, ...) \
  macro(first, a) __VA_OPT__(, GALE_DETAIL_AGAIN2 GALE_DETAIL_PARENS(macro, first, __VA_ARGS__))
#define GALE_DETAIL_AGAIN2() GALE_DETAIL_EACH2
/// macro(first, x) for each x, joined by commas.
#define GALE_DETAIL_FOR_EACH(macro, first, ...) \
  __VA_OPT__(GALE_DETAIL_EXPAND(GALE_DETAIL_EACH2(macro, first, __VA_ARGS__)))
#define GALE_DETAIL_MEMBER(Struct, name) ::gale::member(#name, &Struct::name)

/// Maps a struct's members to fields of the same names. At namespace scope, in the struct's own namespace.
#define GALE_FIELDS(Struct, ...)                                                           \
  inline constexpr auto gale_members(const Struct*) {                                      \
    return std::make_tuple(GALE_DETAIL_FOR_EACH(GALE_DETAIL_MEMBER, Struct, __VA_ARGS__)); \
  }                                                                                        \
  static_assert(true, "GALE_FIELDS wants a semicolon")
