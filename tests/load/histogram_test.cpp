#include "load/histogram.hpp"

#include "tests/support/catch.hpp"

#include <nlohmann/json.hpp>

#include <cmath>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

using confab::load::histogram;

namespace {

constexpr double percents[]{0, 1, 10, 25, 50, 75, 90, 99, 99.9, 99.99, 100};

/// How far `found` is above `known`, as a share of it.
double excess(std::uint64_t found, double known) { return static_cast<double>(found) / known - 1; }

std::vector<std::uint64_t> log_uniform_values(std::uint64_t seed, std::size_t count) {
  std::mt19937_64 random{seed};
  std::vector<std::uint64_t> out(count);
  for (auto& each : out) {
    const auto uniform = static_cast<double>(random() >> 11) * 0x1p-53;
    each = static_cast<std::uint64_t>(std::exp(uniform * std::log(3.6e9)));
  }
  return out;
}

}  // namespace

TEST_CASE("an empty histogram has neither values nor percentiles") {
  const histogram empty;

  CHECK(empty.empty());
  CHECK(empty.count() == 0);
  CHECK(empty.min() == 0);
  CHECK(empty.max() == 0);
  CHECK(empty.mean() == 0);
  CHECK(empty.percentile(50) == 0);
}

TEST_CASE("every percentile of a constant is the constant") {
  for (const std::uint64_t constant : {1u, 2047u, 2048u, 61'300u, 3'600'000'000u}) {
    histogram values;
    values.record(constant, 1'000);

    for (const auto percent : percents) CHECK(values.percentile(percent) == constant);
    CHECK(values.mean() == Approx(static_cast<double>(constant)));
    CHECK(values.min() == constant);
    CHECK(values.max() == constant);
    CHECK(values.count() == 1'000);
  }
}

TEST_CASE("the percentiles of a uniform distribution are within a thousandth of the known ones") {
  histogram values;
  for (std::uint64_t each = 1; each <= 1'000'000; ++each) values.record(each);

  for (const auto percent : percents) {
    if (percent == 0) continue;
    CHECK(excess(values.percentile(percent), percent * 10'000) >= 0);
    CHECK(excess(values.percentile(percent), percent * 10'000) < 0.001);
  }
  CHECK(values.percentile(0) == 1);
  CHECK(values.mean() == Approx(500'000.5));
}

TEST_CASE(
    "the percentiles of an exponential distribution are within a thousandth of the known ones") {
  constexpr double mean_us = 20'000;
  constexpr std::uint64_t count = 1'000'000;
  histogram values;
  // Its quantiles, each once: no chance is involved.
  for (std::uint64_t i = 0; i < count; ++i)
    values.record(static_cast<std::uint64_t>(
        std::ceil(-mean_us * std::log1p(-(static_cast<double>(i) + 0.5) / count))));

  for (const double percent : {10.0, 50.0, 90.0, 99.0, 99.9, 99.99}) {
    const auto known = -mean_us * std::log1p(-percent / 100);
    CHECK(std::abs(excess(values.percentile(percent), known)) < 0.001 + 1 / known);
  }
  CHECK(values.mean() == Approx(mean_us).epsilon(0.001));
}

TEST_CASE("a value comes back at most a thousandth too high, wherever it lies") {
  double worst = 0;
  for (const auto value : log_uniform_values(1, 200'000)) {
    histogram one;
    one.record(value);
    one.record(histogram::value_max);

    const auto found = one.percentile(50);
    REQUIRE(found >= value);
    worst = std::max(worst, excess(found, static_cast<double>(value)));
  }
  CHECK(worst < 0.001);
  CHECK(worst > 0.0005);  // or it would take more memory than it needs
}

TEST_CASE("the percentile is the value of its rank, counted from one") {
  histogram hundred;
  for (std::uint64_t each = 1; each <= 100; ++each) hundred.record(each);

  for (std::uint64_t percent = 1; percent <= 100; ++percent)
    CHECK(hundred.percentile(static_cast<double>(percent)) == percent);
  CHECK(hundred.percentile(99.01) == 100);
  CHECK(hundred.percentile(-5) == 1);
  CHECK(hundred.percentile(200) == 100);
}

TEST_CASE("values out of range are counted at its ends") {
  histogram values;

  values.record(0);
  values.record(histogram::value_max + 1);
  values.record(~std::uint64_t{0});

  CHECK(values.count() == 3);
  CHECK(values.min() == 1);
  CHECK(values.max() == histogram::value_max);
}

TEST_CASE("nothing recorded none times leaves no trace") {
  histogram values;
  values.record(7);

  values.record(5'000'000, 0);

  CHECK(values.count() == 1);
  CHECK(values.max() == 7);
}

TEST_CASE("merging is recording all in one") {
  histogram all, merged;
  for (const std::uint64_t seed : {2u, 3u, 4u}) {
    histogram part;
    for (const auto value : log_uniform_values(seed, 10'000)) {
      part.record(value, seed);
      all.record(value, seed);
    }
    merged.merge(part);
  }
  merged.merge(histogram{});

  CHECK(nlohmann::ordered_json(merged) == nlohmann::ordered_json(all));
  CHECK(merged.count() == 90'000);
  CHECK(merged.mean() == all.mean());
}

TEST_CASE("a cleared histogram is as good as a new one") {
  histogram used, fresh;
  for (const auto value : log_uniform_values(5, 1'000)) used.record(value);

  used.clear();
  for (auto* each : {&used, &fresh}) each->record(300, 4);

  CHECK(nlohmann::ordered_json(used) == nlohmann::ordered_json(fresh));
}

TEST_CASE("a histogram survives the way through JSON") {
  histogram values;
  for (const auto value : log_uniform_values(6, 5'000)) values.record(value);
  values.record(histogram::value_max);

  const auto text = nlohmann::ordered_json(values).dump();
  const auto back = nlohmann::ordered_json::parse(text).get<histogram>();

  CHECK(nlohmann::ordered_json(back).dump() == text);
  CHECK(back.mean() == values.mean());
  for (const auto percent : percents) CHECK(back.percentile(percent) == values.percentile(percent));
}

TEST_CASE("JSON that contradicts itself is no histogram") {
  histogram values;
  values.record(1'000, 3);
  const auto good = nlohmann::ordered_json(values);
  REQUIRE_NOTHROW(good.get<histogram>());

  const auto with = [&](const char* name, const nlohmann::ordered_json& value) {
    auto changed = good;
    changed[name] = value;
    return changed;
  };
  CHECK_THROWS(with("count", 4).get<histogram>());
  CHECK_THROWS(with("min_us", 1).get<histogram>());
  CHECK_THROWS(with("max_us", 5'000).get<histogram>());
  CHECK_THROWS(with("slots", "none").get<histogram>());
  CHECK_THROWS(with("slots", {{1'000}}).get<histogram>());
  CHECK_THROWS(nlohmann::ordered_json::object().get<histogram>());
}
