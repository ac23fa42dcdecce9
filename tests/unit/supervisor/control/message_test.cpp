// SPDX-License-Identifier: Apache-2.0
#include "supervisor/control/message.hpp"

#include <doctest/doctest.h>

#include <random>
#include <string>

namespace gale::control {
namespace {

using namespace std::string_literals;

Message a_report() {
  Message m;
  m.kind = Kind::kReport;
  m.worker = WorkerId(3);
  m.incarnation = Incarnation(70000);
  worker::TaskReport t;
  std::uint64_t next = 1;
  for (const auto member :
       {&worker::TaskReport::emitted, &worker::TaskReport::transferred, &worker::TaskReport::executed,
        &worker::TaskReport::acked, &worker::TaskReport::failed, &worker::TaskReport::thrown,
        &worker::TaskReport::forgotten, &worker::TaskReport::misuse, &worker::TaskReport::dropped,
        &worker::TaskReport::late, &worker::TaskReport::roots, &worker::TaskReport::replayed,
        &worker::TaskReport::timed_out, &worker::TaskReport::stale_acks, &worker::TaskReport::pending,
        &worker::TaskReport::dead_letters, &worker::TaskReport::poisoned, &worker::TaskReport::busy_ms}) {
    t.*member = next;
    next *= 11;  // up to 2^59
  }
  t.task = TaskId(65534);
  t.finished = true;
  t.user = {{"bad", 3}, {"rejected lines", std::uint64_t{1} << 60}};
  t.latency.add(3, 7);
  t.latency.add(200, 1);
  m.report.tasks = {t, worker::TaskReport{}};
  m.report.links = {1, 2, 3, 4, 5, 6, 7, 8};
  m.report.finishing = true;
  m.report.results_lost = true;
  m.report.errors = {"bolt#0: stalled", ""};
  return m;
}

void check_same(const worker::TaskReport& a, const worker::TaskReport& b) {
  CHECK(a.task == b.task);
  CHECK(a.finished == b.finished);
  CHECK(a.user == b.user);
  CHECK(a.latency.counts() == b.latency.counts());
  for (const auto member :
       {&worker::TaskReport::emitted, &worker::TaskReport::transferred, &worker::TaskReport::executed,
        &worker::TaskReport::acked, &worker::TaskReport::failed, &worker::TaskReport::thrown,
        &worker::TaskReport::forgotten, &worker::TaskReport::misuse, &worker::TaskReport::dropped,
        &worker::TaskReport::late, &worker::TaskReport::roots, &worker::TaskReport::replayed,
        &worker::TaskReport::timed_out, &worker::TaskReport::stale_acks, &worker::TaskReport::pending}) {
    CHECK(a.*member == b.*member);
  }
}

TEST_CASE("A report comes back as it was sent, every count in its place") {
  const Message m = a_report();
  const Result<Message> back = decode(encode(m));
  REQUIRE_MESSAGE(back, back.error());
  CHECK(back->kind == Kind::kReport);
  CHECK(back->worker == m.worker);
  CHECK(back->incarnation == m.incarnation);
  REQUIRE(back->report.tasks.size() == 2);
  check_same(back->report.tasks[0], m.report.tasks[0]);
  check_same(back->report.tasks[1], m.report.tasks[1]);
  CHECK(back->report.links.records_sent == 1);
  CHECK(back->report.links.bytes_sent == 2);
  CHECK(back->report.links.frames_sent == 3);
  CHECK(back->report.links.frames_resent == 4);
  CHECK(back->report.links.duplicates_dropped == 5);
  CHECK(back->report.links.stale_refused == 6);
  CHECK(back->report.links.garbage_refused == 7);
  CHECK(back->report.links.dropped_to_dead == 8);
  CHECK(back->report.finishing);
  CHECK_FALSE(back->report.finished);
  CHECK(back->report.results_lost);
  CHECK(back->report.errors == m.report.errors);
}

TEST_CASE("The golden bytes of PROTOCOL.md") {
  Message stop;
  stop.kind = Kind::kStop;
  stop.worker = WorkerId(1);
  CHECK(encode(stop) == "\x84\xabincarnation\0\xa4kind\xa4stop\xa8protocol\x01\xa6worker\x01"s);
  Message cannot;
  cannot.kind = Kind::kCannotStart;
  cannot.worker = WorkerId(2);
  cannot.incarnation = Incarnation(5);
  cannot.why = "no";
  CHECK(encode(cannot) == std::string("\x85\xabincarnation\x05\xa4kind\xac"
                                      "cannot-start\xa8protocol\x01\xa3why\xa2no\xa6worker\x02"));
  const Result<Message> back = decode(encode(cannot));
  REQUIRE(back);
  CHECK(back->kind == Kind::kCannotStart);
  CHECK(back->why == "no");
  Message drain;
  drain.kind = Kind::kDrain;
  CHECK(decode(encode(drain))->kind == Kind::kDrain);
  Message suspects;
  suspects.kind = Kind::kSuspects;
  suspects.suspects = "alone\tsplit\n";
  CHECK(decode(encode(suspects))->kind == Kind::kSuspects);
  CHECK(decode(encode(suspects))->suspects == "alone\tsplit\n");
}

TEST_CASE("What a supervisor tells its workers, in golden bytes, and back") {
  Message peers;
  peers.kind = Kind::kPeers;
  peers.worker = WorkerId(1);
  peers.incarnation = Incarnation(5);
  peers.slot = 1;
  peers.places = {{WorkerId(2), "d", "a", Incarnation(4)}};
  CHECK(encode(peers) ==
        "\x86\xabincarnation\x05\xa4kind\xa5peers\xa6places\x91\x84\xa3"
        "ack\xa1"
        "a\xa4"
        "data\xa1"
        "d"
        "\xa4"
        "dead\x04\xa5place\x02\xa8protocol\x01\xa4slot\x01\xa6worker\x01"s);
  const Result<Message> back = decode(encode(peers));
  REQUIRE(back);
  CHECK(back->kind == Kind::kPeers);
  CHECK(back->slot == 1);
  CHECK(back->places == peers.places);
  for (const Kind kind : {Kind::kActivate, Kind::kDeactivate, Kind::kDrain}) {
    Message order;
    order.kind = kind;
    order.told = 7;
    CHECK(decode(encode(order))->kind == kind);
    CHECK(decode(encode(order))->told == 7);
  }
}

TEST_CASE("What a supervised worker reads before it speaks comes back as it was written; what is none is refused") {
  const Launch launch{
      std::uint64_t{1} << 63, {"a=b", "c=d=e"}, {{WorkerId(0), "d", "a", Incarnation(9)}}, Phase::kInactive};
  const Result<Launch> back = decode_launch(encode(launch));
  REQUIRE(back);
  CHECK(back->token == launch.token);
  CHECK(back->sets == launch.sets);
  CHECK(back->places == launch.places);
  CHECK(back->phase == Phase::kInactive);
  CHECK(encode(Launch{}) ==
        "\x85\xa5phase\xa6"
        "active\xa6places\x90\xa8protocol\x01\xa4sets\x90\xa5token\0"s);
  const std::string bytes = encode(launch);
  for (std::size_t n = 0; n < bytes.size(); ++n) CHECK_FALSE(decode_launch(bytes.substr(0, n)));
  CHECK_FALSE(decode_launch(bytes + "x"));
  CHECK(decode_launch(std::string("\x81\xa8protocol\x02")).error() == "is of another gale");
}

TEST_CASE("Keys that are not known are passed over, and what is missing is 0, false or empty") {
  const Result<Message> m =
      decode(std::string("\x85\xa8protocol\x01\xa4kind\xa6report\xa6worker\x07\xa6report\x81\xa5later\x90\xa3new\xc0"));
  REQUIRE_MESSAGE(m, m.error());
  CHECK(m->worker == WorkerId(7));
  CHECK(m->incarnation == Incarnation(0));
  CHECK(m->report.tasks.empty());
  CHECK_FALSE(m->report.finished);
}

TEST_CASE("Another protocol, an unknown kind, a worker out of range and what is no map are refused with a text") {
  CHECK(decode("").error() == "a control message is no msgpack map");
  CHECK(decode("\xc0").error() == "a control message is no msgpack map");
  CHECK(decode(std::string("\x81\xa8protocol\x02")).error() ==
        "a control message speaks protocol 2, this gale speaks 1");
  CHECK(decode(std::string("\x83\xa8protocol\x01\xa4kind\xa4jump\xa6worker\x01")).error() ==
        "a control message of unknown kind 'jump'");
  CHECK_FALSE(decode(std::string("\x83\xa8protocol\x01\xa4kind\xa4stop\xa6worker\xce\x00\x01\x00\x01", 33)));
  CHECK_FALSE(decode(std::string("\x83\xa8protocol\x01\xa4kind\xa4stop\xa6worker\xff")));
}

TEST_CASE("No bytes crash decode: every cut, and many mutations, of real messages") {
  std::mt19937_64 dice(20261124);
  const std::string whole = encode(a_report());
  for (std::size_t n = 0; n < whole.size(); ++n) CHECK_FALSE(decode(whole.substr(0, n)));
  std::size_t taken = 0;
  for (int i = 0; i < 15000; ++i) {
    std::string bytes = whole;
    for (std::size_t flips = 1 + dice() % 4; flips > 0; --flips) {
      bytes[dice() % bytes.size()] = static_cast<char>(dice());
    }
    if (dice() % 8 == 0) bytes.erase(dice() % bytes.size(), dice() % 8);
    if (const Result<Message> m = decode(bytes)) {
      ++taken;
      static_cast<void>(encode(*m));
    }
  }
  CHECK(taken > 0);
  CHECK_FALSE(decode(std::string(100000, '\x91')));  // nested beyond any use
  CHECK_FALSE(decode(std::string("\xdf\xff\xff\xff\xff", 5)));
}

}  // namespace
}  // namespace gale::control
