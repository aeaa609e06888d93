#!/usr/bin/env bats
# coldmeter invoice: plans compared, the whole shared out, rows for other programs.

load helpers

port=17265

setup_file() {
	export data=$BATS_FILE_TMPDIR/data
	cat > "$BATS_FILE_TMPDIR/settings.yaml" <<- 'END'
		companions:
		  api: http-api
		  checkout: {dynamodb-reads: 2, s3-puts: 0.1}
		tags:
		  checkout: {team: shop, env: prod}
		  "*": {team: platform}
	END
	start_collector $port "$data" --config "$BATS_FILE_TMPDIR/settings.yaml"
	{
		invocations checkout aws-lambda 60 180 1
		invocations resize knative 20 12 4
	} | post $port
}

teardown_file() {
	stop_collector "$data"
}

setup() {
	set -o pipefail
	export COLDMETER_URL=http://127.0.0.1:$port
	meter=$OUT/coldmeter
}

# csv PROGRAM: runs it on rows, a list of dicts out of standard input.
csv() { python3 -c "import csv, sys, json; from decimal import Decimal as D
rows = list(csv.DictReader(sys.stdin))
$1"; }

@test "all plans are compared, cheapest first, and say what that assumes" {
	run "$meter" invoice --plan all --speed azure-consumption=0.8 --brief
	[ "$status" -eq 0 ]
	[[ ${lines[1]} == PLAN*TOTAL*COMPUTE*COMPANIONS*MORE*SPEED ]]
	[[ ${lines[2]} == *'$0  '*1 ]]
	[[ $output == *azure-consumption*0.8* ]]
	[[ $output == *"* Companions are the calls that the settings state."* ]]
	"$meter" invoice --plan all --json | jq -e '[.comparison.plans[].total_usd | tonumber] | . == sort and length >= 3'
}

@test "each part has its share, and the parts are the whole" {
	run "$meter" invoice --by tag:team --brief
	[ "$status" -eq 0 ]
	[[ ${lines[1]} == TAG:TEAM*INVOCATIONS*AMOUNT ]]
	[[ $output == *shop*60* && $output == *platform*20* ]]
	for by in function day host region platform tag:team tag:none; do
		"$meter" invoice --by $by --json > "$BATS_TEST_TMPDIR/answer"
		python3 - "$BATS_TEST_TMPDIR/answer" <<- 'END'
			import json, sys
			from decimal import Decimal as D
			answer = json.load(open(sys.argv[1]))
			parts = answer["by"]["parts"]
			assert sum(D(p["total_usd"]) for p in parts) == D(answer["with_companions_usd"]) > 0, parts
			assert sum(p["invocations"] for p in parts) == 80
			for p in parts:
			    assert sum(D(line["amount_usd"]) for line in p["lines"]) == D(p["total_usd"]), p
		END
	done
}

@test "--csv has exact rows that add up" {
	total=$("$meter" invoice --json | jq -r .with_companions_usd)
	for by in "" "--by function" "--by day"; do
		# shellcheck disable=SC2086
		"$meter" invoice --csv $by | csv "assert sum(D(r['amount_usd']) for r in rows) == D('$total'), rows"
	done
	"$meter" invoice --csv --by host --plan all | csv "assert {r['item'] for r in rows} == {'total'} and len(rows) >= 3, rows"
}

@test "--focus has the columns of FOCUS 1.0" {
	total=$("$meter" invoice --json | jq -r .with_companions_usd)
	"$meter" invoice --focus | csv "
assert len(rows[0]) == 43 and list(rows[0]) == sorted(rows[0])
assert sum(D(r['BilledCost']) for r in rows) == D('$total')
for r in rows:
    assert r['ChargeCategory'] == 'Usage' and r['BillingCurrency'] == 'USD' and r['ServiceName'] and r['ProviderName']
    assert r['BillingPeriodStart'].endswith('-01T00:00:00Z') and r['ChargePeriodEnd'] > r['ChargePeriodStart']
    assert D(r['ListCost']) == D(r['EffectiveCost']) and D(r['PricingQuantity']) > 0
tags = {r['ResourceName']: json.loads(r['Tags']) for r in rows}
assert tags['checkout'] == {'team': 'shop', 'env': 'prod'}, tags
assert {r['ServiceCategory'] for r in rows} == {'Compute', 'Networking', 'Databases', 'Storage'}"
	"$meter" invoice --focus --by day | csv "
assert all(r['ChargePeriodStart'][:10] < r['ChargePeriodEnd'][:10] and not r['ResourceId'] for r in rows)"
}

@test "--focus has the whole of many tags" {
	{
		printf 'tags:\n  "*":\n'
		for i in $(seq 20); do printf '    key-%d: "%0100d"\n' "$i" "$i"; done
	} > "$BATS_TEST_TMPDIR/tags.yaml"
	start_collector $((port + 2)) "$BATS_TEST_TMPDIR/data" --config "$BATS_TEST_TMPDIR/tags.yaml"
	invocations checkout aws-lambda 3 180 1 | post $((port + 2))
	"$meter" invoice --url http://127.0.0.1:$((port + 2)) --focus | csv "
assert rows and all(len(json.loads(r['Tags'])) == 20 for r in rows), rows"
	stop_collector "$BATS_TEST_TMPDIR/data"
}

@test "what does not go together is wrong usage" {
	for words in '--csv --json' '--focus --plan all' '--focus --by host' '--by colour' '--speed fast' \
		'--speed nowhere=2'; do
		# shellcheck disable=SC2086
		run "$meter" invoice $words
		[ "$status" -eq 2 ]
		[ "${#lines[@]}" -eq 1 ]
	done
}

@test "settings that are wrong are refused with the place" {
	printf 'companions:\n  api: soap\n' > "$BATS_TEST_TMPDIR/bad.yaml"
	run "$OUT/coldmeter-collector" --config "$BATS_TEST_TMPDIR/bad.yaml" --check-config
	[ "$status" -eq 1 ]
	[[ $output == *"bad.yaml:2:8: must be http-api, rest-api or websocket-api" ]]
	printf 'tags:\n  f: shop\n' > "$BATS_TEST_TMPDIR/bad.yaml"
	run "$OUT/coldmeter-collector" --config "$BATS_TEST_TMPDIR/bad.yaml" --check-config
	[ "$status" -eq 1 ]
	[[ $output == *"bad.yaml:2:3: must hold \`tag: value\` pairs" ]]
}

@test "discounts of a price file are in the invoice and in FOCUS" {
	cat > "$BATS_TEST_TMPDIR/prices.json" <<- 'END'
		{"schema": 1, "provider": "aws", "currency": "USD",
		 "sources": {"mine": {"title": "A contract", "url": "https://example.org/", "date": "2026-11-01"}},
		 "discounts": [{"key": "lambda.duration.*", "percent": "12", "kind": "savings-plan", "source": "mine", "as_of": "2026-11-01"},
		  {"key": "lambda.*", "percent": "25", "source": "mine", "as_of": "2026-11-01"}]}
	END
	start_collector $((port + 1)) "$BATS_TEST_TMPDIR/data" --prices "$BATS_TEST_TMPDIR/prices.json"
	invocations checkout aws-lambda 60 180 1 | post $((port + 1))
	export COLDMETER_URL=http://127.0.0.1:$((port + 1))
	"$meter" invoice --json | jq -e '.plans[0].lines[0] | .amount_usd == "0.000009" and .list_price == "0.0000002"
		and .discount.percent == "25"'
	"$meter" invoice --focus | csv "
kinds = {r['SkuId']: r for r in rows}
plan, contract = kinds['lambda.duration.x86_64'], kinds['lambda.requests']
assert plan['CommitmentDiscountType'] == 'Savings Plan' and plan['PricingCategory'] == 'Committed'
assert D(plan['BilledCost']) == round(D(plan['ListCost']) * D('0.88'), 12) and plan['ContractedCost'] == plan['ListCost']
assert contract['CommitmentDiscountId'] == '' and contract['BilledCost'] == contract['ContractedCost'] == '0.000009'"
	stop_collector "$BATS_TEST_TMPDIR/data"
}

@test "a commitment that is not used is nobody's, a line of its own and FOCUS's Unused" {
	cat > "$BATS_TEST_TMPDIR/prices.json" <<- 'END'
		{"schema": 1, "provider": "aws", "currency": "USD",
		 "sources": {"mine": {"title": "A plan", "url": "https://example.org/", "date": "2026-11-01"}},
		 "commitments": [{"name": "compute", "usd_per_hour": "1", "source": "mine", "as_of": "2026-11-01"}],
		 "discounts": [{"key": "lambda.duration.*", "percent": "12", "kind": "savings-plan", "commitment": "compute", "source": "mine", "as_of": "2026-11-01"}]}
	END
	start_collector $((port + 1)) "$BATS_TEST_TMPDIR/data" --prices "$BATS_TEST_TMPDIR/prices.json"
	invocations checkout aws-lambda 60 180 1 | post $((port + 1))
	export COLDMETER_URL=http://127.0.0.1:$((port + 1))
	"$meter" invoice --json --by function > "$BATS_TEST_TMPDIR/answer"
	python3 - "$BATS_TEST_TMPDIR/answer" <<- 'END'
		import datetime, json, sys
		from decimal import Decimal as D
		answer = json.load(open(sys.argv[1]))
		lines = {line["item"]: line for line in answer["plans"][0]["lines"]}
		at = lambda text: datetime.datetime.fromisoformat(text[:19]).timestamp()
		hours = D(int(at(answer["window"]["until"]) - at(answer["window"]["since"]))) / 3600
		due = D(lines["compute"]["amount_usd"]) + D(lines["unused_commitment"]["amount_usd"])
		assert abs(due - hours) < D("0.001"), (due, hours)
		parts = {part["value"]: part for part in answer["by"]["parts"]}
		assert parts[""]["total_usd"] == lines["unused_commitment"]["amount_usd"] and parts[""]["invocations"] == 0
		assert sum(D(part["total_usd"]) for part in parts.values()) == D(answer["total_usd"])
	END
	"$meter" invoice --focus | csv "
row = [r for r in rows if r['CommitmentDiscountStatus'] == 'Unused']
assert len(row) == 1 and row[0]['ResourceId'] == row[0]['ResourceType'] == '' and D(row[0]['BilledCost']) > 0
assert row[0]['CommitmentDiscountId'] == 'mine' and row[0]['PricingUnit'] == 'USD'"
	# one function's invoice has no part in it
	"$meter" invoice --json --function checkout | jq -e 'all(.plans[0].lines[]; .item != "unused_commitment")'
	"$meter" invoice --plan all --json |
		jq -e '.comparison.assumptions | any(startswith("What a savings plan commits to is due"))'
	stop_collector "$BATS_TEST_TMPDIR/data"
}

# table: the rows of a shadow invoice, whatever their order and width. What bills by the hour has another figure each day.
table() {
	tr -s ' ' | sed -E '/^aws-lambda-snapstart /s/\$[0-9.]+/$/g' | sort
}

@test "README shows the shadow invoice that the command prints" {
	env PORT=$((port + 2)) "$BATS_TEST_DIRNAME/shadow_invoice.sh" >"$BATS_TEST_TMPDIR/printed"
	sed -n '/^    \$ coldmeter invoice --plan all --brief$/,/^$/ { /^    \$/d; /^$/d; s/^    //; p }' \
		"$BATS_TEST_DIRNAME/../../README.md" >"$BATS_TEST_TMPDIR/shown"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/shown")" -ge 6 ]
	diff <(table <"$BATS_TEST_TMPDIR/shown") <(table <"$BATS_TEST_TMPDIR/printed")
	diff <(head -1 "$BATS_TEST_TMPDIR/shown" | tr -s ' ') <(head -1 "$BATS_TEST_TMPDIR/printed" | tr -s ' ')
}
