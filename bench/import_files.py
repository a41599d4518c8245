"""Files of customers and of purchases to import, and their mappings. Standard library only."""
import datetime
import time

from demo_server import DEMO

CUSTOMERS_YAML = """kind: customers
source: bench
customer: id
identities: { loyalty_card: card, phone: phone }
attributes:
  first_name: first_name
  birth_date: { column: birth_date, type: date }
  email_domain: email_domain
  tier: tier
  club_since: { column: club_since, type: date }
  home_store: home_store
  zone: zone
  favourite: favourite
  diet: { column: diet, type: list(string), split: "|" }
  children: { column: children, type: int }
  app_user: { column: app_user, type: bool }
  newsletter: { column: newsletter, type: bool }
"""
EVENTS_YAML = """kind: events
type: purchase
id: receipt
customer: customer
time: time
fields: { paid: { column: paid, type: money, currency: EUR }, store: store }
lines:
  sku: sku
  quantity: { column: quantity, type: decimal }
  paid: { column: paid, type: money, currency: EUR }
"""


def day(rng, first, last):
    return datetime.date.fromordinal(rng.randrange(first.toordinal(), last.toordinal())).isoformat()


def make_customers(path, rows, rng):
    ids = list(range(rows))
    rng.shuffle(ids)
    first, last = datetime.date(1940, 1, 1), datetime.date(2007, 1, 1)
    with open(path, "w", encoding="utf-8") as file:
        file.write("id,card,phone,first_name,birth_date,email_domain,tier,club_since,home_store,zone,favourite,diet,"
                   "children,app_user,newsletter\n")
        for i in ids:
            file.write(
                f"c{i:08},{4100000000 + i},+4915{i:09},{rng.choice(('Anna', 'Berta', 'Carl', 'Dora'))},"
                f"{day(rng, first, last)},{rng.choice(('example.org', 'mail.example'))},"
                f"{rng.choice(('none', 'silver', 'gold'))},{day(rng, datetime.date(2010, 1, 1), datetime.date(2026, 1, 1))},"
                f"b{rng.randrange(1, 60):02},Europe/Berlin,{rng.choice(('coffee', 'wine', 'organic'))},"
                f"{rng.choice(('vegan', 'vegan|lactose_free', 'caffeine_free'))},{rng.randrange(4)},"
                f"{rng.choice(('true', 'false'))},{rng.choice(('true', 'false'))}\n")


def make_events(path, rows, customers, rng, prefix="r"):
    skus = [line.split(",")[0] for line in (DEMO / "data" / "products.csv").read_text().splitlines()[1:]]
    now = int(time.time()) - 3600
    with open(path, "w", encoding="utf-8") as file:
        file.write("receipt,customer,time,store,sku,quantity,paid\n")
        for i in range(rows):
            moment = datetime.datetime.fromtimestamp(now - rng.randrange(80 * 86400), datetime.timezone.utc)
            file.write(f"{prefix}{i:09},c{rng.randrange(customers):08},{moment:%Y-%m-%dT%H:%M:%SZ},b{rng.randrange(1, 60):02},"
                       f"{rng.choice(skus)},{rng.randrange(1, 9)},{rng.randrange(50, 9999) / 100:.2f}\n")


def make_files(work, rows, rng):
    """customers.csv and events.csv, of so many rows each, with their mappings."""
    make_customers(work / "customers.csv", rows, rng)
    make_events(work / "events.csv", rows, rows, rng)
    (work / "customers.yaml").write_text(CUSTOMERS_YAML)
    (work / "events.yaml").write_text(EVENTS_YAML)
