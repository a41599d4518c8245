#!/usr/bin/env python3
"""Faults that the property test must find: one text of rules/eligibility replaced by another.

planted_faults.py list                 NAME FILE SOURCE, a line each: SOURCE is what to compile
planted_faults.py plant NAME ROOT OUT  writes OUT: the file, from the tree at ROOT, with the fault
planted_faults.py find NAME PROGRAM    runs the property test built with the fault; 0: it fails
"""
import collections
import os
import pathlib
import subprocess
import sys

ROOM = "rules/eligibility/"
# `source`: for a header, the one source file that makes use of what changes.
Fault = collections.namedtuple("Fault", "name file old new source", defaults=[None])

FAULTS = [
    Fault("complement_without_nan", "value_set.cc",
          "result.nan_ = domain.nan && !nan_;", "result.nan_ = false;"),
    Fault("gap_one_key_too_long", "value_set.cc",
          "{next, interval.first - 1}", "{next, interval.first}"),
    Fault("all_texts_but_some_inverted", "value_set.cc",
          "*found == text) != except_", "*found == text)"),
    Fault("less_for_less_or_equal", "value_key.cc",
          "domain.keys.first, position.greater - 1,", "domain.keys.first, position.not_less - 1,"),
    Fault("negative_zero_below_zero", "value_key.cc",
          "if (value == 0) return 0;", "if (value == 0) return std::signbit(value) ? -1 : 0;"),
    Fault("nan_kept_as_a_number", "value_key.cc",
          "if (IsNan(value)) return {ValueKey::State::kNan, 0, {}};", ""),
    Fault("whole_number_beside_double_rounded_off", "value_key.cc",
          "greater ? value > literal : value >= literal", "value > literal"),
    Fault("literal_at_the_end_of_the_range", "value_key.cc",
          "if (has_beyond && !IsInside(position)) return std::nullopt;", ""),
    Fault("relation_not_mirrored", "atoms.cc",
          "relation = Mirrored(relation);", ""),
    Fault("all_taken_for_exists", "atoms.cc",
          "*std::move(elements), wanted != all)", "*std::move(elements), wanted)"),
    Fault("or_branch_dropped", "normal_form.cc",
          "other[0].set->Union(*row[0].set)", "*other[0].set"),
    Fault("two_exists_taken_for_one", "normal_form.cc",
          "subject.kind != Subject::Kind::kSomeElement;", "true;"),
    Fault("ternary_branches_swapped", "normal_form.cc",
          "expr.children[value ? 1 : 2]", "expr.children[value ? 2 : 1]"),
    Fault("term_beyond_the_most_rows_forgotten", "normal_form.cc",
          "product = Product(rows, {Opaque(*term, wanted)});", "product = rows;"),
    Fault("has_of_an_error_true", "subject.h",
          "if (value.IsError() && !value.IsAbsent()) return value;", "", "probe.cc"),
    Fault("absent_taken_for_a_value", "dimension.cc",
          "return bitmaps_.Column(free_);\n  const uint32_t number",
          "return bitmaps_.Column(other_);\n  const uint32_t number"),
    Fault("missing_bit_inverted", "dimension.cc",
          "removed_.at(value)) ClearRow(column.data(), row);",
          "removed_.at(value)) SetRow(column.data(), row);"),
    Fault("interval_ends_one_key_early", "dimension.cc",
          "changes.emplace_back(interval.last + 1,", "changes.emplace_back(interval.last,"),
    Fault("list_of_rows_loses_its_first", "dimension.cc",
          "rows_.begin() + begin, rows_", "rows_.begin() + begin + (end > begin ? 1 : 0), rows_"),
    Fault("unknown_element_taken_for_another", "dimension.cc",
          "(!some_ && !elements.complete)", "false"),
    Fault("made_column_left_out", "index.cc",
          "is_made || column.count < rows()", "column.count < rows()"),
    Fault("value_of_the_probe_before", "index.cc",
          "scratch.asked_[subject] != scratch.probe_", "scratch.asked_[subject] == 0"),
    Fault("value_without_a_key_ignored", "index.cc",
          "return !foreign || probe.plain(offer_of_row_[row]);", "return true;"),
    Fault("last_row_masked_out", "index.cc",
          "if (row >= rows()) break;", "if (row + 1 >= rows()) break;"),
    Fault("wrong_word_of_a_lane", "index.cc",
          "kBlockRows + j * 64", "kBlockRows + (j ^ 1) * 64"),
    Fault("scan_forgets_an_alternative", "ordered_scan.cc",
          "for (int64_t i = test.first; i < test.last; ++i) {\n      if (HoldAll",
          "for (int64_t i = test.first + 1; i < test.last; ++i) {\n      if (HoldAll"),
]


def plant(name, root, out):
    fault = next(f for f in FAULTS if f.name == name)
    text = (pathlib.Path(root) / ROOM / fault.file).read_text()
    found = text.count(fault.old)
    if found != 1:
        sys.exit(f"planted fault {name}: {ROOM}{fault.file} has this text {found} times, not once:\n"
                 f"{fault.old}\nChange it in {__file__} as the source has changed.")
    pathlib.Path(out).write_text(text.replace(fault.old, fault.new))


def find(name, program):
    environment = {**os.environ, "TOUCHSTONE_SEED": "1"}
    environment.pop("TOUCHSTONE_CASES", None)  # the quick run's
    run = subprocess.run([program, "--gtest_fail_fast"], env=environment, stdout=subprocess.PIPE,
                         text=True, check=False)
    print(run.stdout)
    if run.returncode != 1 or " disagrees: " not in run.stdout:
        sys.exit(f"planted fault {name} was not found: the test ended with {run.returncode}")


def main():
    command, arguments = sys.argv[1], sys.argv[2:]
    if command == "list":
        for fault in FAULTS:
            print(fault.name, fault.file, fault.source or fault.file)
    else:
        {"plant": plant, "find": find}[command](*arguments)


main()
