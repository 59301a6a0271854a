# Makes dist/, the same modules for require(). npm runs it before it packs: cmake -P build.cmake
#
# The server's build makes the whole package, without npm: cmake -DTARBALL=FILE -P build.cmake
# It holds the files that npm would take (a test compares the two), and the same files make the same bytes.
#
# What is understood is how this folder is written: `import { … } from "…";` and `export` in front of a declaration or of
# `{ … } from "…"`, each at the beginning of a line.
cmake_minimum_required(VERSION 3.25)

set(here ${CMAKE_CURRENT_LIST_DIR})
set(package ${here})
if(TARBALL)
  set(package ${TARBALL}.d/package)
  file(REMOVE_RECURSE ${package})  # of an earlier build, with files that are no more
endif()

# What both kinds of modules import: "./a.js" is "./a.cjs" here.
function(beside text out)
  string(REGEX REPLACE "(\"\\.\\.?/[a-z_/]+)\\.js\"" "\\1.cjs\"" text "${text}")
  set(${out} "${text}" PARENT_SCOPE)
endfunction()

function(common_js text out)
  set(text "\n${text}")
  set(exported "")
  string(REGEX MATCHALL "\nexport {[^}]*} from \"[^\"]+\"" found "${text}")
  foreach(line IN LISTS found)
    string(REGEX REPLACE "\nexport {([^}]*)} from (\"[^\"]+\")" "\\1" names "${line}")
    string(REGEX REPLACE ".* from (\"[^\"]+\")" "\\1" module "${line}")
    string(REGEX MATCHALL "[A-Za-z0-9_]+" names "${names}")
    foreach(name IN LISTS names)
      string(APPEND exported "exports.${name} = require(${module}).${name};\n")
    endforeach()
    string(REPLACE "${line};" "" text "${text}")
  endforeach()
  string(REGEX MATCHALL "\nimport {[^}]*} from \"[^\"]+\"" found "${text}")
  foreach(line IN LISTS found)
    string(REPLACE " as " ": " changed "${line}")
    string(REGEX REPLACE "\nimport ({[^}]*}) from (\"[^\"]+\")" "\nconst \\1 = require(\\2)" changed "${changed}")
    string(REPLACE "${line}" "${changed}" text "${text}")
  endforeach()
  string(REGEX REPLACE "\nimport (\"[^\"]+\")" "\nrequire(\\1)" text "${text}")
  string(REGEX MATCHALL "\nexport (async )?(class|const|function) [A-Za-z0-9_]+" found "${text}")
  foreach(line IN LISTS found)
    string(REGEX REPLACE ".* " "" name "${line}")
    string(APPEND exported "exports.${name} = ${name};\n")
  endforeach()
  string(REGEX REPLACE "\nexport ((async )?(class|const|function) )" "\n\\1" text "${text}")
  if(text MATCHES "\n(import|export) ([^\n]*)")
    message(FATAL_ERROR "not understood: ${CMAKE_MATCH_0}")
  endif()
  beside("${text}\n${exported}" text)
  set(${out} "\"use strict\";${text}" PARENT_SCOPE)
endfunction()

file(GLOB_RECURSE sources RELATIVE ${here} ${here}/*.js ${here}/*.d.ts)
list(FILTER sources EXCLUDE REGEX "^dist/|node_modules/")
file(REMOVE_RECURSE ${package}/dist)
foreach(source IN LISTS sources)
  file(READ ${here}/${source} text)
  if(source MATCHES "\\.js$")
    common_js("${text}" text)
  else()
    beside("${text}" text)
  endif()
  string(REGEX REPLACE "(js|ts)$" "c\\1" made ${source})
  file(WRITE ${package}/dist/${made} "${text}")
endforeach()

if(TARBALL)
  foreach(source IN LISTS sources ITEMS package.json README.md LICENSE)
    file(READ ${here}/${source} text)
    file(WRITE ${package}/${source} "${text}")
  endforeach()
  # The time is that of npm's packages; gzip's header has none.
  execute_process(
    COMMAND tar --sort=name --format=ustar --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX --mtime=@499162500
      -C ${TARBALL}.d -cf - package
    COMMAND gzip -9 -n
    OUTPUT_FILE ${TARBALL}
    COMMAND_ERROR_IS_FATAL ANY)
endif()
