// SPDX-License-Identifier: Apache-2.0
//
// How user code reads a tuple, and what it is told when the tuple is not what it expects.
#include "tests/support/fake_host.hpp"

#include <functional>

using namespace gale;
using namespace gale::test;

namespace {

struct Order {
  std::int64_t id = 0;
  std::string card;
  double price = 0;
};
GALE_FIELDS(Order, id, card, price);

Field<double> price;
gale::Row<Order> order;
std::function<void(const Tuple&)> body;

class Reader final : public BasicBolt {
 public:
  void describe(Describe& d) override {
    price = {};
    order = {};
    d.reads(price, "price");
    d.reads(order);
  }
  void execute(const Tuple& tuple, Collector&) override { body(tuple); }
};

struct Loose final : BasicBolt {
  void execute(const Tuple& tuple, Collector&) override { body(tuple); }
};

/// What `read` is told of a tuple with these values of orders/default (price, id, card).
std::string told(const Cells& row, std::function<void(const Tuple&)> read) {
  body = std::move(read);
  FakeHost host(component_of<Loose>(), task_with({"price", "id", "card"}));
  host.started().execute({row});
  return host.fails().empty() ? "" : host.fails()[0];
}

}  // namespace

TEST_CASE("A value of another type is refused, with the field and both types") {
  const Cells row{"12.5", 7, "c"};
  CHECK(told(row, [](const Tuple& t) { (void)t.get<double>(0); }) ==
        "field 'price' (#0) of orders/default: asked for double, is string");
  CHECK(told(row, [](const Tuple& t) { (void)t.get<double>("price"); }) ==
        "field 'price' (#0) of orders/default: asked for double, is string");
  CHECK(told(row, [](const Tuple& t) { (void)t.as<std::string_view, std::int64_t, bool>(); }) ==
        "field 'card' (#2) of orders/default: asked for bool, is string");
  CHECK(told({1.5, 7, "c"}, [](const Tuple& t) { (void)t.get<std::int64_t>(0); }) ==
        "field 'price' (#0) of orders/default: asked for 64-bit integer, is double");
  CHECK(told({nullptr, 7, "c"}, [](const Tuple& t) { (void)t.get<std::string>(0); }) ==
        "field 'price' (#0) of orders/default: asked for string, is nil");
}

TEST_CASE("A value that does not fit is refused, not cut") {
  CHECK(told({1, 300, "c"}, [](const Tuple& t) { (void)t.get<std::uint8_t>(1); }) ==
        "field 'id' (#1) of orders/default: does not fit 8-bit integer");
  CHECK(told({1, -1, "c"}, [](const Tuple& t) { (void)t.get<std::uint64_t>(1); }) ==
        "field 'id' (#1) of orders/default: does not fit unsigned 64-bit integer");
}

TEST_CASE("A wrong element within an array is told as such") {
  CHECK(told({Value::Array{1, "x"}, 1, "c"}, [](const Tuple& t) { (void)t.get<std::vector<int>>(0); }) ==
        "field 'price' (#0) of orders/default: an element of the array is of another type");
}

TEST_CASE("A field that is not there is refused, by name and by position") {
  const Cells row{1, 2, "c"};
  CHECK(told(row, [](const Tuple& t) { (void)t.get<int>("x"); }) == "no field 'x' in orders/default");
  CHECK(told(row, [](const Tuple& t) { (void)t.get<int>(3); }) == "tuple of orders/default has 3 values, asked for #3");
  CHECK(told(row, [](const Tuple& t) { (void)t.get<int>(-1); }).empty() == false);
  CHECK(told(row, [](const Tuple& t) { (void)t.as<int, int, std::string_view, int>(); }) ==
        "tuple of orders/default has 3 values, asked for #3");
}

TEST_CASE("try_get says nothing where get would throw") {
  CHECK(told({"x", 300, "c"}, [](const Tuple& t) {
          CHECK(t.try_get<std::string>(0) == "x");
          CHECK(t.try_get<int>(1) == 300);
          CHECK_FALSE(t.try_get<int>(0));
          CHECK_FALSE(t.try_get<std::uint8_t>(1));
          CHECK_FALSE(t.try_get<int>(3));
        }) == "");
}

TEST_CASE("A tuple gives each type, by position, by name and in one pass") {
  CHECK(told({1.5, 7, "card"}, [](const Tuple& t) {
          CHECK(t.get<double>(0) == 1.5);
          CHECK(t.get<std::int64_t>("id") == 7);
          CHECK(t.get<double>("id") == 7.0);
          CHECK(t.get<std::string_view>(2) == "card");
          CHECK(t.get<Value>(2) == Value("card"));
          CHECK(t.get<std::optional<int>>(1) == 7);
          const auto [p, id, card] = t.as<double, int, std::string>();
          CHECK(p == 1.5);
          CHECK(id == 7);
          CHECK(card == "card");
          CHECK(t.as<double>() == std::tuple(1.5));
          CHECK(t.size() == 3);
          CHECK(t.source() == "orders");
          CHECK(t.stream() == "default");
          CHECK(t.fields() == std::vector<std::string>{"price", "id", "card"});
        }) == "");
  CHECK(told({nullptr, Value::Array{1, 2}, Value::Map{{"k", 1.5}}}, [](const Tuple& t) {
          CHECK_FALSE(t.get<std::optional<double>>(0));
          CHECK(t.get<std::vector<int>>(1) == std::vector<int>{1, 2});
          CHECK(t.get<std::map<std::string, double>>(2).at("k") == 1.5);
        }) == "");
  CHECK(told({Bytes{"raw"}, true, 0}, [](const Tuple& t) {
          CHECK(t.get<BytesView>(0).data == "raw");
          CHECK(t.get<Bytes>(0) == Bytes{"raw"});
          CHECK(t.get<bool>(1));
        }) == "");
}

TEST_CASE("Fields and rows are found by name wherever each input has them") {
  host::TaskInfo info = task_with({"price", "id", "card"});
  info.inputs.push_back({"late", "extra", {"card", "unused", "id", "price"}});
  std::vector<Order> seen;
  std::vector<double> prices;
  body = [&](const Tuple& t) {
    seen.push_back(t.get(order));
    prices.push_back(t.get(price));
  };
  FakeHost host(component_of<Reader>(), info);
  host.started().execute({{1.5, 7, "a"}}, 1, 0);
  host.execute({{"b", "skipped", 8, 2.5}}, 1, 1);
  CHECK(host.fails().empty());
  REQUIRE(seen.size() == 2);
  CHECK(seen[0].id == 7);
  CHECK(seen[0].card == "a");
  CHECK(seen[1].id == 8);
  CHECK(seen[1].card == "b");
  CHECK(seen[1].price == 2.5);
  CHECK(prices == std::vector<double>{1.5, 2.5});
}

TEST_CASE("A task whose input lacks a field that the bolt reads does not start") {
  FakeHost host(component_of<Reader>(), task_with({"id", "card"}));
  CHECK(host.create() == "component 'Tested' cannot be made: no field 'price' in orders/default");
}
