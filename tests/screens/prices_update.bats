#!/usr/bin/env bats
# coldmeter prices update, against a server that speaks as AWS, Azure and Google do.

port=17275

setup_file() {
	python3 "$BATS_TEST_DIRNAME/price_lists.py" $port >/dev/null 2>&1 3>&- &
	echo $! >"$BATS_FILE_TMPDIR/pid"
	for _ in $(seq 100); do
		curl -fs "http://127.0.0.1:$port/good/region_index.json" >/dev/null && return 0
		sleep 0.1
	done
	return 1
}

teardown_file() {
	kill "$(cat "$BATS_FILE_TMPDIR/pid")"
}

setup() {
	set -o pipefail
	meter=${OUT:-out}/coldmeter
	file=$BATS_TEST_TMPDIR/prices.json
}

# update CASE [OPTION...]
update() {
	"$meter" prices update --from "http://127.0.0.1:$port/$1" --prices "$file" "${@:2}" </dev/null
}

@test "what differs is shown, and nothing written without a yes" {
	run update good
	[ "$status" -eq 0 ]
	[[ $output == *lambda.requests*us-east-1*0.0000002*0.00000025* ]]
	[[ $output == *"1 of 8 prices of aws of 2026-11-01 differ from the book"* ]]
	[[ $output == *"nothing was written: --yes does" ]]
	[ ! -e "$file" ]
}

@test "--yes writes a price file that the other commands take" {
	update good --yes
	"$meter" price --plan aws-lambda --region us-east-1 --prices "$file" --usage - --json <<<'{"requests": 1000000, "duration_ms": 1}' |
		jq -e '.plans[0].lines[0] | .amount_usd == "0.25" and .as_of == "2026-11-01" and .confidence == "verified"'
	run update good --yes
	[[ $output == *"0 of 8 prices of aws of 2026-11-01 differ"* ]]
}

@test "what the user wrote stays, but for what the list has" {
	cat >"$file" <<-'END'
		{"schema": 1, "provider": "aws", "currency": "USD",
		 "sources": {"mine": {"title": "A contract", "url": "https://example.org/", "date": "2026-10-01"}},
		 "discounts": [{"key": "lambda.*", "percent": "10", "source": "mine", "as_of": "2026-10-01"}],
		 "prices": [{"key": "lambda.requests", "regions": ["us-east-1", "eu-west-1"], "unit": "request", "price": "0.5",
		  "source": "mine", "as_of": "2026-10-01", "confidence": "verified"}]}
	END
	chmod 600 "$file"
	update good --yes
	[ "$(stat -c %a "$file")" = 600 ]
	jq -e '.discounts[0].percent == "10" and (.prices | length) == 2 and .prices[0].regions == ["eu-west-1"]
		and .prices[1].price == "0.00000025" and .prices[1].region == "us-east-1"' "$file"
	# the discount is off the new list price, too, and the list price is known
	"$meter" prices show --provider aws --region us-east-1 --prices "$file" --json |
		jq -e '.prices[] | select(.key == "lambda.requests") | .price == "0.000000225" and .list_price == "0.00000025"'
	run update good --yes
	[[ $output == *"0 of 8 prices of aws of 2026-11-01 differ"* ]]
}

@test "Azure's API is read page by page" {
	run update good --provider azure --yes --region eastus
	[ "$status" -eq 0 ]
	[[ $output == *consumption.executions*eastus*0.0000002*0.0000003* ]]
	[[ $output == *flex.duration*eastus*0.000026*0.000027* ]]
	[[ $output != *marsnorth* ]]
	jq -e '.provider == "azure" and (.prices | map(.key) | sort) == ["consumption.executions", "flex.duration"]' "$file"
	update good --provider azure --json | jq -e '.changes == [] and .written == false'
}

@test "Google's catalog is read page by page, with a key from a file" {
	echo a-key_of-Tests123 >"$BATS_TEST_TMPDIR/key"
	run update good --provider gcp --key-file "$BATS_TEST_TMPDIR/key" --yes
	[ "$status" -eq 0 ]
	[[ $output == *run.requests*us-central1*0.0000004*0.0000005* ]]
	[[ $output == *run.instance.cpu*asia-northeast1*0.000018*0.000019* ]]
	[[ $output != *marsnorth* ]]
	# a region of both tiers has two amounts, of which the list does not say which one holds
	[[ $output == *"1 that the list has two amounts of stay as they are, such as run.memory in africa-south1"* ]]
	jq -e '.provider == "gcp" and ([.prices[].key] | unique) == ["functions1.invocations", "run.instance.cpu", "run.requests"]' "$file"
	run grep -q Tests123 "$file"
	[ "$status" -eq 1 ]
	"$meter" prices update --from "http://127.0.0.1:$port/good" --prices "$file" --provider gcp --json \
		--key-file - <"$BATS_TEST_TMPDIR/key" |
		jq -e '.changes == [] and .left_out == 1'
	echo '{"requests": 1000000, "duration_ms": 100, "memory_mb": 512}' |
		"$meter" price --plan gcp-run-request --region us-central1 --prices "$file" --usage - --json |
		jq -e '.plans[0].lines[] | select(.item == "requests") | .amount_usd == "0.50" and .source_url == "https://cloudbilling.googleapis.com/v1/services/152E-C115-5142/skus"'
}

@test "a key that is missing, wrong or no key is told without it" {
	local key=$BATS_TEST_TMPDIR/key
	run update good --provider gcp
	[ "$status" -eq 2 ]
	[[ $output == *"the list of gcp needs --key-file"* ]]
	run update good --key-file "$key"
	[ "$status" -eq 2 ]
	[[ $output == *"--key-file is of gcp alone"* ]]
	run update good --provider gcp --key-file "$key"
	[ "$status" -eq 1 ]
	[[ $output == *"the key in $key: No such file or directory" ]]
	printf 'se cret\r\nX: y' >"$key"
	run update good --provider gcp --key-file "$key"
	[ "$status" -eq 1 ]
	[[ $output == *"must be letters, digits, - and _"* && $output != *cret* ]]
	echo another-secret >"$key"
	run update good --provider gcp --key-file "$key"
	[ "$status" -eq 1 ]
	[[ $output == *"the server answered with status 400" && $output != *another-secret* ]]
	run "$meter" prices update --provider gcp --from http://192.0.2.1 --key-file "$key"
	[ "$status" -eq 1 ]
	[[ $output == *"a key is sent over https only, or to this machine" ]]
	# a server that sends it back has it told to nobody either
	echo a-key_of-Tests123 >"$key"
	run update echo --provider gcp --key-file "$key"
	[ "$status" -eq 1 ]
	[[ $output == *"skus: must be a list" && $output != *Tests123* ]]
}

@test "a bad answer is one line with the URL and the reason, and nothing is written" {
	for case in malformed truncated huge elsewhere error conflict nothing; do
		run update $case --yes
		[ "$status" -eq 1 ]
		[ "${#lines[@]}" -eq 1 ]
		[[ $output == "coldmeter prices: "* ]]
		[ ! -e "$file" ]
	done
	for case in malformed truncated huge elsewhere error endless euro; do
		run update $case --provider azure --yes
		[ "$status" -eq 1 ]
		[ "${#lines[@]}" -eq 1 ]
		[ ! -e "$file" ]
	done
	echo a-key_of-Tests123 >"$BATS_TEST_TMPDIR/key"
	for case in malformed truncated huge error endless euro nothing; do
		run update $case --provider gcp --key-file "$BATS_TEST_TMPDIR/key" --yes
		[ "$status" -eq 1 ]
		[ "${#lines[@]}" -eq 1 ]
		[[ $output != *Tests123* ]]
		[ ! -e "$file" ]
	done
	run update endless --provider gcp --key-file "$BATS_TEST_TMPDIR/key" --yes
	[[ $output == *"skus?pageSize=1000: too many pages" ]]
	run update huge --yes
	[[ $output == *"the answer is of more than 4194304 bytes" ]]
	run update conflict --yes
	[[ $output == *"lambda.requests in us-east-1 has two prices"* ]]
	run "$meter" prices update --from http://127.0.0.1:9 --prices "$file"
	[ "$status" -eq 1 ]
	[ "${#lines[@]}" -eq 1 ]
}

@test "a file that cannot be added to is left alone" {
	echo '{"schema": 1' >"$file"
	run update good --yes
	[ "$status" -eq 1 ]
	[[ $output == *"$file: line 2"* ]]
	[ "$(cat "$file")" = '{"schema": 1' ]
	cat >"$file" <<-'END'
		{"schema": 1, "provider": "azure", "currency": "USD",
		 "sources": {"mine": {"title": "A contract", "url": "https://example.org/", "date": "2026-10-01"}},
		 "discounts": [{"key": "flex.*", "percent": "10", "source": "mine", "as_of": "2026-10-01"}]}
	END
	run update good --yes
	[ "$status" -eq 1 ]
	[[ $output == *"it is of another provider than aws" ]]
	run update good --provider neon
	[ "$status" -eq 2 ]
}

@test "memory stays bounded whatever comes" {
	run bash -c "ulimit -v 400000; exec '$meter' prices update --from http://127.0.0.1:$port/huge --prices '$file'"
	[ "$status" -eq 1 ]
	[[ $output == *"more than 4194304 bytes" ]]
}

@test "prices check takes --older-than" {
	for option in --max-age --older-than; do
		"$meter" prices check $option 1d --json | jq -e '.max_age_days == 1 and (.stale | length) == .checked'
		"$meter" prices check $option 3650d --json | jq -e 'all(.stale[]; .confidence == "unverified")'
	done
}
