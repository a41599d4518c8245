#pragma once

// A record taken apart, so that a patch can change it; Encode puts it together again.
//
// Thread safety: for one thread at a time.
// Lifetime: strings stay in the bytes of the record and of the patches, which must outlive the
// image.
// Cost: linear in the record, but a section that no operation touches is copied whole, never taken
// apart. Sections and aggregates that are not understood here are carried as they are.

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "store/aggregate_table.h"
#include "store/record.h"

namespace touchstone::store {

class RecordImage {
 public:
  // Empty bytes: a record that holds nothing, version 0. DataLoss for bytes that are no record.
  absl::Status Load(absl::string_view bytes);

  // InvalidArgument, with the operations before it applied, at the first malformed operation.
  absl::Status Apply(absl::string_view patch);

  // ResourceExhausted when the record would not fit into its 32-bit lengths.
  absl::StatusOr<std::string> Encode() const;

 private:
  struct Attribute {
    uint32_t id;
    uint32_t as_of_s;
    uint16_t source;
    char slot[ValueView::kSlotBytes];  // the offset of a heap payload is filled in by Encode
    absl::string_view heap_payload;
  };
  struct Contact {
    ContactView contact;
    absl::string_view limits;
  };
  struct Section {
    uint16_t kind;
    uint32_t count;
    absl::string_view body;
  };

  // Takes a section apart, unless that has been done or there is none.
  void Open(uint16_t kind);
  void OpenAttributes();
  void OpenContacts();
  std::vector<Attribute>::iterator FindAttribute(uint32_t id);
  void SetAttribute(absl::string_view body);
  void ClearAttribute(uint32_t id);
  void ChangeAggregate(uint8_t operation, absl::string_view body);
  void AddContact(absl::string_view body);
  void RemoveContacts(absl::string_view body);
  void DropContact();
  void SetConsent(absl::string_view body);
  void ClearConsent(absl::string_view purpose);
  std::vector<ConsentView>::iterator FindConsent(absl::string_view purpose);
  void PutGrant(absl::string_view body);
  void RemoveGrant(absl::string_view id);
  std::vector<GrantView>::iterator FindGrant(absl::string_view id);

  std::string EncodeAttributes() const;
  std::string EncodeContacts() const;
  std::string EncodeConsents() const;
  std::string EncodeGrants() const;

  uint64_t version_ = 0;
  uint32_t contacts_dropped_ = 0;
  std::vector<Attribute> attributes_;  // ascending by id
  AggregateTable aggregates_;
  std::vector<Contact> contacts_;  // ascending by time
  std::vector<absl::string_view> identities_;
  std::vector<ConsentView> consents_;  // ascending by purpose
  std::vector<GrantView> grants_;      // ascending by id
  absl::string_view household_;
  std::vector<absl::string_view> members_;
  bool aggregates_settled_ = true;
  std::optional<RecordView> record_;  // as loaded
  std::vector<Section> whole_;        // sections of it that are not taken apart, ascending by kind
};

}  // namespace touchstone::store
