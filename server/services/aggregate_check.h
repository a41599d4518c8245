#pragma once

// Whether aggregates of records are what the events that are kept amount to: the part of
// `touchstone verify` that reads rule sets, which the store's own (store/verify.h) does not know.
// It stands beside the filler (aggregate_filler.h), whose way of working aggregates out it takes:
// what is checked are the increments that came with each event, since.
//
// A sample of the records is looked at, and of each every aggregate of the active revision that is
// complete: its value now, as a decision would read it, must be that of a state which is made anew
// of all events. Sums are whole numbers and added up in one order, so that also the double of
// `decayed` is the same to the last bit; a sketch of `distinct` is one of the same values, and its
// estimate the same. What may differ although nothing is wrong is passed over, and counted.
//
// Thread safety: pure but for its reads. REQUIRES: nobody writes meanwhile.
// Errors: Unavailable when the device refuses. Damage is a finding.
// Cost: reads all customers and households once, the events of those that are looked at, and
// evaluates each of these. Memory: the active revision, and the events of one record.

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "store/store.h"
#include "store/verify.h"

namespace touchstone::server {

struct AggregateCheckOptions {
  // So many customers and households, evenly spread in order of their ids; 0: none.
  uint64_t sample = 1000;
  // Not before any write; if it is, that of the latest write counts.
  absl::Time now;
};

struct AggregateCheckReport {
  std::string not_done;     // why nothing was compared; empty: it was
  uint64_t records = 0;     // looked at
  uint64_t aggregates = 0;  // compared; of these, those that differ are findings

  // Passed over. Records that wait for their aggregates to be rebuilt.
  uint64_t waiting_records = 0;
  // Aggregates that are being filled.
  uint64_t filling = 0;
  // Those that count events of a time of which some were dropped for their age.
  uint64_t beyond_events = 0;
  // Those for which the record had no room, so that what is kept follows from the order in which
  // events came.
  uint64_t without_room = 0;
  // Those that differ, and read the product table: an event added what the products said then.
  uint64_t other_products = 0;
  // Those that differ, and are over an event of which the schema now refuses a value.
  uint64_t refused_values = 0;

  // Of a type that the schema no longer declares: they count nowhere.
  uint64_t undeclared_events = 0;
};

// Adds what it finds to `report`. REQUIRES: that is what VerifyStore gave for the store.
absl::StatusOr<AggregateCheckReport> CheckAggregates(const store::Store& store,
                                                     const AggregateCheckOptions& options,
                                                     store::VerifyProgress progress,
                                                     store::VerifyReport* report);

}  // namespace touchstone::server
