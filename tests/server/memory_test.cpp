#include "server/memory.hpp"

#include "tests/server/temporary_directory.hpp"
#include "tests/support/catch.hpp"

#include <filesystem>

using namespace confab::server;

TEST_CASE("the memory that a control group may have is the least of its own and those above") {
  temporary_directory files;
  std::filesystem::create_directories(files.path() + "/a.slice/b.service");
  const auto group = files.write("cgroup", "1:name=systemd:/old\n0::/a.slice/b.service\n");
  const auto limit = [&](const std::string& of, const std::string& text) {
    files.write(of + "memory.max", text);
    return memory_of_group(group, files.path());
  };

  CHECK(memory_of_group(group, files.path()) == 0);  // none of them says anything
  CHECK(limit("a.slice/b.service/", "max\n") == 0);
  CHECK(limit("a.slice/", "2000\n") == 2000);
  CHECK(limit("a.slice/b.service/", "3000\n") == 2000);
  CHECK(limit("a.slice/b.service/", "1000\n") == 1000);
  CHECK(limit("", "500\n") == 500);
  CHECK(memory_of_group(files.path() + "/none", files.path()) == 500);  // of a container
}

TEST_CASE("the process has something in memory") { CHECK(resident_bytes() > 100'000); }
