package config

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestBrokenRules(t *testing.T) {
	t.Parallel()
	feed := func(format, more string) string {
		return minimal + "settlement:\n  - name: visa\n    ledger: payments\n    path: v*\n    format: " + format + "\n    " + more + "\n"
	}
	fee := func(more string) string { return feed("ipm", "rules: {fees: [{name: f, "+more+"}]}") }
	for name, c := range map[string]struct{ text, want string }{
		"tolerance":     {feed("ipm", "rules: {tolerance: {GBP: -1}}"), "p.yaml:15:25: settlement.visa.rules.tolerance.GBP: must not be below zero"},
		"tier twice":    {feed("ipm", "rules: {tiers: [{name: a, key: [arn]}, {name: a, key: [rrn]}]}"), "p.yaml:15:21: settlement.visa.rules.tiers.a: the name stands twice"},
		"tier alone":    {feed("ipm", "rules: {tiers: [{name: a}]}"), "p.yaml:15:21: settlement.visa.rules.tiers.a.key: must be set"},
		"like":          {feed("ipm", "rules: {like: diners}"), "p.yaml:15:13: settlement.visa.rules.like: must be mastercard or visa or amex or adyen or stripe or checkout or paypal"},
		"kind":          {fee("kind: tip, basis_points: \"1\""), "p.yaml:15:30: settlement.visa.rules.fees.f.kind: must be interchange or scheme or markup or commission or processing or tax or other"},
		"type":          {fee("types: [gift], basis_points: \"1\""), "p.yaml:15:30: settlement.visa.rules.fees.f.types: each must be " + strings.Join(lineTypes(), " or ")},
		"share":         {fee("basis_points: \"-1\""), "p.yaml:15:30: settlement.visa.rules.fees.f.basis_points: must be a decimal number that is not below zero, such as \"29.5\""},
		"no share":      {fee("basis_points: \"1%\""), "p.yaml:15:30: settlement.visa.rules.fees.f.basis_points: must be a decimal number that is not below zero, such as \"29.5\""},
		"nothing":       {fee("kind: tax"), "p.yaml:15:20: settlement.visa.rules.fees.f: prices nothing: give basis_points, fixed, min or max"},
		"min above max": {fee("min: {GBP: 3}, max: {GBP: 2}"), "p.yaml:15:36: settlement.visa.rules.fees.f.min.GBP: is above max"},
		"fixed":         {fee("fixed: {GBP: -3}"), "p.yaml:15:38: settlement.visa.rules.fees.f.fixed.GBP: must not be below zero"},

		"pattern alone":  {feed("ipm", "bank: {pattern: x}"), "p.yaml:15:12: settlement.visa.bank.pattern: has no effect without statement: name the feed of statements beside it"},
		"days alone":     {feed("ipm", "bank: {days: 5}"), "p.yaml:15:12: settlement.visa.bank.days: has no effect without statement: name the feed of statements beside it"},
		"one name":       {feed("ipm", "deliver_by: \"06:00\"\nstatements: [{name: visa, path: s*}]"), "p.yaml:16:15: statements.visa.name: is the name of a settlement feed too: files are told apart by it, so give this one another"},
		"bit of fixed":   {feed("ipm", "fixed: {currency: GBP}"), "p.yaml:15:5: settlement.visa.fixed: belongs to format fixed; this feed is ipm"},
		"types of fixed": {feed("adyen", "fixed: {types: {a: {}}}"), "p.yaml:15:5: settlement.visa.fixed: belongs to format fixed; this feed is adyen"},
		"bit of csv":     {feed("amex", "csv: {delimiter: x}"), "p.yaml:15:5: settlement.visa.csv: belongs to format csv; this feed is amex"},
		"no fixed":       {feed("fixed", "fixed: {currency: GBP}"), "p.yaml:15:5: settlement.visa.fixed: must say how the files are laid out: like, or records with their fields"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantErrors(t, c.text, nil, c.want)
		})
	}
}

// TestKeysMustBeThere names every file of keys that does not exist.
func TestKeysMustBeThere(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	_, err := parse(filepath.Join(dir, "p.yaml"), []byte(minimal+`settlement:
  - name: visa
    ledger: payments
    format: ipm
    path: sftp://u@h/x
    sftp: {known_hosts: a, key_file: b}
    pgp:
      key_file: c
      verify_file: d
`), nil)
	if err == nil {
		t.Fatal("loaded")
	}
	for _, want := range []string{
		":15:12: settlement.visa.sftp.known_hosts: open " + filepath.Join(dir, "a"), ":15:28: settlement.visa.sftp.key_file: open " + filepath.Join(dir, "b"),
		":17:7: settlement.visa.pgp.key_file: open " + filepath.Join(dir, "c"), ":18:7: settlement.visa.pgp.verify_file: open " + filepath.Join(dir, "d"),
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("got:\n%v\nwithout %s", err, want)
		}
	}
}

func TestLikeNotesWhatIsGiven(t *testing.T) {
	t.Parallel()
	cfg, _ := mustLoad(t, minimal+`settlement:
  - {name: visa, ledger: payments, format: ipm, path: v, expect_business_days: 1, rules: {like: visa, fx: {minor: 2}}}
  - {name: other, ledger: payments, format: ipm, path: o, expect_business_days: 1}
`, "PARALLAX_SETTLEMENT_VISA_RULES_WRONG_PERIOD=false")
	visa, other := cfg.Settlement[0], cfg.Settlement[1]
	if g := visa.Rules.Given; len(g) != 2 || !g["expect_business_days"] || !g["rules.wrong_period"] || visa.Calendar.Like != "visa" {
		t.Errorf("given %v, calendar like %q", g, visa.Calendar.Like)
	}
	if other.Rules.Given != nil || other.Calendar.Like != "" {
		t.Errorf("without like: %+v", other.Rules)
	}
}
