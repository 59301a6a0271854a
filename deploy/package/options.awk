# The option tables of docs/configuration.md, which a test holds against the program, as
#   -v form=toml   the file of the package with every option in it,
#   -v form=man    the options of the man page,
#   -v form=bash   the completion for bash.

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

# What the package says of its own; all else is a comment.
BEGIN {
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
}

END {
  if (failed) exit 1
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
  print "  COMPREPLY=($(compgen -W 'token check backup restore export import status rooms users kick tail drain" flags " --config --help --version' -- \"$word\"))"
  print "}"
  print "complete -o filenames -F _confabd confabd"
}
