package config

import (
	"strings"
	"testing"
)

// minimal is the least that loads; broken configurations are made from it.
const minimal = `regions: [eu-west-1, eu-west-2]
ledgers:
  - name: payments
    table: payments
    columns: {payment_id: a, amount_minor: b, currency: c, status: d, created_at: e}
    statuses: {charged: [captured]}
    regions:
      eu-west-1: {dsn: "postgres://ro@one:5432/pay"}
      eu-west-2: {dsn: "postgres://ro@two:5432/pay"}
`

// replace puts one text for another and fails the test where there is none.
func replace(t *testing.T, old, with string) string {
	t.Helper()
	if !strings.Contains(minimal, old) {
		t.Fatalf("the minimal configuration has no %q", old)
	}
	return strings.Replace(minimal, old, with, 1)
}

func TestMinimalLoads(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"minimal":                     minimal,
		"two databases of one server": replace(t, "two:5432/pay", "one:5432/copy"),
		"every field compared": replace(t, "created_at: e}", "created_at: e, updated_at: f, owner_region: g, rrn: h, extra: {merchant: i}}\n"+
			"    compare: [amount_minor, currency, status, owner_region, updated_at, rrn, merchant]"),
		"two servers of one host": replace(t, "two:5432/pay", "one:5433/pay"),
	} {
		if _, err := parse("p.yaml", []byte(text), nil); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// wantErrors loads a configuration and compares every line of the error.
func wantErrors(t *testing.T, text string, env []string, want ...string) {
	t.Helper()
	_, err := parse("p.yaml", []byte(text), env)
	if err == nil {
		t.Fatalf("loaded, want:\n%s", strings.Join(want, "\n"))
	}
	if got := err.Error(); got != strings.Join(want, "\n") {
		t.Errorf("got:\n%s\nwant:\n%s", got, strings.Join(want, "\n"))
	}
}

func TestBrokenSyntax(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, text, want string }{
		{"not closed", "regions: [eu-west-1\n", `p.yaml:1:10: not valid YAML: sequence end token ']' not found`},
		{"tab", "aws:\n\ttimeout: 30s\n", `p.yaml:2:1: not valid YAML: found character '	' that cannot start any token`},
		{"brackets", strings.Repeat("[", 100000), "p.yaml: more than 1000 brackets are open at once"},
		{"size", strings.Repeat("# more\n", 100000), "p.yaml: the file has 700000 bytes, more than 262144"},
		{"a list", "- a\n", "p.yaml:1:1: want keys and values, got a list"},
		{"text", "hello\n", "p.yaml:1:1: want keys and values, got text"},
		{"two documents", minimal + "---\n" + minimal, "p.yaml:11:1: only one document is read: remove the second"},
		{"tag", replace(t, "table: payments", "table: !!str payments"), "p.yaml:4:12: ledgers.payments.table: tags are not used here"},
		{"alias", replace(t, "table: payments", "table: *t"), "p.yaml:4:12: ledgers.payments.table: alias *t stands for nothing before it"},
		{"merge", replace(t, "table: payments", "<<: {table: a}"), "p.yaml:4:5: ledgers.payments.<<: unknown key, known here: name, table, query, columns, compare, margin, statuses, no_file, regions, snapshot, snapshots, mode, pace"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			wantErrors(t, c.text, nil, c.want)
		})
	}
}

func TestBrokenKeysAndTypes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, text, want string }{
		{"unknown key", minimal + "shedules: {}\n", "p.yaml:10:1: shedules: unknown key, did you mean schedules?"},
		{"unknown inside a list", replace(t, "    table:", "    tabel: payments\n    table:"), "p.yaml:4:5: ledgers.payments.tabel: unknown key, did you mean table?"},
		{"unknown inside a flow", replace(t, `one:5432/pay"`, `one:5432/pay", pasword_env: X`), "p.yaml:8:54: ledgers.payments.regions.eu-west-1.pasword_env: unknown key, did you mean password_env?"},
		{"nothing near", minimal + "archive: {zzzzzzzz: 1}\n", "p.yaml:10:11: archive.zzzzzzzz: unknown key, known here: dir, s3, region, retention"},
		{"key twice", minimal + "regions: [eu-west-1, eu-west-2]\n", "p.yaml:10:1: regions: the key stands twice, first in line 1"},
		{"key twice inside", replace(t, "    table:", "    table: other\n    table:"), "p.yaml:5:5: ledgers.payments.table: the key stands twice, first in line 4"},
		{"list for keys", minimal + "aws: [a]\n", "p.yaml:10:6: aws: want keys and values, got a list"},
		{"keys for a list", minimal + "tables: {name: a}\n", "p.yaml:10:9: tables: want a list, got keys and values"},
		{"text for a list", minimal + "tables: [{name: a, financial: amount}]\n", "p.yaml:10:31: tables.a.financial: want a list, got text"},
		{"number for text", replace(t, "table: payments", "table: 7"), "p.yaml:4:12: ledgers.payments.table: want text, got a number: put it in quotes"},
		{"bool for text", replace(t, "[captured]", "[true]"), "p.yaml:6:26: ledgers.payments.statuses.charged.0: want text, got true or false: put it in quotes"},
		{"text for a number", minimal + "limits: {page_rows: many}\n", "p.yaml:10:21: limits.page_rows: want a whole number"},
		{"fraction for a number", minimal + "limits: {page_rows: 1.5}\n", "p.yaml:10:21: limits.page_rows: want a whole number"},
		{"overflow", minimal + "limits: {page_rows: 99999999999999999999}\n", "p.yaml:10:21: limits.page_rows: want a whole number"},
		{"text for a bool", minimal + "aws: {s3_path_style: yes}\n", "p.yaml:10:22: aws.s3_path_style: want true or false"},
		{"archive bucket", minimal + "archive: {s3: https://bucket}\n", "p.yaml:10:11: archive.s3: not a bucket: write s3://bucket/prefix"},
		{"short retention", minimal + "archive: {retention: 24h}\n", "p.yaml:10:11: archive.retention: is shorter than 48h: an audit needs a day of history before its window"},
		{"little memory", minimal + "limits: {memory_mib: 8}\n", "p.yaml:10:10: limits.memory_mib: must be 64 at least"},
		{"never repeated", minimal + "failover: {repeat: 300h}\n", "p.yaml:10:12: failover.repeat: is above give_up: the jobs would never be repeated"},
		{"half a feed", minimal + "tables: [{name: a, kinesis: {streams: {eu-west-1: s}}}]\n", "p.yaml:10:30: tables.a.kinesis.streams: a table is read the same way in every region: name the data stream of eu-west-2 too"},
		{"number for a duration", minimal + "aws: {timeout: 30}\n", "p.yaml:10:16: aws.timeout: want a duration such as 30s, 15m or 72h"},
		{"text for a duration", minimal + "aws: {timeout: soon}\n", "p.yaml:10:16: aws.timeout: want a duration such as 30s, 15m or 72h"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			wantErrors(t, c.text, nil, c.want)
		})
	}
}

func TestBrokenMeaning(t *testing.T) {
	t.Parallel()
	receipts := func(more string) string {
		return minimal + "receipts:\n  - name: r\n    regions: {eu-west-1: {bucket: aaa, inventory: {bucket: iii, id: d}}, eu-west-2: {bucket: bbb, inventory: {bucket: iii, id: d}}}\n" + more
	}
	feed := func(more string) string { return minimal + "settlement:\n  - name: visa\n    path: v*\n" + more }
	for _, c := range []struct{ name, text, want string }{
		{"one region", replace(t, "[eu-west-1, eu-west-2]", "[eu-west-1]"), "p.yaml:1:1: regions: two regions are compared, 1 given\n" +
			"p.yaml:9:7: ledgers.payments.regions.eu-west-2: unknown region, did you mean eu-west-1?"},
		{"region twice", replace(t, "[eu-west-1, eu-west-2]", "[eu-west-1, eu-west-2, eu-west-1]"), "p.yaml:1:33: regions.2: the region stands twice"},
		{"no region's name", replace(t, "[eu-west-1, eu-west-2]", "[eu-west-1, eu-west-2, Dublin]"), "p.yaml:1:33: regions.2: not the name of an AWS region, for example eu-west-1"},
		{"empty", "", "p.yaml: regions: two regions are compared, 0 given"},
		{"zero duration", minimal + "aws: {timeout: 0s}\n", "p.yaml:10:7: aws.timeout: must be above zero"},
		{"negative duration", minimal + "objectives: {rpo: -1s}\n", "p.yaml:10:14: objectives.rpo: must not be below zero"},
		{"zero number", minimal + "limits: {page_rows: 0}\n", "p.yaml:10:10: limits.page_rows: must be above zero"},
		{"unknown level", minimal + "log: {level: loud}\n", "p.yaml:10:7: log.level: must be debug or info or warn or error"},
		{"empty level", minimal + "log: {level: \"\"}\n", "p.yaml:10:7: log.level: must be debug or info or warn or error"},
		{"unknown job", minimal + "schedules: {captrue: \"* * * * *\"}\n", "p.yaml:10:13: schedules.captrue: unknown job, did you mean capture?"},
		{"empty schedule", minimal + "schedules: {capture: \"\"}\n", "p.yaml:10:13: schedules.capture: must not be empty"},
		{"endpoint", minimal + "aws: {endpoints: {eu-west-1: {s3: localhost}}}\n", "p.yaml:10:31: aws.endpoints.eu-west-1.s3: not a URL: write http(s)://host:port"},
		{"name twice", minimal + "tables: [{name: a}, {name: a}]\n", "p.yaml:10:10: tables.a: the name stands twice"},
		{"no name", minimal + "tables: [{settle: 1m}]\n", "p.yaml:10:10: tables.0.name: must be set"},
		{"clusters alone", minimal + "topology: {clusters: {eu-west-1: a}}\n", "p.yaml:10:1: topology: clusters need the global_cluster they belong to"},

		{"no table", replace(t, "    table: payments\n", ""), "p.yaml:3:5: ledgers.payments: needs a table or a query"},
		{"table and query", replace(t, "    table: payments", "    table: payments\n    query: select 1"), "p.yaml:3:5: ledgers.payments: has both a table and a query: keep one of them"},
		{"query that writes", replace(t, "table: payments", "query: delete from payments"), "p.yaml:4:5: ledgers.payments.query: must be one statement that reads: select ... or with ..."},
		{"column", replace(t, ", created_at: e", ""), "p.yaml:5:5: ledgers.payments.columns.created_at: must be set"},
		{"charged", replace(t, "[captured]", "[]"), "p.yaml:6:16: ledgers.payments.statuses.charged: must be set"},
		{"both", replace(t, "[captured]", "[captured], refused: [captured]"), "p.yaml:6:5: ledgers.payments.statuses: a status stands under charged and under refused"},
		{"one server", replace(t, "      eu-west-2: {dsn: \"postgres://ro@two:5432/pay\"}\n", ""), "p.yaml:7:5: ledgers.payments.regions: a ledger is compared between two regions: name the server of each"},
		{"no dsn", replace(t, `{dsn: "postgres://ro@two:5432/pay"}`, "{}"), "p.yaml:9:7: ledgers.payments.regions.eu-west-2.dsn: must be set"},
		{"snapshot", replace(t, "    regions:", "    snapshot: {dsn: \"postgres://ro@old/pay\"}\n    regions:"), "p.yaml:7:5: ledgers.payments.snapshot.region: must be the region whose old primary this is, one of the ledger's regions"},

		{"bucket as a URL", strings.Replace(receipts("    ledger: payments\n    key_pattern: (?P<payment_id>.*)\n"), "bucket: aaa,", "bucket: 's3://aaa/x',", 1), "p.yaml:12:27: receipts.r.regions.eu-west-1.bucket: not the name of a bucket: write it without s3:// and without a path"},
		{"one bucket twice", strings.Replace(receipts("    ledger: payments\n    key_pattern: (?P<payment_id>.*)\n"), "bucket: bbb,", "bucket: aaa,", 1), "p.yaml:12:86: receipts.r.regions.eu-west-2.bucket: is the bucket of eu-west-1 too: a bucket cannot be compared with itself"},
		{"one ledger twice", replace(t, "ro@two:5432/pay", "other:secret@ONE/pay?sslmode=require"), "p.yaml:9:19: ledgers.payments.regions.eu-west-2.dsn: is the database of eu-west-1 too: a copy cannot be compared with itself"},
		{"snapshot is a region", replace(t, "    regions:", "    snapshot: {dsn: \"host=two dbname=pay\", region: eu-west-1}\n    regions:"), "p.yaml:7:16: ledgers.payments.snapshot.dsn: is the database of eu-west-2 too: a copy cannot be compared with itself"},
		{"second snapshot without region", replace(t, "    regions:", "    snapshots: [{dsn: \"host=old dbname=pay\", region: eu-west-1}, {dsn: \"host=older dbname=pay\"}]\n    regions:"), "p.yaml:7:66: ledgers.payments.snapshots.1.region: must be the region whose old primary this is, one of the ledger's regions"},
		{"snapshot twice", replace(t, "    regions:", "    snapshot: {dsn: \"host=old dbname=pay\", region: eu-west-1}\n    snapshots: [{dsn: \"host=OLD dbname=pay\", region: eu-west-2}]\n    regions:"), "p.yaml:8:18: ledgers.payments.snapshots.0.dsn: is the database of snapshot too: a copy cannot be compared with itself"},
		{"pace", replace(t, "    regions:", "    pace: 101\n    regions:"), "p.yaml:7:5: ledgers.payments.pace: is a share of time in percent: 1 to 100"},
		{"no pace", replace(t, "    regions:", "    pace: 0\n    regions:"), "p.yaml:7:5: ledgers.payments.pace: must be above zero"},
		{"compare", replace(t, "    regions:", "    compare: [amuont_minor, curency, amount, \"\"]\n    regions:"),
			"p.yaml:7:15: ledgers.payments.compare.0: there is no field \"amuont_minor\", did you mean amount_minor?\n" +
				"p.yaml:7:29: ledgers.payments.compare.1: there is no field \"curency\", did you mean currency?\n" +
				"p.yaml:7:38: ledgers.payments.compare.2: there is no field \"amount\", known here: amount_minor, currency, status\n" +
				"p.yaml:7:46: ledgers.payments.compare.3: there is no field \"\", known here: amount_minor, currency, status"},
		{"compare nothing", replace(t, "    regions:", "    compare: []\n    regions:"), "p.yaml:7:5: ledgers.payments.compare: must be set: a comparison of no field finds no difference"},
		{"compare the key", replace(t, "    regions:", "    compare: [payment_id]\n    regions:"), "p.yaml:7:15: ledgers.payments.compare.0: payment_id is compared in any case: leave it out here"},
		{"compare what has no column", replace(t, "created_at: e}", "created_at: e, extra: {rrn: f}}\n    compare: [status, rrn, updated_at]"),
			"p.yaml:6:23: ledgers.payments.compare.1: no column is mapped to rrn: name it under columns\n" +
				"p.yaml:6:28: ledgers.payments.compare.2: no column is mapped to updated_at: name it under columns"},
		{"mode", replace(t, "    regions:", "    mode: split\n    regions:"), "p.yaml:7:5: ledgers.payments.mode: must be replicated or sharded"},
		{"no ledger", receipts("    ledger: paiments\n    key_pattern: (?P<payment_id>.*)\n"), "p.yaml:13:5: receipts.r.ledger: there is no such ledger, did you mean payments?"},
		{"no group", receipts("    ledger: payments\n    key_pattern: a(.*)\n"), "p.yaml:14:5: receipts.r.key_pattern: needs a group that finds the payment: (?P<payment_id>...)"},
		{"no pattern", receipts("    ledger: payments\n"), "p.yaml:11:5: receipts.r.key: must be set, or key_pattern: how a payment and its receipt find one another"},
		{"bad template", receipts("    ledger: payments\n    key: receipts/{payment}.json\n"), "p.yaml:14:10: receipts.r.key: has {payment}: write {payment_id}, or {created_at:YYYY/MM/DD} of YYYY, MM, DD and hh"},
		{"no such column", receipts("    ledger: payments\n    key_pattern: (?P<payment_id>.*)\n    key_column: receipt\n"), "p.yaml:15:5: receipts.r.key_column: ledger payments has no such column under columns.extra"},
		{"two keys", receipts("    ledger: payments\n    key: '{payment_id}'\n    key_column: receipt\n"), "p.yaml:15:5: receipts.r.key_column: only one of key and key_column can be set"},
		{"column alone", receipts("    ledger: payments\n    key_column: receipt\n"), "p.yaml:14:5: receipts.r.key_column: needs key_pattern too: how the payment of a receipt is known\np.yaml:14:5: receipts.r.key_column: ledger payments has no such column under columns.extra"},
		{"slash", receipts("    ledger: payments\n    key: '/receipts/{payment_id}.json'\n"), "p.yaml:14:5: receipts.r.key: begins with /: the keys of objects do not, unless they were written so"},
		{"other digits", receipts("    ledger: payments\n    key: 'r/{created_at:YYYY/1}/{payment_id}'\n"), "p.yaml:14:10: receipts.r.key: has {created_at:YYYY/1}: write {payment_id}, or {created_at:YYYY/MM/DD} of YYYY, MM, DD and hh"},
		{"greedy pattern", receipts("    ledger: payments\n    key: 'r/{payment_id}.json'\n    key_pattern: 'r/(?P<payment_id>[^/]+)'\n"), "p.yaml:15:5: receipts.r.key_pattern: takes payment \"pay_1.json\" out of \"r/pay_1.json\", which key makes of payment \"pay_1\": leave it out, it is made from key"},
		{"strange pattern", receipts("    ledger: payments\n    key: 'r/{created_at:YYYY}/{payment_id}.json'\n    key_pattern: 'r/2026/(?P<payment_id>P[0-9]{3})\\.json'\n"), "p.yaml:15:5: receipts.r.key_pattern: does not fit \"r/2031/P111.json\", which key makes of payment \"P111\": leave it out, it is made from key"},
		{"too fast", receipts("    ledger: payments\n    key: '{payment_id}'\n    live: {rate: 99999999}\n"), "p.yaml:15:12: receipts.r.live.rate: must be 5000 at most"},
		{"too often", strings.Replace(receipts("    ledger: payments\n    key: '{payment_id}'\n"), "id: d}}, eu-west-2", "id: d, every: 12h}}, eu-west-2", 1), "p.yaml:12:72: receipts.r.regions.eu-west-1.inventory.every: S3 delivers inventories daily (24h) or weekly (168h)"},
		{"late first step", receipts("    ledger: payments\n    key: '{payment_id}'\n    storage: [{after: 1h, class: STANDARD}]\n"), "p.yaml:15:16: receipts.r.storage.0.after: the first step holds from the beginning: leave after out"},
		{"steps out of order", receipts("    ledger: payments\n    key: '{payment_id}'\n    storage: [{class: STANDARD}, {after: 2h, class: GLACIER_IR}, {after: 1h, class: GLACIER}]\n"), "p.yaml:15:67: receipts.r.storage.2.after: must be later than the step before"},
		{"no such class", receipts("    ledger: payments\n    key: '{payment_id}'\n    storage: [{class: COLD}]\n"), "p.yaml:15:16: receipts.r.storage.0.class: must be STANDARD or REDUCED_REDUNDANCY or STANDARD_IA or ONEZONE_IA or INTELLIGENT_TIERING or GLACIER or DEEP_ARCHIVE or GLACIER_IR"},
		{"bad pattern", receipts("    ledger: payments\n    key_pattern: '('\n"), "p.yaml:14:18: receipts.r.key_pattern: error parsing regexp: missing closing ): `(`"},

		{"format", feed("    ledger: payments\n    format: xls\n"), "p.yaml:14:5: settlement.visa.format: must be ipm or csv or stripe or checkout or adyen or paypal or amex or fixed"},
		{"settlement ledger", feed("    ledger: zzzzzzzzzzzz\n    format: ipm\n"), "p.yaml:13:5: settlement.visa.ledger: there is no such ledger, known here: payments"},
		{"days", feed("    ledger: payments\n    format: ipm\n    expect_business_days: 3\n"), "p.yaml:11:5: settlement.visa.missing_business_days: must not be less than expect_business_days"},
		{"deliver by", feed("    ledger: payments\n    format: ipm\n    deliver_by: \"25:00\"\n"), "p.yaml:15:17: settlement.visa.deliver_by: not a time of day: write hours and minutes, for example 06:00"},
		{"csv of ipm", feed("    ledger: payments\n    format: ipm\n    csv: {columns: {amount: a}}\n"), "p.yaml:15:5: settlement.visa.csv: belongs to format csv; this feed is ipm"},
		{"csv types", feed("    ledger: payments\n    format: csv\n    csv: {columns: {amount: a, currency: c, reference: r, type: t}, types: {x: gift}}\n"),
			"p.yaml:15:77: settlement.visa.csv.types.x: must be presentment or refund or chargeback or representment or fee or adjustment or reserve or payout or other"},
		{"csv columns", feed("    ledger: payments\n    format: csv\n"), "p.yaml:11:5: settlement.visa.csv.columns: needs a reference, a payment_id, or rrn and auth_code to match by\n" +
			"p.yaml:11:5: settlement.visa.csv.columns.amount: must be set\n" +
			"p.yaml:11:5: settlement.visa.csv.columns.currency: must be set"},
		{"glob", strings.Replace(feed("    ledger: payments\n    format: ipm\n"), "v*", "'v['", 1), "p.yaml:12:5: settlement.visa.path: not a glob: a bracket is not closed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			wantErrors(t, c.text, nil, c.want)
		})
	}
}

// TestPairsOfBuckets: one ledger has one pair of buckets, or each would miss what lies in the other.
func TestPairsOfBuckets(t *testing.T) {
	t.Parallel()
	pair := func(name, regions string) string {
		return "  - name: " + name + "\n    ledger: payments\n    key: '{payment_id}'\n    regions: {" + regions + "}\n"
	}
	bucket := func(region, name string) string {
		return region + ": {bucket: bucket-" + name + ", inventory: {bucket: iii, id: d}}"
	}
	two := bucket("eu-west-1", "a") + ", " + bucket("eu-west-2", "b")
	three := strings.Replace(minimal, "[eu-west-1, eu-west-2]", "[eu-west-1, eu-west-2, us-east-1]", 1) + "receipts:\n"
	wantErrors(t, three+pair("r", two+", "+bucket("us-east-1", "c")), nil,
		"p.yaml:14:5: receipts.r.regions: receipts are compared between two regions: name the bucket of each of the two")
	wantErrors(t, minimal+"receipts:\n"+pair("r", two)+pair("s", bucket("eu-west-1", "c")+", "+bucket("eu-west-2", "d")), nil,
		"p.yaml:16:5: receipts.s.ledger: is the ledger of receipts r too: each pair of buckets would miss the receipts that lie in the "+
			"other; name a ledger for each, with a query that holds its payments only")
}

// TestAllAtOnce wants every problem of a file in one answer, in the order of the file.
func TestAllAtOnce(t *testing.T) {
	t.Parallel()
	wantErrors(t, "nope: 1\naws: {timeout: soon}\nlog: {level: [a]}\nregions: ${GONE}\n", []string{"PARALLAX_LOG_LEVELS=info"},
		"p.yaml:1:1: nope: unknown key, known here: data_dir, store, regions, aws, archive, tables, ledgers, receipts, settlement, statements, commands, topology, objectives, failover, drills, repair, schedules, limits, log",
		"p.yaml:2:16: aws.timeout: want a duration such as 30s, 15m or 72h",
		"p.yaml:3:14: log.level: want text, got a list",
		"p.yaml:4:10: regions: want a list, got text",
		"environment variable PARALLAX_LOG_LEVELS: unknown setting, did you mean PARALLAX_LOG_LEVEL?")
}
