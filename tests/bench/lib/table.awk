# A table of pairs: awk -v name=... -v variants="without again coldmeter ..." -v tsv=FILE -f table.awk RAW
#
# RAW, tab separated, as lib/pairs.sh writes it:
#   row     WHAT TARGET MORE              the rows, in order
#   figure  WHAT VARIANT ROUND VALUE      one figure
# A cell is the median of the rounds' ratios to `without`, and the interval that holds the true median with at least
# 90 % confidence: from the k-th smallest to the k-th largest ratio (the sign test's interval, no assumption on how
# the noise is spread); fewer than five rounds have no such interval, so all of them are shown and nothing is judged. A
# row that has no figures without a tool shows the figures themselves. VERDICT: against the target, if there is one
# ("floor too": nothing that looks at requests meets it); otherwise "noise" if 1 is in coldmeter's interval, or if that
# meets the interval of `again`, where nothing changed.

function sort(v, n,   i, j, x) {
	for (i = 2; i <= n; i++) {
		x = v[i]
		for (j = i - 1; j >= 1 && v[j] > x; j--) v[j + 1] = v[j]
		v[j + 1] = x
	}
}

# Median, low and high of v[1..n], which it sorts.
function summary(v, n,   k, i, tail, c) {
	sort(v, n)
	median = n % 2 ? v[(n + 1) / 2] : (v[n / 2] + v[n / 2 + 1]) / 2
	# P(fewer than k of n fair coins): the k-th smallest is below the median but for that
	k = 1; tail = 0; c = 1
	for (i = 0; i < n / 2; i++) {
		tail += c / 2 ^ n
		if (2 * tail > 0.1) break
		k = i + 1
		c = c * (n - i) / (i + 1)
	}
	low = v[k]; high = v[n + 1 - k]
}

# The ratios of a to b, round by round, into r; returns how many.
function ratios(what, a, b, r,   i, n) {
	n = 0
	for (i = 1; i <= rounds; i++)
		if ((what, a, i) in value && (what, b, i) in value && value[what, b, i] != 0)
			r[++n] = value[what, a, i] / value[what, b, i]
	return n
}

function figures(what, a, r,   i, n) {
	n = 0
	for (i = 1; i <= rounds; i++)
		if ((what, a, i) in value) r[++n] = value[what, a, i]
	return n
}

function short(x) { return x >= 1000 ? sprintf("%.0f", x) : x >= 100 ? sprintf("%.1f", x) : sprintf("%.2f", x) }

BEGIN { FS = "\t"; judged = 5 }
$1 == "row" { what[++rows] = $2; target[rows] = $3; more[rows] = $4 }
$1 == "figure" { value[$2, $3, $4] = $5; if ($4 > rounds) rounds = $4 }

function cell(i, v,   r, n) {
	n = based ? ratios(what[i], v, "without", r) : figures(what[i], v, r)
	if (!n) { printf "\t-\t-\t-\t-" > tsv; return "-" }
	if (based) {
		figures(what[i], v, all); summary(all, n)
		absolute = median
		summary(r, n)
		printf "\t%.6g\t%.4f\t%.4f\t%.4f", absolute, median, low, high > tsv
		return sprintf("%.3f (%.3f %.3f)", median, low, high)
	}
	summary(r, n)
	printf "\t%.6g\t-\t%.6g\t%.6g", median, low, high > tsv
	return sprintf("%s (%s %s)", short(median), short(low), short(high))
}

function verdict(i,   r, n, m, least, most) {
	n = based ? ratios(what[i], "coldmeter", "without", r) : figures(what[i], "coldmeter", r)
	if (!n || (!based && target[i] == "")) return "-"
	if (n < judged) return "too few"
	summary(r, n)
	if (target[i] != "") {
		if (more[i] == "more") return low >= target[i] ? "met" : high < target[i] ? "MISSED" : "open"
		if (low <= target[i]) return high <= target[i] ? "met" : "open"
		m = ratios(what[i], "floor", "without", r)
		if (m < judged) return "MISSED"
		summary(r, m)
		return low > target[i] ? "MISSED, floor too" : "MISSED"
	}
	if (low <= 1 && high >= 1) return "noise"
	least = low; most = high
	n = ratios(what[i], "again", "without", r)
	if (n) {
		summary(r, n)
		if (low <= most && high >= least) return "noise"
	}
	return (least > 1) == (more[i] == "more") ? "better" : "costs"
}

# Is coldmeter better than v in row i, judged by the ratios of the two in each round? 1, 0 (not to be told), -1.
function against(i, v,   r, n) {
	n = ratios(what[i], "coldmeter", v, r)
	if (!n) return ""
	summary(r, n)
	if (n < judged) return 0
	if (low <= 1 && high >= 1) return 0
	return (high < 1) == (more[i] != "more") ? 1 : -1
}

END {
	n = split(variants, variant, " ")
	printf "what\trounds\ttarget\twithout\tlow\thigh" > tsv
	for (i = 1; i <= rows; i++) if (figures(what[i], "without", all)) paired = 1
	first = variant[1] == "without" ? 2 : 1
	printf "%s: %-45s", name, "WHAT"
	if (paired) printf " %-23s", "WITHOUT"
	for (j = first; j <= n; j++) {
		printf " %-20s", toupper(variant[j])
		printf "\t%s\t%s_ratio\t%s_low\t%s_high", variant[j], variant[j], variant[j], variant[j] > tsv
	}
	printf " %s\n", "TARGET  VERDICT"
	printf "\tverdict\n" > tsv
	for (i = 1; i <= rows; i++) {
		m = figures(what[i], "without", all)
		based = m > 0
		printf "%s\t%d\t%s", what[i], rounds, target[i] == "" ? "-" : target[i] > tsv
		if (based) {
			summary(all, m)
			printf "\t%.6g\t%.6g\t%.6g", median, low, high > tsv
			without = short(median) " (" short(low) " " short(high) ")"
		} else {
			printf "\t-\t-\t-" > tsv
			without = "-"
		}
		printf "%s: %-45s", name, what[i]
		if (paired) printf " %-23s", without
		for (j = first; j <= n; j++) printf " %-20s", cell(i, variant[j])
		printf " %-7s %s\n", target[i] == "" ? "-" : target[i], verdict(i)
		printf "\t%s\n", verdict(i) > tsv
	}
	for (j = first; j <= n; j++) {
		if (variant[j] == "again" || variant[j] == "coldmeter" || variant[j] == "floor") continue
		better = same = 0; worse = unknown = ""
		for (i = 1; i <= rows; i++) {
			a = against(i, variant[j])
			if (a == "") continue
			if (a > 0) better++
			else if (a == 0) unknown = unknown (unknown == "" ? "" : ", ") what[i]
			else worse = worse (worse == "" ? "" : ", ") what[i]
		}
		printf "%s: coldmeter is better than %s in %d rows", name, variant[j], better
		printf "; cannot be told apart in: %s; WORSE in: %s\n", unknown == "" ? "none" : unknown, worse == "" ? "none" : worse
	}
}
