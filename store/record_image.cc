#include "store/record_image.h"

#include <algorithm>

#include "store/record_layout.h"
#include "store/record_patch.h"

namespace touchstone::store {

using layout::AppendNumber;

namespace {

void AddText(absl::string_view text, size_t most, std::vector<absl::string_view>* texts) {
  if (texts->size() >= most) return;
  if (std::find(texts->begin(), texts->end(), text) != texts->end()) return;
  texts->push_back(text);
}

void RemoveText(absl::string_view text, std::vector<absl::string_view>* texts) {
  const auto at = std::find(texts->begin(), texts->end(), text);
  if (at != texts->end()) texts->erase(at);
}

std::string EncodeStringList(absl::Span<const absl::string_view> texts) {
  std::string out;
  AppendNumber(&out, static_cast<uint32_t>(texts.size()));
  uint32_t end = 0;
  for (const absl::string_view text : texts) {
    end += static_cast<uint32_t>(text.size());
    AppendNumber(&out, end);
  }
  for (const absl::string_view text : texts) out.append(text.data(), text.size());
  return out;
}

}  // namespace

absl::Status RecordImage::Load(absl::string_view bytes) {
  if (bytes.empty()) return absl::OkStatus();
  absl::StatusOr<RecordView> parsed = RecordView::Parse(bytes);
  if (!parsed.ok()) return parsed.status();
  record_ = *parsed;
  version_ = record_->version();
  const size_t sections = LoadNumber<uint32_t>(bytes.data() + 16);
  const char* entry = bytes.data() + layout::kHeaderBytes;
  size_t body = layout::kHeaderBytes + sections * layout::kSectionBytes;
  whole_.reserve(sections);
  for (size_t i = 0; i < sections; ++i, entry += layout::kSectionBytes) {
    const size_t length = LoadNumber<uint32_t>(entry + 8);
    whole_.push_back(Section{LoadNumber<uint16_t>(entry), LoadNumber<uint32_t>(entry + 4),
                             bytes.substr(body, length)});
    body += length;
  }
  return absl::OkStatus();
}

void RecordImage::Open(uint16_t kind) {
  const auto at = std::find_if(whole_.begin(), whole_.end(),
                               [&](const Section& section) { return section.kind == kind; });
  if (at == whole_.end()) return;
  whole_.erase(at);
  switch (kind) {
    case layout::kAttributes:
      return OpenAttributes();
    case layout::kAggregates:
      return aggregates_.Load(record_->aggregates_.cells, record_->aggregates_.count,
                              record_->aggregates_.heap);
    case layout::kContacts:
      return OpenContacts();
    case layout::kIdentities:
      for (size_t i = 0; i < record_->identities().size(); ++i) {
        identities_.push_back(record_->identities()[i]);
      }
      return;
    case layout::kConsents:
      for (size_t i = 0; i < record_->consent_count(); ++i) {
        consents_.push_back(record_->consent(i));
      }
      return;
    case layout::kGrants:
      for (size_t i = 0; i < record_->grant_count(); ++i) grants_.push_back(record_->grant(i));
      return;
    case layout::kMembers:
      for (size_t i = 0; i < record_->members().size(); ++i) {
        members_.push_back(record_->members()[i]);
      }
      return;
    default:
      return;  // no operation touches another
  }
}

void RecordImage::OpenAttributes() {
  attributes_.reserve(record_->attribute_count() + 1);
  for (size_t i = 0; i < record_->attribute_count(); ++i) {
    const AttributeView from = record_->attribute(i);
    Attribute& to = attributes_.emplace_back(Attribute{from.id, from.as_of_s, from.source, {}, {}});
    std::memcpy(to.slot,
                record_->attributes_.cells + i * layout::kAttributeBytes + layout::kAttributeSlot,
                sizeof(to.slot));
    if (IsHeapType(static_cast<uint8_t>(from.value.type()))) {
      to.heap_payload = from.value.heap_payload();
    }
  }
}

void RecordImage::OpenContacts() {
  contacts_dropped_ = record_->contacts_dropped();
  contacts_.reserve(record_->contact_count() + 1);
  for (size_t i = 0; i < record_->contact_count(); ++i) {
    const ContactView contact = record_->contact(i);
    contacts_.push_back(
        Contact{contact, absl::string_view(contact.limits, size_t{contact.limit_count} * 8)});
  }
}

absl::Status RecordImage::Apply(absl::string_view patch) {
  if (absl::Status status = ValidatePatch(patch); !status.ok()) return status;
  while (!patch.empty()) {
    const uint8_t operation = static_cast<uint8_t>(patch[0]);
    const absl::string_view body =
        patch.substr(layout::kOperationHeaderBytes, LoadNumber<uint32_t>(patch.data() + 1));
    patch.remove_prefix(layout::kOperationHeaderBytes + body.size());
    switch (operation) {
      case layout::kBumpVersion:
        version_ += 1;
        break;
      case layout::kSetAttribute:
        SetAttribute(body);
        break;
      case layout::kClearAttribute:
        ClearAttribute(LoadNumber<uint32_t>(body.data()));
        break;
      case layout::kAddToAggregate:
      case layout::kClearAggregate:
      case layout::kAddToCells:
      case layout::kAddDistinct:
      case layout::kMarkStale:
        ChangeAggregate(operation, body);
        break;
      case layout::kAddContact:
        AddContact(body);
        break;
      case layout::kAddIdentity:
        Open(layout::kIdentities);
        AddText(body, kMaxIdentities, &identities_);
        break;
      case layout::kRemoveIdentity:
        Open(layout::kIdentities);
        RemoveText(body, &identities_);
        break;
      case layout::kSetConsent:
        SetConsent(body);
        break;
      case layout::kClearConsent:
        ClearConsent(body);
        break;
      case layout::kPutGrant:
        PutGrant(body);
        break;
      case layout::kRemoveGrant:
        RemoveGrant(body);
        break;
      case layout::kRemoveContacts:
        RemoveContacts(body);
        break;
      case layout::kClearContacts:
        Open(layout::kContacts);
        contacts_.clear();
        break;
      case layout::kSetHousehold:
        Open(layout::kHousehold);
        household_ = body;
        break;
      case layout::kAddMember:
        Open(layout::kMembers);
        AddText(body, kMaxMembers, &members_);
        break;
      case layout::kRemoveMember:
        Open(layout::kMembers);
        RemoveText(body, &members_);
        break;
      case layout::kForgetAggregates:
        Open(layout::kAggregates);
        aggregates_ = AggregateTable();
        Open(layout::kUnsettled);
        aggregates_settled_ = false;
        break;
      case layout::kSettleAggregates:
        Open(layout::kUnsettled);
        aggregates_settled_ = true;
        break;
      default:
        break;  // ValidatePatch knows every operation
    }
  }
  return absl::OkStatus();
}

void RecordImage::ChangeAggregate(uint8_t operation, absl::string_view body) {
  Open(layout::kAggregates);
  switch (operation) {
    case layout::kAddToAggregate:
      return aggregates_.AddToAggregate(body);
    case layout::kAddToCells:
      return aggregates_.AddToCells(body);
    case layout::kAddDistinct:
      return aggregates_.AddDistinct(body);
    case layout::kMarkStale:
      return aggregates_.MarkStale(LoadNumber<uint32_t>(body.data()));
    default:
      return aggregates_.Clear(LoadNumber<uint32_t>(body.data()));
  }
}

std::vector<RecordImage::Attribute>::iterator RecordImage::FindAttribute(uint32_t id) {
  return std::lower_bound(
      attributes_.begin(), attributes_.end(), id,
      [](const Attribute& attribute, uint32_t wanted) { return attribute.id < wanted; });
}

void RecordImage::SetAttribute(absl::string_view body) {
  Open(layout::kAttributes);
  Attribute attribute{};
  attribute.id = LoadNumber<uint32_t>(body.data());
  attribute.as_of_s = LoadNumber<uint32_t>(body.data() + 4);
  attribute.source = LoadNumber<uint16_t>(body.data() + 8);
  std::memcpy(attribute.slot, body.data() + 10, 4);  // type and currency
  const absl::string_view payload = body.substr(14);
  if (IsHeapType(static_cast<uint8_t>(attribute.slot[0]))) {
    attribute.heap_payload = payload;
  } else {
    std::memcpy(attribute.slot + 4, payload.data(), 8);
  }
  const auto at = FindAttribute(attribute.id);
  if (at != attributes_.end() && at->id == attribute.id) {
    *at = attribute;
  } else if (attributes_.size() < kMaxAttributes) {
    attributes_.insert(at, attribute);
  }
}

void RecordImage::ClearAttribute(uint32_t id) {
  Open(layout::kAttributes);
  const auto at = FindAttribute(id);
  if (at != attributes_.end() && at->id == id) attributes_.erase(at);
}

void RecordImage::AddContact(absl::string_view body) {
  Open(layout::kContacts);
  const char* at = body.data();
  const absl::string_view limits = body.substr(layout::kContactOperationBytes);
  Contact added{ContactView{LoadNumber<uint64_t>(at), LoadNumber<uint64_t>(at + 8),
                            LoadNumber<int64_t>(at + 16), LoadNumber<uint32_t>(at + 24),
                            static_cast<ContactKind>(at[28]), static_cast<uint8_t>(at[29]),
                            static_cast<uint8_t>(at[30]), limits.data()},
                limits};
  const int64_t keep_from_us = LoadNumber<int64_t>(at + 31);
  contacts_.erase(contacts_.begin(),
                  std::find_if(contacts_.begin(), contacts_.end(), [&](const Contact& c) {
                    return c.contact.time_us >= keep_from_us;
                  }));
  if (added.contact.time_us < keep_from_us) return;
  for (const Contact& held : contacts_) {
    if (added.contact.transaction != 0 && held.contact.transaction == added.contact.transaction &&
        held.contact.offer == added.contact.offer && held.contact.kind == added.contact.kind) {
      return;
    }
  }
  const auto place = std::upper_bound(
      contacts_.begin(), contacts_.end(), added.contact.time_us,
      [](int64_t time_us, const Contact& c) { return time_us < c.contact.time_us; });
  contacts_.insert(place, added);
  if (contacts_.size() > kMaxContacts) DropContact();
}

void RecordImage::RemoveContacts(absl::string_view body) {
  Open(layout::kContacts);
  const uint64_t transaction = LoadNumber<uint64_t>(body.data());
  const uint64_t offer = LoadNumber<uint64_t>(body.data() + 8);
  const auto kind = static_cast<ContactKind>(body[16]);
  std::erase_if(contacts_, [&](const Contact& held) {
    const ContactView& contact = held.contact;
    return contact.transaction == transaction && contact.kind == kind &&
           (offer == 0 || contact.offer == offer);
  });
}

void RecordImage::DropContact() {
  auto victim = std::find_if(contacts_.begin(), contacts_.end(), [](const Contact& c) {
    return c.contact.kind == ContactKind::kShown;
  });
  if (victim == contacts_.end()) victim = contacts_.begin();
  contacts_.erase(victim);
  if (contacts_dropped_ != std::numeric_limits<uint32_t>::max()) ++contacts_dropped_;
}

void RecordImage::SetConsent(absl::string_view body) {
  Open(layout::kConsents);
  const ConsentView consent{body.substr(layout::kConsentOperationBytes),
                            LoadNumber<int64_t>(body.data()), LoadNumber<uint16_t>(body.data() + 8),
                            body[10] != 0};
  const auto at = FindConsent(consent.purpose);
  if (at != consents_.end() && at->purpose == consent.purpose) {
    // What is told late must not undo what she said since.
    if (consent.time_us >= at->time_us) *at = consent;
  } else if (consents_.size() < kMaxConsents) {
    consents_.insert(at, consent);
  }
}

void RecordImage::ClearConsent(absl::string_view purpose) {
  Open(layout::kConsents);
  const auto at = FindConsent(purpose);
  if (at != consents_.end() && at->purpose == purpose) consents_.erase(at);
}

std::vector<ConsentView>::iterator RecordImage::FindConsent(absl::string_view purpose) {
  return std::lower_bound(
      consents_.begin(), consents_.end(), purpose,
      [](const ConsentView& c, absl::string_view wanted) { return c.purpose < wanted; });
}

void RecordImage::PutGrant(absl::string_view body) {
  Open(layout::kGrants);
  const char* at = body.data();
  const auto holders = LoadNumber<uint16_t>(at + 28);
  const GrantView grant{body.substr(layout::kGrantOperationBytes + size_t{8} * holders),
                        LoadNumber<uint32_t>(at),
                        LoadNumber<uint32_t>(at + 4),
                        LoadNumber<int64_t>(at + 8),
                        LoadNumber<int64_t>(at + 16),
                        LoadNumber<uint32_t>(at + 24),
                        holders,
                        at + layout::kGrantOperationBytes};
  const auto keep_from_us = LoadNumber<int64_t>(at + 30);
  RemoveGrant(grant.id);
  // What a transaction holds is its own until it gives it back, whenever it has ended.
  const auto is_over = [keep_from_us](const GrantView& g) {
    return g.end_us <= keep_from_us && g.holder_count == 0;
  };
  std::erase_if(grants_, is_over);
  if (is_over(grant) || grants_.size() >= kMaxGrants) return;
  grants_.insert(FindGrant(grant.id), grant);
}

void RecordImage::RemoveGrant(absl::string_view id) {
  Open(layout::kGrants);
  const auto at = FindGrant(id);
  if (at != grants_.end() && at->id == id) grants_.erase(at);
}

std::vector<GrantView>::iterator RecordImage::FindGrant(absl::string_view id) {
  return std::lower_bound(
      grants_.begin(), grants_.end(), id,
      [](const GrantView& g, absl::string_view wanted) { return g.id < wanted; });
}

std::string RecordImage::EncodeAttributes() const {
  std::string cells;
  std::string heap;
  cells.reserve(attributes_.size() * layout::kAttributeBytes);
  for (const Attribute& attribute : attributes_) {
    AppendNumber(&cells, attribute.id);
    AppendNumber(&cells, attribute.as_of_s);
    AppendNumber(&cells, attribute.source);
    if (IsHeapType(static_cast<uint8_t>(attribute.slot[0]))) {
      cells.append(attribute.slot, 4);
      AppendNumber(&cells, static_cast<uint32_t>(heap.size()));
      AppendNumber(&cells, static_cast<uint32_t>(attribute.heap_payload.size()));
      heap.append(attribute.heap_payload.data(), attribute.heap_payload.size());
    } else {
      cells.append(attribute.slot, sizeof(attribute.slot));
    }
  }
  return cells += heap;
}

std::string RecordImage::EncodeContacts() const {
  std::string out;
  size_t limits = 0;
  for (const Contact& held : contacts_) limits += held.limits.size();
  out.reserve(sizeof(contacts_dropped_) + contacts_.size() * layout::kContactBytes + limits);
  AppendNumber(&out, contacts_dropped_);
  uint32_t limits_at = 0;
  // A customer may have hundreds: each cell is put together before it is appended.
  for (const Contact& held : contacts_) {
    char cell[layout::kContactBytes] = {};
    std::memcpy(cell, &held.contact.offer, 8);
    std::memcpy(cell + 8, &held.contact.transaction, 8);
    std::memcpy(cell + 16, &held.contact.time_us, 8);
    std::memcpy(cell + 24, &held.contact.channel, 4);
    cell[28] = static_cast<char>(held.contact.kind);
    cell[29] = static_cast<char>(held.contact.direction);
    cell[30] = static_cast<char>(held.contact.limit_count);
    std::memcpy(cell + 32, &limits_at, 4);
    out.append(cell, sizeof(cell));
    limits_at += static_cast<uint32_t>(held.limits.size());
  }
  for (const Contact& held : contacts_) out.append(held.limits.data(), held.limits.size());
  return out;
}

std::string RecordImage::EncodeConsents() const {
  std::string cells;
  std::string heap;
  for (const ConsentView& consent : consents_) {
    AppendNumber(&cells, static_cast<uint32_t>(heap.size()));
    AppendNumber(&cells, static_cast<uint32_t>(consent.purpose.size()));
    AppendNumber(&cells, consent.time_us);
    AppendNumber(&cells, consent.source);
    AppendNumber(&cells, static_cast<uint16_t>(consent.granted ? 1 : 0));
    heap.append(consent.purpose.data(), consent.purpose.size());
  }
  return cells += heap;
}

std::string RecordImage::EncodeGrants() const {
  std::string cells;
  std::string heap;
  for (const GrantView& grant : grants_) {
    AppendNumber(&cells, grant.offer);
    AppendNumber(&cells, grant.terms);
    AppendNumber(&cells, grant.start_us);
    AppendNumber(&cells, grant.end_us);
    AppendNumber(&cells, grant.uses_left);
    AppendNumber(&cells, grant.holder_count);
    AppendNumber(&cells, static_cast<uint16_t>(grant.id.size()));
    AppendNumber(&cells, static_cast<uint32_t>(heap.size()));
    heap.append(grant.holders, size_t{8} * grant.holder_count);
    heap.append(grant.id.data(), grant.id.size());
  }
  return cells += heap;
}

absl::StatusOr<std::string> RecordImage::Encode() const {
  std::vector<Section> sections = whole_;
  std::string bodies[layout::kUnsettled + 1];
  const auto add = [&](uint16_t kind, size_t count, std::string body) {
    bodies[kind] = std::move(body);
    sections.push_back(Section{kind, static_cast<uint32_t>(count), bodies[kind]});
  };
  if (!attributes_.empty()) add(layout::kAttributes, attributes_.size(), EncodeAttributes());
  if (!aggregates_.empty()) add(layout::kAggregates, aggregates_.size(), aggregates_.Encode());
  if (!contacts_.empty() || contacts_dropped_ > 0) {
    add(layout::kContacts, contacts_.size(), EncodeContacts());
  }
  if (!identities_.empty())
    add(layout::kIdentities, identities_.size(), EncodeStringList(identities_));
  if (!consents_.empty()) add(layout::kConsents, consents_.size(), EncodeConsents());
  if (!grants_.empty()) add(layout::kGrants, grants_.size(), EncodeGrants());
  if (!household_.empty()) {
    add(layout::kHousehold, 1, std::string(household_.data(), household_.size()));
  }
  if (!members_.empty()) add(layout::kMembers, members_.size(), EncodeStringList(members_));
  if (!aggregates_settled_) add(layout::kUnsettled, 0, "");
  std::sort(sections.begin(), sections.end(),
            [](const Section& a, const Section& b) { return a.kind < b.kind; });

  size_t total = layout::kHeaderBytes + sections.size() * layout::kSectionBytes;
  for (const Section& section : sections) total += section.body.size();
  if (total > std::numeric_limits<uint32_t>::max()) {
    return absl::ResourceExhaustedError("record: too long for its format");
  }
  std::string out;
  out.reserve(total);
  AppendNumber(&out, layout::kMagic);
  AppendNumber(&out, layout::kRecordFormat);
  AppendNumber(&out, static_cast<uint32_t>(total));
  AppendNumber(&out, version_);
  AppendNumber(&out, static_cast<uint32_t>(sections.size()));
  for (const Section& section : sections) {
    AppendNumber(&out, section.kind);
    AppendNumber(&out, uint16_t{0});
    AppendNumber(&out, section.count);
    AppendNumber(&out, static_cast<uint32_t>(section.body.size()));
  }
  for (const Section& section : sections) out.append(section.body.data(), section.body.size());
  return out;
}

}  // namespace touchstone::store
