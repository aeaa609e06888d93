#!/usr/bin/env python3
"""AWS's Price List files, Azure's Retail Prices API and Google's Cloud Billing Catalog API on 127.0.0.1:PORT, for the
tests of `coldmeter prices update`.

The path begins with a case: /good, or what is wrong: /malformed, /truncated, /huge, /endless, /elsewhere, /error,
/conflict, /nothing, /euro, /echo (of the key, where none belongs)."""
import http.server
import json
import sys
import urllib.parse

AWS_GROUPS = {  # of one region: group, usagetype, rates from, until, USD
    "AWS-Lambda-Requests": [("0", "Inf", "0.0000002500")],
    "AWS-Lambda-Requests-ARM": [("0", "Inf", "0.0000002500")],
    "AWS-Lambda-Duration": [("0", "6000000000", "0.0000166667"), ("6000000000", "15000000000", "0.0000150000"),
                            ("15000000000", "Inf", "0.0000133334")],
    "AWS-Lambda-Duration-ARM": [("0", "7500000000", "0.0000133334"), ("7500000000", "18750000000", "0.0000120001"),
                                ("18750000000", "Inf", "0.0000106667")],
    "AWS-Lambda-Storage-Duration": [("0", "Inf", "0.0000000309")],
    "AWS-Lambda-Edge-Requests": [("0", "Inf", "0.0000006000")],
}
VERSION = "/offers/v1.0/aws/AWSLambda/20261101000000/us-east-1/index.json"


def aws_region(case):
    products, terms = {}, {}

    def add(sku, group, usagetype, rates):
        products[sku] = {"sku": sku, "productFamily": "Serverless",
                         "attributes": {"servicecode": "AWSLambda", "group": group, "usagetype": usagetype}}
        terms[sku] = {sku + ".JRTCKXETXF": {"offerTermCode": "JRTCKXETXF", "sku": sku, "priceDimensions": {
            f"{sku}.JRTCKXETXF.{i}": {"unit": "Requests", "beginRange": a, "endRange": b, "pricePerUnit": {"USD": usd}}
            for i, (a, b, usd) in enumerate(rates)}}}
    for i, (group, rates) in enumerate(AWS_GROUPS.items()):
        add(f"SKU{i}", group, group, [] if case == "nothing" else rates)
    add("FREE", "AWS-Lambda-Requests", "Global-Request", [("0", "1000000", "0.0000000000")])
    if case == "conflict":
        add("OTHER", "AWS-Lambda-Requests", "Request", [("0", "Inf", "0.0000003000")])
    return {"formatVersion": "v1.0", "offerCode": "AWSLambda", "publicationDate": "2026-11-01T10:00:00Z",
            "products": products, "terms": {"OnDemand": terms}}


def azure_item(product, meter, unit, price, region="eastus", minimum=0.0, currency="USD"):
    return {"currencyCode": currency, "tierMinimumUnits": minimum, "retailPrice": price, "unitPrice": price,
            "armRegionName": region, "productName": product, "skuName": "Standard", "meterName": meter,
            "serviceName": "Functions", "unitOfMeasure": unit, "type": "Consumption",
            "effectiveStartDate": "2026-01-01T00:00:00Z"}


def azure_pages(case, base):
    currency = "EUR" if case == "euro" else "USD"
    first = [azure_item("Functions", "Standard Total Executions", "10", 0.0, currency=currency),
             azure_item("Functions", "Standard Total Executions", "10", 3e-06, minimum=100000.0, currency=currency),
             azure_item("Functions", "Standard Execution Time", "1 GB Second", 1.6e-05, currency=currency)]
    second = [azure_item("Flex Consumption", "On Demand Execution Time", "1 GB Second", 2.7e-05),
              azure_item("Functions", "Standard Execution Time", "1 GB Second", 9.9e-05, region="marsnorth")]
    host = "https://elsewhere.example:443" if case == "elsewhere" else base
    return [{"Items": first, "NextPageLink": f"{host}/{case}/api/retail/prices?$skip=100"},
            {"Items": second, "NextPageLink": f"{base}/{case}/api/retail/prices?$skip=100" if case == "endless" else None}]


GCP_KEY = "a-key_of-Tests123"
GCP_TOKEN = "a token/with & and = of it"


def gcp_sku(description, unit, nanos, regions, currency="USD", free=0, usage="OnDemand", since="2026-01-01"):
    def rate(start, value):
        return {"startUsageAmount": start, "unitPrice": {"currencyCode": currency, "units": "0", "nanos": value}}
    rates = ([rate(0, 0)] if free else []) + [rate(free, nanos)]
    return {"name": "services/S/skus/K", "skuId": "K", "description": description, "serviceRegions": regions,
            "category": {"serviceDisplayName": "Cloud Run", "resourceFamily": "ApplicationServices",
                         "resourceGroup": "Compute", "usageType": usage},
            "pricingInfo": [{"summary": "", "effectiveTime": since + "T00:00:00Z", "currencyConversionRate": 1,
                             "pricingExpression": {"usageUnit": unit, "displayQuantity": 1, "baseUnit": unit,
                                                   "tieredRates": rates}}]}


def gcp_pages(case, service):
    currency = "EUR" if case == "euro" else "USD"
    first = [gcp_sku("Requests", "count", 500, ["global"], currency, free=2000000),
             gcp_sku("Services CPU (Request-based billing)", "s", 24000, ["us-central1", "marsnorth1"]),
             gcp_sku("Services CPU Tier 2  (Request-based billing)", "s", 33600, ["europe-west3"]),
             gcp_sku("Services CPU (Request-based billing)", "s", 1, ["us-central1"], usage="Commit1Yr"),
             gcp_sku("Worker Pools CPU in us-central1", "s", 7, ["us-central1"])]
    second = [gcp_sku("Services CPU (Instance-based billing) in in asia-northeast1", "s", 19000, ["asia-northeast1"]),
              gcp_sku("Services Memory (Request-based billing)", "GiBy.s", 2500, ["us-central1", "africa-south1"]),
              gcp_sku("Services Memory Tier 2 (Request-based billing)", "GiBy.s", 3500, ["africa-south1"]),
              gcp_sku("Services Memory (Instance-based billing) in us-central1", "GiBy.s", 9, ["us-central1"],
                      since="2199-01-01")]
    functions = [gcp_sku("Cloud Run Functions (1st Gen) Invocations", "count", 400, ["global"], free=2000000),
                 gcp_sku("Cloud Run functions (1st Gen) Min Instance CPU (Request-based billing)", "s", 1042,
                         ["us-central1"])]
    if case == "nothing":
        return [{}, {}]
    if service == "29E7-DA93-CA13":
        return [{"skus": functions, "nextPageToken": ""}, {}]
    return [{"skus": first, "nextPageToken": GCP_TOKEN},
            {"skus": second, "nextPageToken": GCP_TOKEN if case == "endless" else ""}]


def gcp_answer(case, path, key):
    """The answer and its status; a key that is wrong gets what Google says of one."""
    url = urllib.parse.urlsplit(path)
    query = urllib.parse.parse_qs(url.query)
    if key != GCP_KEY or "key" in query:
        return {"error": {"code": 400, "message": f"API key not valid: {key}", "status": "INVALID_ARGUMENT"}}, 400
    page = gcp_pages(case, url.path.split("/")[2])[1 if query.get("pageToken") == [GCP_TOKEN] else 0]
    if case == "echo":
        page = {"skus": [], "nextPageToken": key} if "pageToken" not in query else {"skus": key}
    return page, 200


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        base = f"http://127.0.0.1:{self.server.server_port}"
        case, _, path = self.path[1:].partition("/")
        status = 503 if case == "error" else 200
        if path.startswith("v1/services/"):
            answer, refused = gcp_answer(case, path, self.headers.get("X-Goog-Api-Key"))
            status = refused if status == 200 else status
        elif path.startswith("api/retail/prices"):
            answer = azure_pages(case, base)[1 if "$skip" in path else 0]
        elif path.endswith("region_index.json"):
            url = "//elsewhere.example/x" if case == "elsewhere" else VERSION
            answer = {"regions": {"us-east-1": {"regionCode": "us-east-1", "currentVersionUrl": url}}}
        else:
            answer = aws_region(case)
        text = json.dumps(answer).encode()
        if case == "malformed":
            text = b"<html>" + text
        self.send_response(status)
        self.send_header("Content-Length", str(64 << 20 if case == "huge" else len(text)))
        self.end_headers()
        if case == "truncated":
            text = text[:len(text) // 2]
        if case == "huge":
            text = b" " * (64 << 20)
        try:
            self.wfile.write(text)
        except OSError:
            pass  # it had enough


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, *_):
        pass


if __name__ == "__main__":
    server = Server(("127.0.0.1", int(sys.argv[1])), Handler)
    server.serve_forever()
