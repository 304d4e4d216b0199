package app

import (
	"regexp"
	"strings"
	"testing"

	"parallax/auditors/receipt"
	"parallax/internal/audit"
	"parallax/internal/config"
	"parallax/internal/record"
)

func TestPatternThatMatchesNoObjectIsAGap(t *testing.T) {
	rules := receipt.Rules{Scope: "receipts", KeyPattern: regexp.MustCompile(`receipts/(?P<payment_id>[^/]+)\.json`)}
	gapOf := func(keys ...string) *audit.Gap {
		c := &receiptAudit{rules: rules, pair: config.Receipts{KeyPattern: rules.KeyPattern}, sides: [2]*receiptSide{{}, {}}}
		for _, key := range keys {
			c.sides[0].rows.Add(1)
			c.seen.see(rules, []byte(key), record.Object{IsLatest: true}.Note())
		}
		return c.unmatched()
	}
	strange, known := "invoices/pay_1.json", "receipts/pay_1.json"
	gap := gapOf(strange)
	if gap == nil || !strings.Contains(gap.Reason, "no object of 1 fits receipts[].key_pattern") || !strings.Contains(gap.Reason, strange) {
		t.Errorf("no receipt: %+v", gap)
	}
	for name, keys := range map[string][]string{"empty buckets": nil, "one receipt": {strange, known}} {
		if gap := gapOf(keys...); gap != nil {
			t.Errorf("%s: %+v", name, gap)
		}
	}
}

func TestOneBucketForBothRegionsIsAGap(t *testing.T) {
	pair := func(dublin, london string) config.Receipts {
		var one, two config.ReceiptRegion
		one.Bucket, two.Bucket = dublin, london
		return config.Receipts{Name: "receipts", Regions: map[audit.Region]config.ReceiptRegion{"eu-west-1": one, "eu-west-2": two}}
	}
	a := &App{cfg: &config.Config{}}
	if gap := a.sameBucket(pair("a", "b"), audit.Window{}); gap != nil {
		t.Errorf("two buckets: %+v", gap)
	}
	gap := a.sameBucket(pair("a", "a"), audit.Window{})
	if gap == nil || !strings.Contains(gap.Reason, "eu-west-1 and eu-west-2 name the same bucket a") {
		t.Errorf("one bucket: %+v", gap)
	}
	a.cfg.AWS.Endpoints = map[audit.Region]config.Endpoints{"eu-west-1": {S3: "http://127.0.0.1:1"}, "eu-west-2": {S3: "http://127.0.0.1:2"}}
	if gap := a.sameBucket(pair("a", "a"), audit.Window{}); gap != nil {
		t.Errorf("one name in two stores: %+v", gap)
	}
}
