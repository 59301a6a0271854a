# The option tables of docs/configuration.md, which a test holds against the program, as
#   -v form=toml   the file of the package with every option in it,
#   -v form=man    the options of the man page,
#   -v form=bash, zsh or fish   the completion for that shell.

function bare(text) { gsub(/`/, "", text); return text }

# Without links, of which only the text is kept.
function plain(text) {
  while (match(text, /\[[^]]*\]\([^)]*\)/)) {
    link = substr(text, RSTART, RLENGTH)
    sub(/\].*/, "", link)
    text = substr(text, 1, RSTART - 1) substr(link, 2) substr(text, RSTART + RLENGTH)
  }
  return text
}

function comment(text,   words, count, i, line) {
  count = split(text, words, " ")
  line = "#"
  for (i = 1; i <= count; ++i) {
    if (length(line) + 1 + length(words[i]) > 100) { print line; line = "#" }
    line = line " " words[i]
  }
  print line
}

function toml_value(value, values) {
  if (value == "–") return values ~ /^list/ ? "[]" : values == "yes/no" ? "false" : "\"\""
  return value ~ /^([0-9]+|true|false)$/ ? value : "\"" value "\""
}

BEGIN {
  commands = "token api-key check backup restore export import status rooms users kick tail erase retention drain"
  # What the package says of its own; all else is a comment.
  own["data"] = "/var/lib/confab"
  own["jwt_secret_file"] = "/etc/confab/jwt-secret"
}

function as_toml(key, value, values, meaning) {
  print ""
  comment(bare(plain(meaning)))
  if (values != "yes/no") comment("Values: " bare(values) (values ~ /\.$/ ? "" : "."))
  print (key in own) ? key " = \"" own[key] "\"" : "#" key " = " toml_value(value, values)
}

function roff(text) {
  gsub(/-/, "\\-", text)
  while (match(text, /`[^`]*`/))
    text = substr(text, 1, RSTART - 1) "\\fB" substr(text, RSTART + 1, RLENGTH - 2) "\\fR" substr(text, RSTART + RLENGTH)
  return text
}

function as_man(flag, value, values, meaning) {
  print ".TP"
  if (values == "yes/no") print ".BR " roff(flag) ", " roff("--no-" substr(flag, 3))
  else print ".BI " roff(flag) " \" \" " (values ~ /^(file|directory|time|bytes|number|list)/ ? toupper(substr(values, 1, match(values, /[^a-z]|$/) - 1)) : "VALUE")
  print "\\&" roff(plain(meaning))
  if (values != "yes/no") print "Values: " roff(values) "."
  if (value != "–") print "Default: \\fB" roff(value) "\\fR."
}

function as_bash(flag, values) {
  flags = flags " " flag
  if (values == "yes/no") flags = flags " --no-" substr(flag, 3)
  else if (values == "file" || values == "directory") named[values] = named[values] "|" flag
  else if (values ~ /^`[^`]*`, /) {
    gsub(/[`,]/, "", values)
    choices = choices "    " flag ") COMPREPLY=($(compgen -W '" values "' -- \"$word\")); return ;;\n"
  } else if (values !~ /^yes/) other = other "|" flag
}

# What a value is made of, for a shell: "file", "directory", its choices, or "" where nothing can be proposed.
function proposed(values) {
  if (values ~ /^(file|directory)/) return substr(values, 1, match(values, /[^a-z]|$/) - 1)
  if (values !~ /^`[^`]*`, /) return ""
  gsub(/[`,]/, "", values)
  return "(" values ")"
}

function first_sentence(text) {
  text = bare(plain(text))
  return match(text, /\.( |$)/) ? substr(text, 1, RSTART - 1) : text
}

function as_zsh(flag, values, meaning,   of) {
  gsub(/\[|\]|:/, "\\\\&", meaning)
  gsub(/'/, "'\\''", meaning)
  of = proposed(values)
  if (of == "file") of = "_files"
  if (of == "directory") of = "_files -/"
  print "  '" (values ~ /^list/ ? "*" : "") flag (values == "" ? "[" meaning "]'" : "=[" meaning "]:value:" (of == "" ? " " : of) "'") " \\"
}

function as_fish(flag, values, meaning,   of) {
  gsub(/'/, "\\\\'", meaning)
  of = proposed(values)
  if (of == "file") of = " -r -F"
  else if (of == "directory") of = " -x -a '(__fish_complete_directories)'"
  else if (of != "") of = " -x -a '" substr(of, 2, length(of) - 2) "'"
  else of = values == "" ? "" : " -x"
  print "complete -c confabd -l " substr(flag, 3) of " -d '" meaning "'"
}

# Before and behind the options.
BEGIN {
  if (form == "zsh") {
    print "#compdef confabd"
    print "# Completion for zsh: options, and the values that they have."
    print "_arguments \\"
    print "  '1::command:(" commands ")' \\"
  }
  if (form == "fish") {
    print "# Completion for fish: options, and the values that they have."
    print "complete -c confabd -f"
    print "complete -c confabd -n __fish_use_subcommand -a '" commands "'"
  }
}

# `values`: empty: it has none.
function as_row(flag, values, meaning) {
  if (values == "yes/no") {
    as_row(flag, "", meaning)
    as_row("--no-" substr(flag, 3), "", "Not: " meaning)
  } else if (form == "zsh") as_zsh(flag, values, meaning)
  else if (form == "fish") as_fish(flag, values, meaning)
}

/^### / { group = substr($0, 5); fresh = 1 }

/^## Who may/ { exit }

/^\| `--/ {
  sub(/^\| /, ""); sub(/ \|$/, "")
  count = split($0, cell, / \| /)
  if (count != 6) { print "options.awk: " count " cells in: " $0 > "/dev/stderr"; failed = 1; exit 1 }
  if (fresh && form == "toml") print "\n\n# --- " group " ---"
  if (fresh && form == "man") print ".SS " group
  fresh = 0
  flag = bare(cell[1]); key = bare(cell[3]); value = bare(cell[4])
  if (form == "toml") as_toml(key, value, cell[5], cell[6])
  if (form == "man") as_man(flag, value, cell[5], cell[6])
  if (form == "bash") as_bash(flag, cell[5])
  as_row(flag, cell[5], first_sentence(cell[6]))
}

END {
  if (failed) exit 1
  as_row("--config", "file", "Options in TOML: key = value")
  as_row("--help", "", "Print the options in short")
  as_row("--version", "", "Print the version")
  if (form == "zsh") print "  && return 0"
  if (form != "bash") exit
  print "# Completion for bash: options, and the values that they have."
  print "_confabd() {"
  print "  local word=$2"
  print "  case $3 in"
  printf "%s", choices
  print "    --config" named["file"] ") COMPREPLY=($(compgen -f -- \"$word\")); return ;;"
  print "    " substr(named["directory"], 2) ") COMPREPLY=($(compgen -d -- \"$word\")); return ;;"
  print "    " substr(other, 2) ") return ;;"
  print "  esac"
  print "  COMPREPLY=($(compgen -W '" commands flags " --config --help --version' -- \"$word\"))"
  print "}"
  print "complete -o filenames -F _confabd confabd"
}
