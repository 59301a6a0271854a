// The codec and the frame encoder.

#include "protocol/codec.hpp"

#include <benchmark/benchmark.h>
#include <nlohmann/json.hpp>

#include <cstddef>
#include <string>
#include <variant>

using namespace confab;

namespace {

std::string text_of(benchmark::State& state) {
  return std::string(static_cast<std::size_t>(state.range(0)), 'x');
}

void decode_send(benchmark::State& state, codec format) {
  const nlohmann::json command{{"type", "send"},
                               {"id", 4711},
                               {"room", "general"},
                               {"key", "7f3a-19"},
                               {"text", text_of(state)}};
  std::string payload = command.dump();
  if (format == codec::cbor) {
    payload.clear();
    nlohmann::json::to_cbor(command, payload);
  }
  if (!std::holds_alternative<request>(decode(format, payload))) state.SkipWithError("rejected");
  for (auto _ : state) benchmark::DoNotOptimize(decode(format, payload));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(payload.size()));
}

/// 64 KiB of values, which none of the commands has a use for.
void decode_flood(benchmark::State& state, codec format) {
  auto payload = std::string{R"({"type":"ping","id":7,"x":[)"};
  while (payload.size() < 65'500) payload += "{},";
  payload += "0]}";
  if (format == codec::cbor)
    payload = std::string("\xa3\x64type\x64ping\x62id\x07\x61x\x99\xfd\xe8", 20) +
              std::string(65'000, '\xa0');
  for (auto _ : state) benchmark::DoNotOptimize(decode(format, payload));
}

message::any posted_message(benchmark::State& state) {
  return message::logged{room_id::trusted("general"),
                         {seq_no{4711}, unix_ms{1763790000123}, user_id::trusted("alice"),
                          "7f3a-19", posted{{text_of(state), {}, {}, {}}, {}}}};
}

void encode_message(benchmark::State& state, codec format) {
  const auto what = posted_message(state);
  for (auto _ : state) benchmark::DoNotOptimize(encode(format, what));
}

/// Codec, header, and compression where `format` asks for it and the text is long enough.
void encode_message_frame(benchmark::State& state, wire_format format) {
  const auto what = posted_message(state);
  for (auto _ : state) benchmark::DoNotOptimize(encode_frame(format, what));
}

void frame_header(benchmark::State& state) {
  const auto payload = text_of(state);
  for (auto _ : state) benchmark::DoNotOptimize(make_frame(frame_kind::text, payload));
}

BENCHMARK_CAPTURE(decode_send, json, codec::json)->Arg(64)->Arg(1024);
BENCHMARK_CAPTURE(decode_send, cbor, codec::cbor)->Arg(64)->Arg(1024);
BENCHMARK_CAPTURE(decode_flood, json, codec::json);
BENCHMARK_CAPTURE(decode_flood, cbor, codec::cbor);
BENCHMARK_CAPTURE(encode_message, json, codec::json)->Arg(64)->Arg(1024);
BENCHMARK_CAPTURE(encode_message, cbor, codec::cbor)->Arg(64)->Arg(1024);
BENCHMARK(frame_header)->Arg(64)->Arg(1024);
BENCHMARK_CAPTURE(encode_message_frame, json, wire_format{codec::json, false})->Arg(64)->Arg(1024);
BENCHMARK_CAPTURE(encode_message_frame, deflated, wire_format{codec::json, true})->Arg(1024);

}  // namespace
