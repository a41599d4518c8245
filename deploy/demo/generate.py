#!/usr/bin/env python3
"""Writes the customers of the demo chain and a year of their purchases.

    generate.py OUT [--customers 100000] [--seed 1] [--until 2026-11-22]

OUT/customers.csv: one row a customer. Lists are separated by `|`; `holdings` is JSON.
OUT/purchases.csv: one row a line of a purchase; rows of one purchase stand together, purchases of
one customer are in order of day. `paid` is of the line, `purchase_paid` of the whole purchase; both
are in `currency`.
OUT/visits.csv (to the web shop), calls.csv, complaints.csv and refunds.csv: one row an event, for a
smaller share of the customers.

The last events are of the day before --until. The same arguments give the same files, byte for
byte: only Random.random() is used, which Python keeps stable across versions. Standard library
only.

The first three customers (CAST) are those of requests/*.json.
"""

import argparse
import bisect
import csv
import datetime
import hashlib
import itertools
import json
import pathlib
import random
import zoneinfo

DATA = pathlib.Path(__file__).resolve().parent / "data"
DAYS = 365
CUSTOMER_COLUMNS = (
    "id loyalty_card phone email_sha256 cookie first_name birth_date email_domain tier "
    "club_since home_store zone favourite diet children app_user newsletter holdings"
).split()
PURCHASE_COLUMNS = ("purchase customer time store currency sku quantity paid purchase_paid").split()
# The other events, file by file: the columns after `event,customer,time`, the share of customers who
# have any, how many at most and how many days back.
OTHER_EVENTS = {
    "visits": {"columns": ["page"], "share": 0.30, "most": 8, "days": 60},
    "calls": {"columns": ["topic"], "share": 0.06, "most": 4, "days": 40},
    "complaints": {"columns": ["case_id", "topic"], "share": 0.02, "most": 3, "days": 80},
    "refunds": {"columns": ["refunded", "currency", "store"], "share": 0.05, "most": 4, "days": 170},
}
PAGES = ["home", "cart", "coffee", "wine", "recipes"]
TOPICS = ["delivery", "app", "invoice", "quality", "opening hours"]
FIRST_NAMES = (
    "Anna Marie Sophie Lena Clara Emma Hannah Ida Greta Mila Aoife Niamh Saoirse Ciara Luca "
    "Noah Paul Jonas Felix Emil Ben Finn Oskar Anton Jakob Matteo Liam Conor Sean Leon Elif "
    "Yusuf Agnieszka Piotr Amira Omar Giulia Marco Ines Tiago Katrin Thomas Sabine Michael "
    "Ursula Klaus Brigitte Peter Monika Stefan Renate"
).split()
EMAIL_DOMAINS = [
    (60, "example.com"),
    (20, "example.org"),
    (12, "example.net"),
    (3, "uni-leipzig.de"),
    (2, "tu-berlin.de"),
    (2, "uni-wien.at"),
    (1, "fh-kiel.de"),
]
# How customers shop: share of the customers, purchases a year, days since the last purchase, size
# of quantities.
HABITS = [
    {"share": 0.08, "purchases": (1, 2), "last": (1, 40), "bulk": 1.2},  # new
    {"share": 0.15, "purchases": (3, 8), "last": (62, 300), "bulk": 1.3},  # lapsed
    {"share": 0.27, "purchases": (3, 6), "last": (1, 55), "bulk": 1.3},  # now and then
    {"share": 0.38, "purchases": (5, 11), "last": (1, 40), "bulk": 3.0},  # regular
    {"share": 0.07, "purchases": (18, 36), "last": (1, 14), "bulk": 4.5},  # every fortnight
    {
        "share": 0.03,
        "purchases": (30, 52),
        "last": (1, 7),
        "bulk": 6.0,
    },  # the weekly shop of a family
    {"share": 0.02, "purchases": (0, 0), "last": (1, 1), "bulk": 1.0},  # has a card, never came
]
# What customers like: share, favourite aisle as told to us (if any), category, share of lines from
# it.
TASTES = [
    (0.20, "coffee", "coffee", 0.55),
    (0.08, "wine", "wine", 0.25),
    (0.10, "organic", "fresh", 0.40),
    (0.12, "", "bakery", 0.45),
    (0.50, "", "", 0.0),
]
LEFT_OUT = {"deposits", "gift_cards"}  # not what a customer comes for
# Relative number of purchases begun in each hour of the day, from midnight.
HOURS = [0, 0, 0, 0, 0, 0, 2, 6, 9, 8, 8, 9, 10, 8, 7, 7, 8, 10, 11, 8, 4, 2, 1, 0]
STORE_WEIGHT = {"hypermarket": 6, "supermarket": 5, "cafe": 3, "express": 3}
SWISS_PRICE = 1.2


class Wheel:
    """Draws an item with the probability of its weight."""

    def __init__(self, pairs):
        pairs = [(weight, item) for weight, item in pairs]
        self.items = [item for _, item in pairs]
        self.bounds = list(itertools.accumulate(weight for weight, _ in pairs))
        self.total = self.bounds[-1]

    def draw(self, roll):
        # The search stops before the last bound, which rounding could reach.
        return self.items[
            bisect.bisect_right(self.bounds, roll * self.total, 0, len(self.items) - 1)
        ]


def read_rows(name):
    with open(DATA / name, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


class Calendar:
    """The days before --until, the last one first, with the offset from UTC in each zone."""

    def __init__(self, until, zones):
        self.until = until
        self.dates = [(until - datetime.timedelta(days=ago)).isoformat() for ago in range(DAYS + 1)]
        self.offsets = {
            zone: [self._offset(zone, ago) for ago in range(DAYS + 1)] for zone in zones
        }

    def _offset(self, zone, ago):
        # At noon: clocks change at night, when nobody shops.
        noon = datetime.datetime.combine(self.until, datetime.time(12)) - datetime.timedelta(
            days=ago
        )
        minutes = (
            int(noon.replace(tzinfo=zoneinfo.ZoneInfo(zone)).utcoffset().total_seconds()) // 60
        )
        return f"+{minutes // 60:02d}:{minutes % 60:02d}"

    def time(self, ago, zone, second_of_day):
        minute, second = divmod(second_of_day, 60)
        hour, minute = divmod(minute, 60)
        return f"{self.dates[ago]}T{hour:02d}:{minute:02d}:{second:02d}{self.offsets[zone][ago]}"


class Shop:
    """Products and stores, ready to be drawn from."""

    def __init__(self):
        self.products = [p for p in read_rows("products.csv") if p["categories"] not in LEFT_OUT]
        self.cents = {p["sku"]: round(float(p["price"]) * 100) for p in self.products}
        self.stores = read_rows("stores.csv")
        self.store_by_key = {store["store"]: store for store in self.stores}
        self.store_wheel = Wheel((STORE_WEIGHT[s["format"]], s["store"]) for s in self.stores)
        self.hour_wheel = Wheel((weight, hour) for hour, weight in enumerate(HOURS))
        self.any_wheel = self._wheel(lambda product: True)
        self.cafe_wheel = self._wheel(
            lambda p: {"coffee.drinks", "bakery.cakes", "bakery.rolls"} & set(p)
        )
        self.taste_wheels = {
            top: self._wheel(lambda p, top=top: top in p) for _, _, top, _ in TASTES if top
        }
        self.adult_skus = {p["sku"] for p in self.products if p["age_limit"]}

    def _wheel(self, wanted):
        # Cheap things are bought more often.
        return Wheel(
            (1.0 / (1.5 + float(p["price"])), p["sku"])
            for p in self.products
            if wanted(p["categories"].split("|"))
        )

    def price(self, sku, store):
        cents = self.cents[sku]
        return round(cents * SWISS_PRICE) if store["currency"] == "CHF" else cents


def amount(cents):
    return f"{cents // 100}.{cents % 100:02d}"


class Generator:
    def __init__(self, seed, until):
        self.roll = random.Random(seed).random
        self.until = until
        self.shop = Shop()
        zones = sorted({store["zone"] for store in self.shop.stores})
        self.calendar = Calendar(until, zones)
        self.habit_wheel = Wheel((habit["share"], habit) for habit in HABITS)
        self.taste_wheel = Wheel((taste[0], taste) for taste in TASTES)
        self.domain_wheel = Wheel(EMAIL_DOMAINS)

    def between(self, low, high):
        return low + int(self.roll() * (high - low + 1))

    def days_ago(self, days):
        return (self.until - datetime.timedelta(days=days)).isoformat()

    # One line of a purchase: sku and quantity.
    def line(self, store, taste, bulk, adult):
        _, _, top, share = taste
        wheel = self.shop.any_wheel
        if top and self.roll() < share:
            wheel = self.shop.taste_wheels[top]
        elif store["format"] == "cafe":
            wheel = self.shop.cafe_wheel
        sku = wheel.draw(self.roll())
        if not adult and sku in self.shop.adult_skus:
            sku = self.shop.cafe_wheel.draw(self.roll())
        return sku, 1 + int(self.roll() * self.roll() * bulk * 1.6)

    # Rows of one purchase without its first two columns, and what was paid in all, in cents.
    def purchase(self, ago, store, lines):
        time = self.calendar.time(ago, store["zone"], self.second_of_day())
        cents = [self.shop.price(sku, store) * quantity for sku, quantity in lines]
        total = sum(cents)
        place = f"{time},{store['store']},{store['currency']}"
        paid = amount(total)
        return total, [
            f"{place},{sku},{quantity},{amount(line_cents)},{paid}"
            for (sku, quantity), line_cents in zip(lines, cents)
        ]

    def second_of_day(self):
        return self.shop.hour_wheel.draw(self.roll()) * 3600 + int(self.roll() * 3600)

    # Days of the purchases, long ago first.
    def days(self, habit):
        count = self.between(*habit["purchases"])
        if count == 0:
            return []
        last = self.between(*habit["last"])
        first = min(DAYS, last + max(10, count * 30)) if count < 12 else DAYS
        days = [last] + [self.between(last, first) for _ in range(count - 1)]
        return sorted(days, reverse=True)

    def customer(self, number):
        habit = self.habit_wheel.draw(self.roll())
        taste = self.taste_wheel.draw(self.roll())
        home = self.shop.store_by_key[self.shop.store_wheel.draw(self.roll())]
        age_days = int(365.25 * (16 + 68 * self.roll()))
        adult = age_days > 365.25 * 18
        purchases = []
        spent = 0
        for ago in self.days(habit):
            away = self.roll() < 0.12
            store = (
                self.shop.store_by_key[self.shop.store_wheel.draw(self.roll())] if away else home
            )
            count = 4 if habit["bulk"] > 5 else 1 + int(self.roll() * 3.4)
            lines = dict(self.line(store, taste, habit["bulk"], adult) for _ in range(count))
            total, rows = self.purchase(ago, store, list(lines.items()))
            spent += total
            purchases.append(rows)
        return self.attributes(number, taste, home, age_days, spent, bool(purchases)), purchases

    # Rows of the other events of one customer without their number, by name of the file.
    def other_events(self, customer, home_store):
        store = self.shop.store_by_key[home_store or "BER-1"]
        events = {}
        for name, kind in OTHER_EVENTS.items():
            if self.roll() >= kind["share"]:
                continue
            events[name] = [
                f"{customer},{self.calendar.time(ago, store['zone'], self.second_of_day())},"
                + self.details(name, customer, ago, store)
                for ago in sorted(
                    (self.between(1, kind["days"]) for _ in range(self.between(1, kind["most"]))),
                    reverse=True,
                )
            ]
        return events

    def details(self, name, customer, ago, store):
        if name == "visits":
            return PAGES[int(self.roll() * len(PAGES))]
        if name == "refunds":
            return f"{amount(self.between(100, 3000))},{store['currency']},{store['store']}"
        topic = TOPICS[int(self.roll() * len(TOPICS))]
        return topic if name == "calls" else f"case-{customer}-{ago},{topic}"

    def attributes(self, number, taste, home, age_days, spent_cents, active):
        roll = self.roll
        tier = "none"
        if spent_cents >= 150000 and roll() < 0.9:
            tier = "gold"
        elif spent_cents >= 50000 and roll() < 0.8:
            tier = "silver"
        young = 22 * 365 < age_days < 45 * 365
        diet = [
            name
            for name, share in (("vegan", 0.06), ("lactose_free", 0.07), ("caffeine_free", 0.03))
            if roll() < share
        ]
        first_name = FIRST_NAMES[int(roll() * len(FIRST_NAMES))]
        domain = self.domain_wheel.draw(roll())
        return {
            **identities(number, first_name, domain, roll() < 0.45),
            "first_name": first_name if roll() < 0.95 else "",
            "birth_date": self.days_ago(age_days) if roll() < 0.9 else "",
            "email_domain": domain,
            "tier": tier,
            "club_since": self.days_ago(self.between(DAYS, 9 * 365)) if tier != "none" else "",
            "home_store": home["store"] if active and roll() < 0.7 else "",
            "zone": home["zone"],
            "favourite": taste[1] if roll() < 0.8 else "",
            "diet": "|".join(diet),
            "children": str(self.between(1, 2)) if young and roll() < 0.2 else "0",
            "app_user": "true" if roll() < (0.5 if age_days < 40 * 365 else 0.2) else "false",
            "newsletter": "true" if roll() < 0.25 else "false",
            "holdings": json.dumps(self.holdings(taste, active), separators=(",", ":")),
        }

    def holdings(self, taste, active):
        passes = []
        if active and self.roll() < (0.25 if taste[1] == "coffee" else 0.02):
            passes.append(self.a_pass("coffee_pass"))
        if active and self.roll() < 0.06:
            passes.append(self.a_pass("delivery_pass"))
        return passes

    def a_pass(self, product, days_left=None):
        left = self.between(-60, 300) if days_left is None else days_left
        until = self.until + datetime.timedelta(days=left)
        status = "ended" if left < 0 else "active"
        return {"product": product, "status": status, "until": f"{until.isoformat()}T00:00:00Z"}


def identities(number, first_name, domain, has_cookie):
    email = f"{first_name.lower()}.{number}@{domain}"
    digest = hashlib.sha256(email.encode()).hexdigest()
    return {
        "id": f"c{number:06d}",
        "loyalty_card": str(4000000000 + number),
        "phone": f"+49155{number:07d}",
        "email_sha256": digest,
        "cookie": digest[:16] if has_cookie else "",
    }


# Marie, Jonas and Aoife: who they are, and what they buy every so many days.
CAST = [
    {
        "facts": {
            "first_name": "Marie",
            "email_domain": "example.com",
            "tier": "silver",
            "home_store": "BER-1",
            "zone": "Europe/Berlin",
            "favourite": "coffee",
            "diet": "vegan",
            "children": "1",
            "app_user": "true",
            "newsletter": "true",
        },
        "age": 36,
        "club_years": 6,
        "pass": None,
        "every": 10,
        "store": "BER-1",
        "basket": [("CUP-OATLATTE", 1), ("TOFU-PLAIN-400", 2), ("BREAD-SPELT", 1)],
    },
    {
        "facts": {
            "first_name": "Jonas",
            "email_domain": "example.org",
            "tier": "silver",
            "home_store": "",
            "zone": "Europe/Berlin",
            "favourite": "coffee",
            "diet": "",
            "children": "0",
            "app_user": "false",
            "newsletter": "false",
        },
        "age": 52,
        "club_years": 3,
        "pass": ("coffee_pass", 9),
        "every": 7,
        "store": "HAM-1",
        "basket": [("CUP-CAPPUCCINO", 4), ("CAKE-CHEESE", 2), ("BEANS-HALDEN-500", 1)],
    },
    {
        "facts": {
            "first_name": "Aoife",
            "email_domain": "example.net",
            "tier": "none",
            "home_store": "DUB-1",
            "zone": "Europe/Dublin",
            "favourite": "wine",
            "diet": "",
            "children": "0",
            "app_user": "true",
            "newsletter": "false",
        },
        "age": 41,
        "club_years": 0,
        "pass": None,
        "every": 21,
        "store": "DUB-1",
        "basket": [("WINE-RED-WEINGUT", 2), ("CHEESE-CHEDDAR-300", 1), ("BREAD-SODA", 1)],
    },
]


def cast_member(generator, number, member):
    facts = member["facts"]
    store = generator.shop.store_by_key[member["store"]]
    purchases = [
        generator.purchase(ago, store, member["basket"])[1]
        for ago in range(DAYS - 2, 0, -1)
        if ago % member["every"] == 1
    ]
    # Half a year before the next birthday, so that no day of the demo is one.
    age_days = int(365.25 * (member["age"] + 0.5))
    return {
        **identities(number, facts["first_name"], facts["email_domain"], True),
        **facts,
        "birth_date": generator.days_ago(age_days),
        "club_since": (
            generator.days_ago(int(365.25 * (member["club_years"] + 0.5)))
            if member["club_years"]
            else ""
        ),
        "holdings": json.dumps(
            [generator.a_pass(*member["pass"])] if member["pass"] else [], separators=(",", ":")
        ),
    }, purchases


class Files:
    """The files of one run."""

    def __init__(self, out):
        self.customers_file = open(out / "customers.csv", "w", newline="", encoding="utf-8")
        self.purchases = open(out / "purchases.csv", "w", newline="", encoding="utf-8")
        self.others = {
            name: open(out / f"{name}.csv", "w", newline="", encoding="utf-8")
            for name in OTHER_EVENTS
        }
        self.customers = csv.DictWriter(self.customers_file, CUSTOMER_COLUMNS, lineterminator="\n")
        self.customers.writeheader()
        self.purchases.write(",".join(PURCHASE_COLUMNS) + "\n")
        for name, file in self.others.items():
            file.write(
                ",".join(["event", "customer", "time", *OTHER_EVENTS[name]["columns"]]) + "\n"
            )
        self.counts = dict.fromkeys(["purchases", *OTHER_EVENTS], 0)

    def number(self, kind):
        self.counts[kind] += 1
        return f"{kind[:2]}{self.counts[kind]:08d}"

    def write(self, customer, purchases, events):
        self.customers.writerow(customer)
        for rows in purchases:
            start = f"{self.number('purchases')},{customer['id']},"
            self.purchases.write("".join(f"{start}{row}\n" for row in rows))
        for kind, rows in events.items():
            self.others[kind].write("".join(f"{self.number(kind)},{row}\n" for row in rows))

    def close(self):
        for file in [self.customers_file, self.purchases, *self.others.values()]:
            file.close()


def generate(generator, customers, out):
    files = Files(out)
    for number in range(1, customers + 1):
        if number <= len(CAST):
            files.write(*cast_member(generator, number, CAST[number - 1]), {})
            continue
        customer, purchases = generator.customer(number)
        files.write(
            customer, purchases, generator.other_events(customer["id"], customer["home_store"])
        )
    files.close()
    return files.counts


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "out", type=pathlib.Path, help="folder to write to; made if it is not there"
    )
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--until", type=datetime.date.fromisoformat, default=datetime.date(2026, 11, 22)
    )
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    counts = generate(
        Generator(arguments.seed, arguments.until), arguments.customers, arguments.out
    )
    written = ", ".join(f"{count} {kind}" for kind, count in counts.items())
    print(f"{arguments.customers} customers, {written} in {arguments.out}")


if __name__ == "__main__":
    main()
