#pragma once

#include <sys/resource.h>

namespace confab::server {

/// Of threads that read for those who have been away, or who look for something.
inline constexpr int nice_of_readers = 10;
/// Of what may be late.
inline constexpr int nice_of_indexing = 19;

/// Where all cores are busy, the calling thread lets pass those by which a message goes its way. On
/// Linux a thread has a nice value of its own (setpriority(2), "Bugs").
inline void give_way(int nice) {
  ::setpriority(PRIO_PROCESS, 0, nice);  // a refusal changes no answer
}

}  // namespace confab::server
