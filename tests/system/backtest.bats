#!/usr/bin/env bats
# coldmeter backtest: files in, tables and JSON out. No collector anywhere.

setup() {
	set -o pipefail # jq -e is content with no input at all
	meter=${OUT:-out}/coldmeter
	export COLDMETER_URL=http://127.0.0.1:9 # nobody listens there
	traces=$BATS_TEST_DIRNAME/../../../shared/traces
	cd "$BATS_TEST_TMPDIR" || return
}

# Two timers of 15 minutes, one that is called twice a day, one that is called in rushes.
counts() {
	echo func,minute,count
	seq 3 15 1440 | sed 's/.*/"timer, first",&,1/'
	seq 9 15 1440 | sed 's/.*/second,&,20/'
	printf 'rare,100,1\nrare,900,3\nsecond,1440,0\n'
	seq 200 2 260 | sed 's/.*/rush,&,5/'
}

@test "keepwarm --json has the documented shape, and counts as by hand" {
	printf 'func,minute,count\nf,1,7\nf,4,1\nf,20,1\nf,30,0\n' > counts.csv
	"$meter" backtest keepwarm --counts counts.csv --cold-minutes 10 --json | jq -e '
		def near($x): (. - $x) | fabs < 1e-4;
		.cold_minutes == 10 and .functions == 1 and .calls == 3
		and .best_fixed.minutes == 3 and (.best_fixed.cost_ratio_oracle | near(29 / 23))
		and [.policies[].policy] == ["fixed-5", "fixed-10", "fixed-20", "fixed-60", "fixed-120",
			"hybrid-4h", "hybrid-1h", "coldmeter"]
		and (.policies[0] | (.cold_pct | near(200 / 3)) and (.cold_pct_p75 | near(200 / 3))
			and (.idle_minutes_per_function_day | near(13 * 1440 / 30))
			and (.cost_ratio_oracle | near(33 / 23)))
		and all(.policies[]; (.cold_pct_p50 | type) == "number" and .prewarms_per_function_day >= 0)'
}

@test "keepwarm loads timers ahead, tells what is best, and reads gzip, pipes and weights" {
	counts > counts.csv
	run "$meter" backtest keepwarm --counts counts.csv --cold-minutes 20
	[ "$status" -eq 0 ]
	[[ ${lines[0]} == "POLICY "*" COLD "*" OF ORACLE" ]]
	[[ $output == *"4 functions over 1.00 days; a cold start counts as 20 idle minutes."* ]]
	[[ $output == *"Least cost: coldmeter. Against fixed-10: -"*" less cost."* ]]
	plain=$("$meter" backtest keepwarm --counts counts.csv --cold-minutes 20 --json)
	echo "$plain" | jq -e '.policies[-1] | .cost_ratio_oracle < 0.8 and .prewarms_per_function_day > 30'
	[ "$(gzip < counts.csv | "$meter" backtest keepwarm --counts - --cold-minutes 20 --json)" = "$plain" ]
	# of the one that is called in rushes only, the rest weighs nothing
	printf 'class,weight,func\na,0,second\na,0,"timer, first"\na,0,rare\nb,2.5,rush\n' > weights.csv
	"$meter" backtest keepwarm --counts counts.csv --weights weights.csv --cold-minutes 20 --json |
		jq -e '.policies[0].cold_pct * 31 - 100 | fabs < 1e-3'
}

@test "concurrency --json: the rule of advise, at the book's prices" {
	{ echo app,minute,containers; seq 1 5 | sed 's/.*/a,&,2/'; seq 6 10 | sed 's/.*/a,&,1/'; } > apps.csv
	"$meter" backtest concurrency --containers apps.csv --memory-mb 1024 --json | jq -e '
		.container_minutes == 15 and .apps == 1 and .region == "us-east-1" and .arch == "x86_64"
		and (.break_even_pct | . > 59.9 and . < 60.1)
		and (.policies | INDEX(.policy) | .["slot-rule-constant"].reserved_container_minutes == 10
			and .coldmeter.reserved_container_minutes == 10 and .coldmeter.spilled_pct > 66.6
			and .["on-demand"].cost_usd == "0.01500003" and .["on-demand"].cost_ratio_on_demand == 1
			and .["oracle-1-minute"].spilled_pct == 0 and .["oracle-1-minute"].knows == "oracle")'
	run "$meter" backtest concurrency --containers apps.csv --memory-mb 1024 --arch arm64
	[ "$status" -eq 0 ]
	[[ $output == *"1 app over "*" 1024 MB a container; a reserved one pays from 60 % in use."* ]]
	[[ $output == *"Least cost without knowing what comes: all on demand."* ]]
}

@test "wrong usage is 2, a bad file is 1, each in one line that says where" {
	printf 'func,minute,count\nf,1,1\nf,x,1\n' > bad.csv
	while IFS='|' read -r wanted arguments said; do
		# shellcheck disable=SC2086 # arguments are words
		run "$meter" backtest $arguments
		echo "$arguments: $output"
		[ "$status" -eq "$wanted" ]
		[ "${#lines[@]}" -eq 1 ]
		[[ $output == "coldmeter backtest: $said"* ]]
	done <<- 'END'
		2||needs keepwarm or concurrency
		2|memory|cannot memory
		2|keepwarm --cold-minutes 5|keepwarm needs --counts FILE
		2|keepwarm --counts bad.csv|keepwarm needs --cold-minutes A
		2|keepwarm --counts bad.csv --cold-minutes 0|--cold-minutes "0": a number from 1e-06 to 1000000
		2|keepwarm --counts bad.csv --cold-minutes nan|--cold-minutes "nan": a number from 1e-06 to 1000000
		2|keepwarm --counts bad.csv --cold-minutes 5m|--cold-minutes "5m": a number from 1e-06 to 1000000
		1|keepwarm --counts bad.csv --cold-minutes 5|bad.csv:3: "x" is no minute
		1|keepwarm --counts none.csv --cold-minutes 5|none.csv: No such file or directory
		2|keepwarm --counts - --weights - --cold-minutes 5|only one of --counts and --weights can be standard input
		2|keepwarm --counts bad.csv --cold-minutes 5 --memory-mb 5|keepwarm takes no option of concurrency
		2|concurrency --containers bad.csv --memory-mb 5 --weights bad.csv|concurrency takes no option of keepwarm
		2|concurrency --memory-mb 5|concurrency needs --containers FILE
		2|concurrency --containers bad.csv|concurrency needs --memory-mb M
		2|concurrency --containers bad.csv --memory-mb 5 --arch z80|unknown arch "z80"
		1|concurrency --containers bad.csv --memory-mb 5 --region moon-1|no price for provisioned concurrency in region "moon-1"
		1|concurrency --containers bad.csv --memory-mb 5|bad.csv:3: "x" is no minute
	END
}

@test "one day of Azure: windows and histograms as known of it, coldmeter under 1.02 of the oracle" {
	[ -r "$traces/azure2019_day_counts.csv.gz" ] || skip "no traces beside this tree"
	for minutes in 5 10 20 60; do
		"$meter" backtest keepwarm --counts "$traces/azure2019_day_counts.csv.gz" \
			--weights "$traces/azure2019_day_functions.csv.gz" --cold-minutes "$minutes" --json |
			jq -e --argjson minutes "$minutes" 'def near($x; $by): (. - $x) | fabs <= $by;
			(.policies | INDEX(.policy)) as $p
			| ($p["fixed-10"] | (.cold_pct | near(2.27; 0.005)) and (.cold_pct_p75 | near(33.3; 0.05))
				and (.idle_minutes_per_function_day | near(761; 0.5)))
			and ($p["fixed-120"] | (.cold_pct | near(0.34; 0.005)) and (.idle_minutes_per_function_day | near(1027; 0.5)))
			and ($p["hybrid-4h"] | (.cold_pct | near(0.75; 0.05)) and (.idle_minutes_per_function_day | near(929; 10)))
			and ($p["hybrid-1h"] | (.cold_pct | near(0.95; 0.05)) and (.idle_minutes_per_function_day | near(833; 10)))
			and ($minutes != 60 or ($p["fixed-60"].cost_ratio_oracle | near(1.10; 0.005)))
			and $p.coldmeter.cost_ratio_oracle < 1.02
			and $p.coldmeter.cost_ratio_oracle < 0.95 * .best_fixed.cost_ratio_oracle'
	done
}

@test "61 apps of Azure: whole apps and reserved containers" {
	[ -r "$traces/azure2019_apps100_containers.csv.gz" ] || skip "no traces beside this tree"
	for minutes in 5 10 20 60; do
		"$meter" backtest keepwarm --counts "$traces/azure2019_apps100_containers.csv.gz" \
			--cold-minutes "$minutes" --json | jq -e '.policies[-1].cost_ratio_oracle < 0.85'
	done
	"$meter" backtest concurrency --containers "$traces/azure2019_apps100_containers.csv.gz" \
		--memory-mb 512 --json | jq -e 'def near($x): (. - $x) | fabs <= 0.0006;
		.policies | INDEX(.policy)
		| (.["slot-rule-constant"].cost_ratio_on_demand | near(0.922))
		and (.["oracle-5-minutes"].cost_ratio_on_demand | near(0.903))
		and (.["oracle-1-minute"].cost_ratio_on_demand | near(0.833))
		and (.["last-minute-70"].cost_ratio_on_demand | near(1.206))
		and .coldmeter.cost_ratio_on_demand < 0.915'
}
