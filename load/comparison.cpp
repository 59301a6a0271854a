#include "load/figure.hpp"
#include "load/summary.hpp"
#include "load/text.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <ostream>
#include <string>

namespace confab::load {
namespace {

enum class better : std::uint8_t { less, more };

struct compared_row {
  std::string_view name;
  load::better better;
};

constexpr std::array compared_rows{
    compared_row{"deliveries/s", better::more},
    compared_row{"sends/s", better::more},
    compared_row{"deliveries/core", better::more},
    compared_row{"p50", better::less},
    compared_row{"p90", better::less},
    compared_row{"p99", better::less},
    compared_row{"p99.9", better::less},
    compared_row{"p99.99", better::less},
    compared_row{"max", better::less},
    compared_row{"ack.p50", better::less},
    compared_row{"ack.p99", better::less},
    compared_row{"ack.max", better::less},
    compared_row{"connect.p99", better::less},
    compared_row{"hello.p99", better::less},
    compared_row{"join.p99", better::less},
    compared_row{"resume.p99", better::less},
    compared_row{"history.p99", better::less},
    compared_row{"direct.p99", better::less},
    compared_row{"violations", better::less},
    compared_row{"errors", better::less},
    compared_row{"closes", better::less},
    compared_row{"server.cpu", better::less},
    compared_row{"server.memory", better::less},
    compared_row{"tool.cpu", better::less},
    compared_row{"tool.memory", better::less},
    compared_row{"lag.p99", better::less},
};

/// Smaller changes come from measuring twice.
constexpr double notable = 0.05;

/// How the load itself differed: then the figures say less about the server.
void print_differences(const run_description& a, const run_description& b, std::ostream& out) {
  const auto line = [&](std::string_view what, const std::string& in_a, const std::string& in_b) {
    if (in_a != in_b)
      out << "  " << left(what, 16) << printable(in_a) << " / " << printable(in_b) << '\n';
  };
  line("version", a.tool_version, b.tool_version);
  line("scenario", a.scenario, b.scenario);
  line("url", a.url, b.url);
  line("users", grouped(a.users), grouped(b.users));
  line("devices", grouped(a.devices), grouped(b.devices));
  line("rooms", grouped(a.rooms), grouped(b.rooms));
  line("threads", grouped(a.threads), grouped(b.threads));
  line("planned", time_text(a.planned_s), time_text(b.planned_s));
}

}  // namespace

void print_comparison(const report& a, const report& b, std::string_view name_a,
                      std::string_view name_b, const terminal_style& style, std::ostream& out) {
  const auto column = std::max<std::size_t>({14, width_of(name_a) + 2, width_of(name_b) + 2});
  out << painted(left("", 18) + right(printable(name_a), column) +
                     right(printable(name_b), column) + right("ratio", 9),
                 colour::bold, style)
      << '\n';
  for (const auto& row : compared_rows) {
    const auto figure = *find_figure(row.name);
    const auto in_a = figure.measure(a), in_b = figure.measure(b);
    if (!in_a && !in_b) continue;
    out << "  " << left(row.name, 16) << right(text_of(in_a, figure.unit), column)
        << right(text_of(in_b, figure.unit), column);
    if (in_a && in_b && *in_a != *in_b) {
      out << right(*in_a != 0 ? rounded(*in_b / *in_a) : "", 9);
      const bool grew = *in_b > *in_a;
      if (std::abs(*in_b - *in_a) > notable * std::abs(*in_a))
        out << "  "
            << (grew == (row.better == better::more) ? painted("better", colour::green, style)
                                                     : painted("worse", colour::red, style));
    }
    out << '\n';
  }
  for (const auto& [of, name] : {std::pair{&a, name_a}, std::pair{&b, name_b}})
    for (const auto& warning : of->warnings)
      out << painted("WARNING", colour::yellow, style) << "  " << printable(name) << ": "
          << printable(warning) << '\n';
  print_differences(a.run, b.run, out);
}

}  // namespace confab::load
