#include "api/jobs.hpp"

#include "tests/support/catch.hpp"

#include <set>

using namespace confab;
using namespace confab::api;

namespace {

journal::stored_mark kept(const rooms::operation& what) {
  return {std::get<rooms::set_marks>(what.what).marks.front(), 1};
}

}  // namespace

TEST_CASE("a job is known again after a restart, and the next one has the next number") {
  job_book before, after;
  before.read({});
  const auto one = before.add(job_kind::export_room, "general", "shop", unix_ms{5});
  const auto gone = before.add(job_kind::export_user, "eve", "shop", unix_ms{6});
  const std::vector marks{kept(job_book::keeps(one)), kept(job_book::drops(gone))};

  after.read(marks);
  const auto found = after.find("j-1");

  REQUIRE(found);
  CHECK(found->kind == job_kind::export_room);
  CHECK(found->about == "general");
  CHECK(found->by == "shop");
  CHECK(found->at == unix_ms{5});
  CHECK_FALSE(after.find("j-2"));
  CHECK_FALSE(after.find("1"));
  CHECK_FALSE(after.find("j-x"));
  CHECK(after.add(job_kind::erase, "gone:k3v9", "shop", unix_ms{7}).id() == "j-3");
  CHECK(after.find(job_kind::erase, "gone:k3v9"));
  CHECK_FALSE(after.find(job_kind::erase, "general"));
}

TEST_CASE("as many jobs are known as may be, and the oldest is forgotten for one more") {
  job_book book;
  book.read({});
  std::set<std::string> rows;
  for (std::size_t i = 0; i < jobs_kept_max; ++i) {
    const auto made = book.add(job_kind::export_room, "general", "shop", unix_ms{1});
    rows.insert(kept(job_book::keeps(made)).what.subject);
  }
  CHECK(book.find("j-1"));

  const auto last = book.add(job_kind::export_room, "general", "shop", unix_ms{1});

  CHECK(rows.size() == jobs_kept_max);
  CHECK(rows.contains(kept(job_book::keeps(last)).what.subject));
  CHECK_FALSE(book.find("j-1"));
  CHECK(book.list(last.number + 1, jobs_kept_max + 1).size() == jobs_kept_max);
  CHECK(book.list(last.number, 2).front().number == last.number - 1);
}
