#!/usr/bin/env bats
# price and prices: they work with no collector anywhere.

setup() {
	set -o pipefail # jq -e is content with no input at all
	meter=${OUT:-out}/coldmeter
	usage=$BATS_TEST_TMPDIR/usage.json
	export COLDMETER_URL=http://127.0.0.1:9 # nobody listens there
}

# https://aws.amazon.com/lambda/pricing/, pricing examples, mobile backend: 2.73 dollars
mobile='{"requests": 3000000, "duration_ms": 120, "memory_mb": 1536, "arch": "x86_64",
 "region": "us-east-1", "free_tier": true}'

@test "price gives the vendor's example, each line with its source" {
	echo "$mobile" > "$usage"
	run "$meter" price --plan aws-lambda --usage "$usage"
	[ "$status" -eq 0 ]
	[[ ${lines[0]} == "aws-lambda  us-east-1  x86_64" ]]
	[[ $output == *"total  \$2.733338"* ]]
	[[ $output == *"https://aws.amazon.com/lambda/pricing/"* ]]
}

@test "price --json has the documented shape, money as text" {
	"$meter" price --plan all --usage - --json <<< "$mobile" | jq -e '
		(.plans | map(.plan)) == ["aws-lambda", "azure-consumption", "azure-flex",
			"gcp-functions-1", "gcp-run-request"]
		and (.skipped | map(.plan)) == ["aws-lambda-provisioned", "aws-lambda-snapstart",
			"aws-lambda-managed", "azure-premium", "gcp-run-instance", "own-host"]
		and .plans[0].total_usd == "2.733338"
		and all(.plans[].lines[]; .item and .unit and .source and .as_of and .confidence
			and (.quantity | type) == "string" and (.amount_usd | type) == "string")'
}

@test "an option goes before what the input says" {
	"$meter" price --plan aws-lambda --region eu-south-1 --arch arm64 --usage - --json <<< "$mobile" |
		jq -e '.plans[0].region == "eu-south-1" and .plans[0].arch == "arm64"'
}

@test "measured invocations are priced by each plan's rule" {
	line='{"function":"f","start":"2026-11-22T08:00:00Z","duration_ms":250.06,"init_ms":100.77,"cold":true,"memory_limit_mb":1024,"status":"ok"}'
	"$meter" price --plan aws-lambda --usage - --json <<< "$line" | # 351 ms of 1 GB
		jq -e '.plans[0].lines[1].quantity == "0.351"'
}

@test "what no invocation tells is stated, and what is missing is named" {
	run "$meter" price --plan azure-premium --usage - <<< '{"duration_ms": 1}'
	[ "$status" -eq 1 ]
	[ "$output" = "coldmeter price: azure-premium needs instances and instance_seconds: it bills how long instances exist, which no invocation tells" ]
	run "$meter" price --plan own-host --usage - <<< '{"duration_ms": 1}'
	[ "$status" -eq 1 ]
	[[ $output == *"state host_usd_per_hour, host_vcpus and host_memory_gb, or give it in a price file" ]]
	# EP1 for a month of 730 hours: 730 x (0.173 + 3.5 x 0.0123)
	"$meter" price --plan azure-premium --usage - --json <<< '{"instances": 1, "instance_hours": 730}' |
		jq -e '.plans[0].total_usd == "157.7165"'
	# the pricing page's fee of two instances for 100 hours and what it is 15 % of, and 5 million requests
	"$meter" price --plan aws-lambda-managed --usage - --json <<- 'END' |
		{"requests": 5e6, "duration_ms": 100, "memory_mb": 2048, "instances": 2, "instance_hours": 100, "instance_type": "c7g.xlarge"}
	END
		jq -e '.plans[0] | .total_usd == "34.35" and
			([.lines[] | [.item, .sku, .quantity, .amount_usd, .confidence]] == [
			["requests", "lambda.managed.requests", "5000000", "1.00", "verified"],
			["instances", "ec2.c7g.xlarge", "200", "29.00", "secondary"],
			["management_fee", "lambda.managed.fee.c7g.xlarge", "200", "4.35", "verified"]])'
	run "$meter" price --plan aws-lambda-managed --usage - <<< '{"instances": 2, "instance_hours": 100}'
	[ "$status" -eq 1 ]
	[[ $output == *"aws-lambda-managed needs instances, instance_seconds and instance_size: "* ]]
	# half an hour of 2 of 4 CPUs and half of 1 of 16 GiB, for 10 cents an hour
	"$meter" price --plan own-host --usage - --json <<- 'END' | jq -e '.plans[0].total_usd == "0.0140625"'
		{"requests": 1800, "duration_ms": 1000, "cpu_ms": 2000, "memory_mb": 1024,
		 "host_usd_per_hour": "0.10", "host_vcpus": 4, "host_memory_gb": 16}
	END
}

@test "a savings plan's commitment: what is not used, and what is beyond it" {
	cat > "$BATS_TEST_TMPDIR/prices.json" <<- 'END'
		{"schema": 1, "provider": "aws", "currency": "USD",
		 "sources": {"mine": {"title": "Compute savings plan, 1 year", "url": "https://example.org/", "date": "2026-11-01"}},
		 "commitments": [{"name": "compute", "usd_per_hour": "0.02", "source": "mine", "as_of": "2026-11-01"}],
		 "discounts": [{"key": "lambda.duration.*", "percent": "12", "kind": "savings-plan", "commitment": "compute", "source": "mine", "as_of": "2026-11-01"}]}
	END
	# 14.60 dollars in 730 hours; half a million GB-s of 16.6667 for a million take 7.333348 of them
	usage='{"requests": 500000, "duration_ms": 1000, "memory_mb": 1024}'
	"$meter" price --plan aws-lambda --usage - --json --prices "$BATS_TEST_TMPDIR/prices.json" <<< "$usage" |
		jq -e '.plans[0] | [.lines[] | [.item, .quantity, .amount_usd]] == [["requests", "500000", "0.10"],
			["compute", "500000", "7.333348"], ["unused_commitment", "7.266652", "7.266652"]] and .total_usd == "14.70"'
	usage='{"requests": 2000000, "duration_ms": 1000, "memory_mb": 1024}'
	run "$meter" price --plan aws-lambda --usage - --prices "$BATS_TEST_TMPDIR/prices.json" <<< "$usage"
	[ "$status" -eq 0 ]
	[[ $output != *unused_commitment* ]]
	[[ $output == *"compute"*'$0.000014666696 '*'$14.59999'*"compute"*'$0.0000166667 '*'$16.742'* ]]
	[[ $output == *"  * A savings plan commits to dollars in each hour; "* ]]
}

@test "own-host bills all of a machine when it is said how long it was kept" {
	"$meter" price --plan own-host --usage - --json <<- 'END' | jq -e '.plans[0] | .total_usd == "73.00" and
		[.lines[].item] == ["cpu", "memory", "unused_cpu", "unused_memory"]'
		{"requests": 1800, "duration_ms": 1000, "cpu_ms": 2000, "memory_mb": 1024,
		 "host_usd_per_hour": "0.10", "host_vcpus": 4, "host_memory_gb": 16, "host_hours": 730}
	END
	# two functions on it: what one uses is not idle
	"$meter" price --plan own-host --usage - --json <<- 'END' | jq -e '.plans[0].total_usd == "73.00"'
		[{"requests": 1800, "duration_ms": 1000, "cpu_ms": 2000, "memory_mb": 1024, "host_usd_per_hour": "0.10",
		 "host_vcpus": 4, "host_memory_gb": 16, "host_hours": 730},
		 {"requests": 99, "duration_ms": 12345, "memory_mb": 2048}]
	END
	run "$meter" price --plan own-host --usage - <<< '{"duration_ms": 1, "host_hours": 730}'
	[ "$status" -eq 1 ]
	[ "$output" = "coldmeter price: standard input: host_hours: needs host_usd_per_hour" ]
}

@test "own-host takes its prices from a price file, in any region" {
	prices=$BATS_TEST_TMPDIR/own.json
	cat > "$prices" <<- 'END'
		{"schema": 1, "provider": "own", "currency": "USD",
		 "sources": {"rack": {"title": "Our rack", "date": "2026-11"}},
		 "prices": [{"key": "host.cpu", "region": "*", "unit": "vCPU-h", "price": "0.01",
		  "source": "rack", "as_of": "2026-11", "confidence": "verified"},
		  {"key": "host.memory", "region": "*", "unit": "GiB-h", "price": "0.002",
		  "source": "rack", "as_of": "2026-11", "confidence": "verified"}]}
	END
	"$meter" price --plan own-host --prices "$prices" --region eu-west-1 --usage - --json \
		<<< '{"requests": 3600, "duration_ms": 1000, "memory_mb": 512}' |
		jq -e '.plans[0] | .total_usd == "0.011" and .lines[0].source_title == "Our rack"'
}

@test "--json tells what was counted, so that a rounding can be seen" {
	"$meter" price --plan aws-lambda --usage - --json \
		<<< '{"duration_ms": "250.06", "init_duration_ms": "100.77", "memory_mb": 1024}' |
		jq -e '.usage.aws_billed_ms == 351 and .usage.azure_mb_ms == 251 * 1024'
}

@test "every name that --help tells is taken" {
	help=$("$meter" price --help)
	for name in monthly_requests avg_duration_ms init_duration_ms memory_size_mb max_memory_used_mb cpu_time_ms \
		ephemeral_storage_mb cpus architecture free_grant provisioned_concurrency other_executions \
		always_ready_executions snapstart_active_seconds snapstart_restores streamed_bytes_per_request \
		async_event_kb instance_count sku outbound_gb outbound_kb_per_request tenant_environments egress_gb; do
		grep -qw "$name" <<< "$help"
		run "$meter" price --plan aws-lambda --usage - <<< "{\"$name\": []}"
		[[ $output != *"unknown member"* ]]
	done
	"$meter" price --plan aws-lambda --usage - --json <<< '{"avg_duration_ms": 1, "architecture": "arm"}' |
		jq -e '.plans[0].arch == "arm64"'
}

@test "the arithmetic is that of Python's decimal numbers, to the last digit" {
	python3 "$BATS_TEST_DIRNAME/price_exact.py" "$meter" 3 1000
}

@test "bad input is one line that names the place, and exit 1" {
	for bad in '' '{' '[]' '{"requests": 1}' '{"duration_ms": -1}' '{"duration_ms": 1, "region": "mars-1"}' \
		'{"duration_ms": 1, "arch": "mips"}' '{"requets": 1}' '[{"duration_ms": "x"}]'; do
		run "$meter" price --plan aws-lambda --usage - <<< "$bad"
		[ "$status" -eq 1 ]
		[ "${#lines[@]}" -eq 1 ]
		[[ $output == "coldmeter price: "* ]]
	done
}

@test "wrong use is exit 2 with a hint" {
	run "$meter" price --usage -
	[ "$status" -eq 2 ]
	[[ $output == *"needs --plan (see coldmeter price --help)"* ]]
	run "$meter" price --plan all --unknown
	[ "$status" -eq 2 ]
	run "$meter" price --plan azure-flux --usage /dev/null
	[ "$status" -eq 2 ]
	[[ $output == *'unknown plan "azure-flux": say one of all, aws-lambda, '* ]]
	run "$meter" price --plan aws-lambda --arch mips --usage /dev/null
	[ "$status" -eq 2 ]
	run "$meter" prices burn
	[ "$status" -eq 2 ]
}

@test "--help teaches with an example that works" {
	run "$meter" price --help
	[ "$status" -eq 0 ]
	[[ $output == *'"duration_ms": 120'* ]]
	[ "$(awk 'length > 95' <<< "$output")" = "" ]
	run "$meter" prices --help
	[ "$status" -eq 0 ]
}

@test "prices show filters by provider and region" {
	"$meter" prices show --provider aws --region eu-central-1 --json | jq -e '
		(.prices | length > 5)
		and all(.prices[]; .provider == "aws" and (.region == "eu-central-1" or .region == "*"))'
	run "$meter" prices show --region mars-1
	[ "$status" -eq 1 ]
}

@test "prices check lists what is old or unverified" {
	"$meter" prices check --max-age 3650d --json |
		jq -e '(.stale | length > 0) and all(.stale[]; .confidence == "unverified")'
}

@test "a price file replaces a price, and is refused with the place of a mistake" {
	prices=$BATS_TEST_TMPDIR/prices.json
	cat > "$prices" <<- 'END'
		{"schema": 1, "provider": "aws", "currency": "USD",
		 "sources": {"mine": {"title": "A contract", "url": "https://example.org/", "date": "2026-11-01"}},
		 "prices": [{"key": "lambda.requests", "region": "us-east-1", "unit": "request", "price": "0.5",
		  "source": "mine", "as_of": "2026-11-01", "confidence": "verified"}]}
	END
	"$meter" price --plan aws-lambda --prices "$prices" --usage - --json <<< '{"duration_ms": 1}' |
		jq -e '.plans[0].lines[0] | .amount_usd == "0.50" and .source == "mine"'
	sed -i 's/"0.5"/"half"/' "$prices"
	run "$meter" prices check --prices "$prices"
	[ "$status" -eq 1 ]
	[[ $output == "coldmeter prices: $prices: prices[0].price: \"half\" is not a decimal number of at most 12 decimals" ]]
}
