#include "tests/e2e/crash_people.h"

#include <grpcpp/grpcpp.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tests/server/test_server.h"

namespace touchstone {
namespace {

// Of one call: a pair takes each step once.
std::string RequestId(const std::string& customer, int step) {
  return absl::StrCat("people-", customer, "-", step);
}

}  // namespace

std::string CrashPeople::Pair::a() const { return absl::StrCat("p", number, "a"); }
std::string CrashPeople::Pair::b() const { return absl::StrCat("p", number, "b"); }
std::string CrashPeople::Pair::home() const { return absl::StrCat("home", number); }

bool CrashPeople::Take(v1::CustomerService::Stub& customers, const Pair& pair, int step) {
  switch (step) {
    case 1:
      return Succeeded(pair, step, Make(customers, pair, pair.a()));
    case 2:
      return Succeeded(pair, step, Make(customers, pair, pair.b()));
    case 3:
      return Succeeded(pair, step, Buy(customers, pair));
    case 4:
      return Succeeded(pair, step, Merge(customers, pair, /*undo=*/false));
    default:
      return Succeeded(pair, step,
                       pair.is_erased_in_the_end() ? Erase(customers, pair)
                                                   : Merge(customers, pair, /*undo=*/true));
  }
}

bool CrashPeople::Succeeded(const Pair& pair, int step, const grpc::Status& status) {
  const bool gone = status.error_code() == grpc::StatusCode::UNAVAILABLE ||
                    status.error_code() == grpc::StatusCode::CANCELLED;
  if (!status.ok() && !gone) {
    ledger_->Fault(absl::StrCat(pair.a(), " step ", step, ": ", status.error_message()));
  }
  return status.ok();
}

grpc::Status CrashPeople::Make(v1::CustomerService::Stub& customers, const Pair& pair,
                               const std::string& id) {
  grpc::ClientContext context;
  v1::UpdateCustomerRequest request;
  v1::Customer answer;
  request.set_request_id(RequestId(id, 1));
  request.set_allow_missing(true);
  request.mutable_customer()->set_name("customers/" + id);
  request.mutable_customer()->set_household(pair.home());
  return customers.UpdateCustomer(&context, request, &answer);
}

grpc::Status CrashPeople::Buy(v1::CustomerService::Stub& customers, const Pair& pair) {
  grpc::ClientContext context;
  v1::AppendEventsRequest request;
  v1::AppendEventsResponse response;
  request.set_request_id(RequestId(pair.b(), 3));
  request.add_events()->set_customer("customers/" + pair.b());
  *request.mutable_events(0)->mutable_event() = server::Purchase("bought", event_time_, 100);
  grpc::Status status = customers.AppendEvents(&context, request, &response);
  if (status.ok() && response.results(0).state() != v1::WRITE_STATE_WRITTEN) {
    ledger_->Fault(pair.b() + " bought nothing: " + response.results(0).error().message());
  }
  return status;
}

grpc::Status CrashPeople::Merge(v1::CustomerService::Stub& customers, const Pair& pair, bool undo) {
  grpc::ClientContext context;
  v1::MergeCustomersRequest request;
  v1::Customer answer;
  request.set_request_id(RequestId(pair.a(), undo ? 5 : 4));
  request.set_surviving("customers/" + pair.a());
  request.set_merged("customers/" + pair.b());
  request.set_undo(undo);
  return customers.MergeCustomers(&context, request, &answer);
}

grpc::Status CrashPeople::Erase(v1::CustomerService::Stub& customers, const Pair& pair) {
  grpc::ClientContext context;
  v1::DeleteCustomerRequest request;
  v1::DeleteCustomerResponse response;
  request.set_request_id(RequestId(pair.a(), 5));
  request.set_name("customers/" + pair.a());
  return customers.DeleteCustomer(&context, request, &response);
}

std::string CrashPeople::Expected(const Pair& pair, int steps) {
  const bool erased = steps == 5 && pair.is_erased_in_the_end();
  const bool merged = steps == 4;
  const std::string a =
      steps == 0 || erased ? "nobody" : absl::StrCat(pair.a(), " ", merged ? 1 : 0);
  std::string b = "nobody";
  if (merged) {
    b = a;
  } else if (steps >= 2 && !erased) {
    b = absl::StrCat(pair.b(), " ", steps >= 3 ? 1 : 0);
  }
  std::string home = "nobody";
  if (steps == 1 || merged) home = pair.a();
  if ((steps == 2 || steps == 3 || steps == 5) && !erased) {
    home = absl::StrCat(pair.a(), ",", pair.b());
  }
  return absl::StrCat(a, "; ", b, "; ", home);
}

std::string CrashPeople::SeenOf(v1::CustomerService::Stub& customers, const std::string& id) {
  grpc::ClientContext context;
  v1::GetCustomerRequest request;
  v1::Customer customer;
  request.set_name("customers/" + id);
  request.set_recent_event_count(10);
  const grpc::Status status = customers.GetCustomer(&context, request, &customer);
  if (status.error_code() == grpc::StatusCode::NOT_FOUND) return "nobody";
  if (!status.ok()) return status.error_message();
  return absl::StrCat(customer.name().substr(sizeof("customers/") - 1), " ",
                      customer.recent_events_size());
}

std::string CrashPeople::Seen(v1::CustomerService::Stub& customers, const Pair& pair) {
  grpc::ClientContext context;
  v1::GetHouseholdRequest request;
  v1::Household household;
  request.set_name("households/" + pair.home());
  const grpc::Status status = customers.GetHousehold(&context, request, &household);
  std::vector<std::string> members;
  for (const std::string& member : household.members()) {
    members.push_back(member.substr(sizeof("customers/") - 1));
  }
  std::sort(members.begin(), members.end());
  std::string home = absl::StrJoin(members, ",");
  if (status.error_code() == grpc::StatusCode::NOT_FOUND) {
    home = "nobody";
  } else if (!status.ok()) {
    home = status.error_message();
  }
  return absl::StrCat(SeenOf(customers, pair.a()), "; ", SeenOf(customers, pair.b()), "; ", home);
}

void CrashPeople::Check(v1::CustomerService::Stub& customers) {
  for (const Pair& pair : pairs_) {
    const std::string seen = Seen(customers, pair);
    if (seen == Expected(pair, pair.acknowledged) || seen == Expected(pair, pair.sent)) continue;
    ledger_->Fault(
        absl::StrCat(pair.a(), " after ", pair.acknowledged, " of ", pair.sent, " steps: ", seen));
  }
}

}  // namespace touchstone
