#!/usr/bin/env python3
"""AWS's Price List files and Azure's Retail Prices API on 127.0.0.1:PORT, for the tests of `coldmeter prices update`.

The path begins with a case: /good, or what is wrong: /malformed, /truncated, /huge, /endless, /elsewhere, /error,
/conflict, /nothing, /euro."""
import http.server
import json
import sys

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


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        base = f"http://127.0.0.1:{self.server.server_port}"
        case, _, path = self.path[1:].partition("/")
        if path.startswith("api/retail/prices"):
            answer = azure_pages(case, base)[1 if "$skip" in path else 0]
        elif path.endswith("region_index.json"):
            url = "//elsewhere.example/x" if case == "elsewhere" else VERSION
            answer = {"regions": {"us-east-1": {"regionCode": "us-east-1", "currentVersionUrl": url}}}
        else:
            answer = aws_region(case)
        text = json.dumps(answer).encode()
        if case == "malformed":
            text = b"<html>" + text
        status = 503 if case == "error" else 200
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
