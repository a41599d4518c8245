#!/usr/bin/env python3
"""Makes the two small tables that the invoices do not come with: customers and products.

    prepare.py online_retail.csv.gz FOLDER

FOLDER/customers.csv has a row for each customer number, with the country of her first invoice;
FOLDER/products.csv has a row for each stock code, with the families that its description speaks of.
Prints how many there are.
"""

import argparse
import collections
import csv
import gzip
import pathlib
import re

# A product is in every family whose words its usual description has.
FAMILIES = {
    "bags": r"\bBAGS?\b",
    "christmas": r"CHRISTMAS|XMAS|ADVENT|REINDEER|SANTA|SNOWM[AE]N",
    "regency": r"REGENCY",
    "warmers": r"HOT WATER BOTTLE|HOTTIE|HAND WARMER",
}
# Stock codes that are no goods: postage, carriage, discounts by hand, samples, charges.
SERVICES = {"POST", "DOT", "C2", "M", "m", "D", "S", "B", "BANK CHARGES", "AMAZONFEE", "CRUK"}


def families_of(description):
    found = [name for name, words in FAMILIES.items() if re.search(words, description)]
    return found or ["other"]


def read(path):
    """Country by customer, and how often each stock code has each description."""
    countries, descriptions = {}, collections.defaultdict(collections.Counter)
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            descriptions[row["StockCode"]][row["Description"].strip()] += 1
            if row["CustomerID"]:
                countries.setdefault(row["CustomerID"], row["Country"])
    return countries, descriptions


def write(path, header, rows):
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("folder", type=pathlib.Path)
    arguments = parser.parse_args()
    countries, descriptions = read(arguments.data)
    arguments.folder.mkdir(parents=True, exist_ok=True)
    write(
        arguments.folder / "customers.csv", ["CustomerID", "Country"], sorted(countries.items())
    )
    products = []
    for sku, seen in sorted(descriptions.items()):
        usual = max(sorted(seen), key=seen.get)  # of equals the first, so that runs agree
        service, gift_card = sku in SERVICES, sku.startswith("gift_")
        products.append(
            [sku, "|".join(families_of(usual)), str(service).lower(), str(gift_card).lower()]
        )
    write(
        arguments.folder / "products.csv", ["sku", "categories", "service", "gift_card"], products
    )
    print(f"{len(countries)} customers, {len(products)} products")


if __name__ == "__main__":
    main()
