#pragma once

// Reservations, sales and returns as text for people: for each line, how it came to what it costs.
//
// Thread safety: pure functions.

#include <string>

#include "touchstone/v1/transaction_service.pb.h"

namespace touchstone::server {

std::string ReservationText(const v1::Reservation& reservation);
std::string SaleText(const v1::Sale& sale);
std::string ReturnText(const v1::ReturnSaleResponse& response);

}  // namespace touchstone::server
