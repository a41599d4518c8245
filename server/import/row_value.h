#pragma once

// One value of a row as its mapping says.
//
// Thread safety: pure functions. Errors: InvalidArgument with a sentence that names the column's
// fault and what would be right; texts of cells are repeated, since they go to the quarantine file
// of the person who owns the data, and nowhere else.

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "google/protobuf/map.h"
#include "google/protobuf/timestamp.pb.h"
#include "server/import/mapping.h"
#include "server/import/row_reader.h"
#include "touchstone/v1/attribute_value.pb.h"
#include "touchstone/v1/reference_service.pb.h"

namespace touchstone::server {

// The text of a source: template, column or constant, with `strip` cut off, or what an expression
// gives. Empty when a column that it needs is empty.
absl::StatusOr<std::string> TextOf(const ValueSource& source, const Mapping& mapping,
                                   const Row& row);

// The same, which must not be empty. An error names it.
absl::StatusOr<std::string> NeededText(const ValueSource& source, absl::string_view name,
                                       const Mapping& mapping, const Row& row);

// Without a kind when the cell is empty.
absl::StatusOr<touchstone::v1::AttributeValue> ValueOf(const ValueSource& source,
                                                       const Mapping& mapping, const Row& row);

// Sets what the sources give; those that sum lines are passed over, and empty cells left out. An
// error names the field.
absl::Status SetValues(const NamedSources& sources, const Mapping& mapping, const Row& row,
                       google::protobuf::Map<std::string, touchstone::v1::AttributeValue>* values);

// Of a mapping of kind reference. An error names the field.
absl::Status MapReferenceRow(const Mapping& mapping, const Row& row,
                             touchstone::v1::ReferenceTableRow* to);

// To the nanosecond.
void SetTime(absl::Time time, google::protobuf::Timestamp* to);

// Of a source of type timestamp; InfinitePast when the cell is empty.
absl::StatusOr<absl::Time> TimeOf(const ValueSource& source, const Mapping& mapping,
                                  const Row& row);

// An error of the value that has this name.
absl::Status Named(absl::string_view name, const absl::Status& error);

// Whether the filters leave the row in; an error when an expression goes wrong.
absl::StatusOr<bool> IsWanted(const Mapping& mapping, const Row& row);

}  // namespace touchstone::server
