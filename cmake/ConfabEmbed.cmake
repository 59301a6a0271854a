# confab_embed(TARGET [HEADER FILE NAMESPACE NAME] FILE...): builds the files into TARGET, as the
# embedded_files() that HEADER declares in NAMESPACE shows them (server/assets.hpp). Paths are relative
# to the project's root; PATH=FILE is a file that the build makes, shown under PATH. The assembler includes the bytes (.incbin), which takes no time
# and no compiler memory however large they are; a changed file is taken up by the next build.
function(confab_embed target)
  cmake_parse_arguments(PARSE_ARGV 1 embed "" "HEADER;NAMESPACE" "")
  if(NOT embed_HEADER)
    set(embed_HEADER server/assets.hpp)
    set(embed_NAMESPACE confab::server::detail)
  endif()
  set(assembly "# Made by cmake/ConfabEmbed.cmake.\n.section .rodata\n")
  set(symbols "")
  set(rows "")
  set(files "")
  set(count 0)
  foreach(file IN LISTS embed_UNPARSED_ARGUMENTS)
    if(file MATCHES "^(.+)=(.+)$")
      set(path ${CMAKE_MATCH_1})
      set(absolute ${CMAKE_MATCH_2})
    else()
      get_filename_component(absolute ${file} ABSOLUTE BASE_DIR ${PROJECT_SOURCE_DIR})
      file(RELATIVE_PATH path ${PROJECT_SOURCE_DIR} ${absolute})
    endif()
    set(name ${target}_embedded_${count})
    string(APPEND assembly
      ".global ${name}\n.balign 16\n${name}:\n.incbin \"${absolute}\"\n"
      ".global ${name}_end\n${name}_end:\n.byte 0\n")
    string(APPEND symbols "extern const char ${name}[], ${name}_end[];\n")
    string(APPEND rows "    {\"${path}\", ${name}, ${name}_end},\n")
    list(APPEND files ${absolute})
    math(EXPR count "${count} + 1")
  endforeach()
  # Without this note the linker makes the whole program's stack executable.
  string(APPEND assembly ".section .note.GNU-stack,\"\",%progbits\n")

  set(folder ${CMAKE_CURRENT_BINARY_DIR}/${target}_embedded)
  file(CONFIGURE OUTPUT ${folder}/files.S CONTENT "${assembly}" @ONLY)
  file(CONFIGURE OUTPUT ${folder}/table.cpp @ONLY CONTENT
"// Made by cmake/ConfabEmbed.cmake.
#include \"${embed_HEADER}\"

#include <vector>

extern \"C\" {
${symbols}}

namespace ${embed_NAMESPACE} {
std::span<const embedded_file> embedded_files() {
  static const std::vector<embedded_file> files{
${rows}  };
  return files;
}
}  // namespace ${embed_NAMESPACE}
")
  set_source_files_properties(${folder}/files.S PROPERTIES OBJECT_DEPENDS "${files}")
  target_sources(${target} PRIVATE ${folder}/files.S ${folder}/table.cpp)
endfunction()
